import { createHash, randomBytes } from 'node:crypto';
import { canonicalJson, type Json } from '@tappass/core';
import type { ServerEvent } from './append.ts';

/*
 * The formulas of the log, as the store needs them: RFC 6962 hashes, a leaf and its commitment, a signed note.
 */

/** The root of a log without entries. */
export const emptyRoot: Uint8Array = createHash('sha256').digest();

/** RFC 6962 §2.1. */
export function hashLeaf(leaf: Uint8Array): Uint8Array {
	return createHash('sha256').update(Buffer.of(0)).update(leaf).digest();
}

/** RFC 6962 §2.1. */
export function hashChildren(left: Uint8Array, right: Uint8Array): Uint8Array {
	return createHash('sha256').update(Buffer.of(1)).update(left).update(right).digest();
}

/** An event as bytes: what is in the log for good, and what that commits to, salt first. */
export function sealable(
	event: ServerEvent,
	pseudonym: string,
): { readonly leaf: Uint8Array; readonly payload: Uint8Array } {
	const { id, at, type, actor, decision, request_id, policy_version, step, code, level } = event;
	const { sandbox_id, session_id, because, payload: told } = event;
	const committed = { actor, sandbox_id, session_id, because, payload: told };
	const payload = Buffer.concat([randomBytes(32), Buffer.from(canonicalJson(defined(committed)))]);
	const payload_commit = createHash('sha256').update(payload).digest('hex');
	const clear = {
		v: 1,
		id,
		ts: at,
		type,
		actor_pseudonym: pseudonym,
		decision,
		request_id,
		policy_version,
		step,
		code,
		level,
	};
	return { leaf: Buffer.from(canonicalJson(defined({ ...clear, payload_commit }))), payload };
}

/** Signs a checkpoint (C2SP tlog-checkpoint, signed-note). */
export async function signCheckpoint(
	{ origin, size, root }: { readonly origin: string; readonly size: number; readonly root: Uint8Array },
	key: { readonly spki: Uint8Array; readonly sign: (bytes: Uint8Array) => Promise<Uint8Array> },
): Promise<Uint8Array> {
	const body = `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
	const line = Buffer.concat([keyIdOf(origin, key.spki), await key.sign(Buffer.from(body))]).toString('base64');
	return Buffer.from(`${body}\n— ${origin} ${line}\n`);
}

/** What a log's checkpoints are verified with (C2SP signed-note). */
export function vkeyOf(origin: string, spki: Uint8Array): string {
	const key = Buffer.concat([Buffer.of(1), spki.subarray(-32)]);
	return `${origin}+${keyIdOf(origin, spki).toString('hex')}+${key.toString('base64')}`;
}

function keyIdOf(origin: string, spki: Uint8Array): Buffer {
	return createHash('sha256')
		.update(`${origin}\n`)
		.update(Buffer.of(1))
		.update(spki.subarray(-32))
		.digest()
		.subarray(0, 4);
}

function defined(value: Readonly<Record<string, unknown>>): Json {
	return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Json;
}
