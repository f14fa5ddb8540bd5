import { readFile } from 'node:fs/promises';
import { canonicalBytes, instant, type Json } from '@tappass/core';
import { documentBytes, signFreshness as sign, signPolicyStatement } from '@tappass/signing';
import type { Freshness, PolicyStatement } from '@tappass/trust';
import type { HostWorld } from '../test-support/host-world.ts';

/*
 * What a control plane with the org's real keys could sign and should not.
 */

interface Parts {
	readonly policy: { readonly payload: string };
	readonly freshness: { readonly payload: string };
}

/** A keyring with the policy of the one at `path` and a freshness statement that lives for `lifeMs`. */
export async function signFreshness(
	world: HostWorld,
	path: string,
	{ lifeMs }: { readonly lifeMs: number },
): Promise<Uint8Array> {
	const parts = await partsOf(path);
	return keyringOf(parts.policy as unknown as Json, await freshnessOf(world, parts, { lifeMs }));
}

/** A keyring with another policy under the version of the one at `path`. */
export async function signConflict(world: HostWorld, path: string): Promise<Uint8Array> {
	const parts = await partsOf(path);
	const statement = decoded<PolicyStatement>(parts.policy.payload);
	const other = { ...statement, issued_at: instant(Date.now()), agent_plane_url: 'https://127.0.0.1:1' };
	const { envelope, sha256 } = await signPolicyStatement(other, world.org.keys.policy);
	const freshness = await freshnessOf(world, parts, { lifeMs: 300_000, sha256 });
	return keyringOf(JSON.parse(Buffer.from(documentBytes(envelope)).toString()) as Json, freshness);
}

async function freshnessOf(
	{ org }: HostWorld,
	parts: Parts,
	{ lifeMs, sha256 }: { readonly lifeMs: number; readonly sha256?: string },
): Promise<Json> {
	const held = decoded<Freshness>(parts.freshness.payload);
	const now = Date.parse(instant(Date.now()));
	const next: Freshness = {
		...held,
		...(sha256 !== undefined && { policy_sha256: sha256 }),
		seq: held.seq + 1,
		issued_at: instant(now),
		expires_at: instant(now + lifeMs),
	};
	const envelope = await sign(next, org.keys.freshness);
	return JSON.parse(Buffer.from(documentBytes(envelope)).toString()) as Json;
}

async function partsOf(path: string): Promise<Parts> {
	return JSON.parse(await readFile(path, 'utf8')) as Parts;
}

function decoded<T>(payload: string): T {
	return JSON.parse(Buffer.from(payload, 'base64').toString('utf8')) as T;
}

function keyringOf(policy: Json, freshness: Json): Uint8Array {
	return canonicalBytes({ schema: 'tappass.keyring/1', policy, freshness });
}
