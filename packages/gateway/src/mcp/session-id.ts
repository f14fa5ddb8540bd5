import { createHmac, timingSafeEqual } from 'node:crypto';
import { parseJson } from '@tappass/core';
import { decodeBase64Url, encodeBase64Url } from '@tappass/trust';
import type { Identified } from '../pipeline/admission.ts';
import type { GatewayPorts } from '../ports.ts';
import { isObject, type JsonObject } from './rpc.ts';

/** What was agreed on when a client of the revisions with sessions began. */
export interface McpSession {
	/** Revision of the protocol. */
	readonly version: string;
	/** The one server behind this address; undefined: all of them. */
	readonly server: string | undefined;
	/** What the client can be asked. */
	readonly capabilities: JsonObject;
	/** Makes two sessions differ. */
	readonly nonce: string;
}

/**
 * The session travels inside its id, signed: any replica goes on with it, and none has to remember it. It holds for the
 * agent's session that it was made in and no other.
 */
export async function sealSession(ports: GatewayPorts, who: Identified, session: McpSession): Promise<string> {
	const { version, server, capabilities, nonce } = session;
	const payload = encodeBase64Url(Buffer.from(JSON.stringify({ version, server, capabilities, nonce })));
	return `${payload}.${encodeBase64Url(await sign(ports, who, payload))}`;
}

/** The session behind an id; undefined: it is none of this agent's. */
export async function openSession(ports: GatewayPorts, who: Identified, id: string): Promise<McpSession | undefined> {
	const [payload = '', signature = '', ...rest] = id.split('.');
	const given = decodeBase64Url(signature);
	const bytes = decodeBase64Url(payload);
	if (rest.length > 0 || given === undefined || bytes === undefined) return undefined;
	const wanted = await sign(ports, who, payload);
	if (given.byteLength !== wanted.byteLength || !timingSafeEqual(given, wanted)) return undefined;
	// Signed by us: it is what we wrote.
	const value = parseJson(bytes);
	if (!isObject(value)) return undefined;
	const { version, server, capabilities, nonce } = value;
	return {
		version: String(version),
		server: typeof server === 'string' ? server : undefined,
		capabilities: isObject(capabilities) ? capabilities : {},
		nonce: String(nonce),
	};
}

async function sign(ports: GatewayPorts, { policy, session }: Identified, payload: string): Promise<Uint8Array> {
	const key = await ports.pseudonyms.key(policy.org_id, session.id);
	return createHmac('sha256', key).update(`mcp-session ${policy.sandbox_id} ${session.id} ${payload}`).digest();
}
