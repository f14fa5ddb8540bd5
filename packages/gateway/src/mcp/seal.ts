import { createHmac, timingSafeEqual } from 'node:crypto';
import { parseJson } from '@tappass/core';
import { decodeBase64Url, encodeBase64Url } from '@tappass/trust';
import type { Identified } from '../pipeline/admission.ts';
import type { Broker } from './broker.ts';
import { isObject, type JsonObject } from './rpc.ts';

/**
 * State that travels through the client, signed: any replica goes on with it, and none has to remember it. It holds for the
 * agent's session that it was made in and for one purpose, and for nobody and nothing else.
 */
export async function seal(broker: Broker, who: Identified, purpose: string, state: JsonObject): Promise<string> {
	const payload = encodeBase64Url(Buffer.from(JSON.stringify(state)));
	return `${payload}.${encodeBase64Url(await sign(broker, who, purpose, payload))}`;
}

/** What was sealed; undefined: not by us, not for this agent's session, or for something else. */
export async function unseal(
	broker: Broker,
	who: Identified,
	purpose: string,
	sealed: string,
): Promise<JsonObject | undefined> {
	const [payload = '', signature = '', ...rest] = sealed.split('.');
	const given = decodeBase64Url(signature);
	const bytes = decodeBase64Url(payload);
	if (rest.length > 0 || given === undefined || bytes === undefined) return undefined;
	const wanted = await sign(broker, who, purpose, payload);
	if (given.byteLength !== wanted.byteLength || !timingSafeEqual(given, wanted)) return undefined;
	// Signed by us: it is what we wrote.
	const state = parseJson(bytes);
	return isObject(state) ? state : undefined;
}

async function sign(broker: Broker, who: Identified, purpose: string, payload: string): Promise<Uint8Array> {
	const { policy, session } = who;
	const key = await broker.keyOf(who);
	const bound = JSON.stringify(['mcp', purpose, policy.sandbox_id, session.id, payload]);
	return createHmac('sha256', key).update(bound).digest();
}
