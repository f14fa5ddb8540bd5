/**
 * Signs anything, right or wrong, for the tests of this package: fixed keys, raw bytes, envelopes that no honest signer
 * would make. Test-only: the keys are public, and the file is left out of the published package.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { canonicalBytes, instant as instantText, type Json } from '@tappass/core';
import { encodeBase64 } from '../envelope/base64.ts';
import type { Envelope } from '../envelope/envelope.ts';
import { preAuthenticationEncoding } from '../envelope/pae.ts';
import { freshnessPayloadType, policyPayloadType, rootPayloadType } from '../envelope/payload-type.ts';
import { type KeyAlgorithm, keyId } from '../keys/public-key.ts';

export interface TestKey {
	readonly algorithm: KeyAlgorithm;
	readonly id: string;
	readonly spki: Uint8Array;
	readonly secret: KeyObject;
}

/** An Ed25519 key whose seed is 32 times `seed`. */
export function testKey(seed: number): TestKey {
	const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
	const der = Buffer.concat([prefix, Buffer.alloc(32, seed)]);
	return fromSecret('ed25519', createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
}

function fromSecret(algorithm: KeyAlgorithm, secret: KeyObject): TestKey {
	const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' });
	return { algorithm, id: keyId(spki), spki, secret };
}

// A P-256 key made once for these tests.
const tokenPem = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgEhCJr4ZhWu4WQ7fM
7yp27OS9MxaQnbEXSl6TkaxBYoShRANCAASJif25l0LIei1YoOTcaDcrBuIdmoH4
/cb0588awjEx8tTyK+Iqe8F4o/MC6/2HtZDQJmcdP2tg/agj41+3LW2O
-----END PRIVATE KEY-----`;

export interface TestKeys {
	readonly root: readonly TestKey[];
	readonly policy: TestKey;
	readonly freshness: TestKey;
	readonly token: TestKey;
	readonly audit: TestKey;
	/** In no root document. */
	readonly stranger: TestKey;
}

export const keys: TestKeys = {
	root: [testKey(1), testKey(2), testKey(3)],
	policy: testKey(4),
	freshness: testKey(5),
	audit: testKey(6),
	token: fromSecret('es256', createPrivateKey(tokenPem)),
	stranger: testKey(99),
};

/** The moment of most tests: 2026-01-01T12:00:00Z, Unix milliseconds. */
export const noon: number = Date.UTC(2026, 0, 1, 12);
export const atNoon: { readonly wall_ms: number; readonly monotonic_ms: number } = {
	wall_ms: noon,
	monotonic_ms: 1_000_000,
};

export function instant(offsetSeconds: number): string {
	return instantText(noon + offsetSeconds * 1_000);
}

/** A statement in the making; nothing about it is checked. */
export type Draft = Record<string, unknown>;

/** Signs bytes or a value under any type with any keys. */
export function envelope(payloadType: string, payload: unknown, signers: readonly TestKey[]): Envelope {
	const bytes = payload instanceof Uint8Array ? payload : canonicalBytes(payload as Json);
	return {
		payloadType,
		payload: encodeBase64(bytes),
		signatures: signers.map(({ id, secret }) => ({
			keyid: id,
			sig: encodeBase64(sign(null, preAuthenticationEncoding(payloadType, bytes), secret)),
		})),
	};
}

export const audience: Readonly<Record<'org_id' | 'sandbox_id', string>> = {
	org_id: 'org_acme01',
	sandbox_id: 'sbx_alpha1',
};

export const identity: Readonly<Record<string, string>> = {
	...audience,
	project: 'data',
	agent: 'steward',
	runtime_id: 'default',
	region: 'eu',
	sync_url: 'https://tappass.acme.example/sync',
};

export function policyDraft(changes: Draft = {}): Draft {
	return {
		schema: 'tappass.policy-statement/1',
		identity,
		epoch: 1,
		policy_version: 1,
		prev_sha256: null,
		min_protocol: 1,
		issued_at: instant(-3_600),
		compiled_policy: compiledPolicy,
		runtime,
		tool_aliases: { 'claude-code': { 'fs.read': ['Read'] } },
		domain_categories: { paste_sites: ['pastebin.com'] },
		agent_plane_url: 'https://tappass.acme.example:7602',
		...changes,
	};
}

export const compiledPolicy: Draft = {
	schema: 'tappass.compiled-policy/1',
	network: { allow_domains: ['files.acme.com'], deny_categories: ['paste_sites'] },
	filesystem: { workspace: '/workspace', read_only: ['/usr'], deny_paths: ['~/.ssh'] },
	tools: { allow: ['collibra.get_*'], deny: ['*.delete_*'], schemas_acl: { collibra: { finance: 'ro' } } },
	interpreter: { host_functions: [], memory_mb: 64, cpu_time_ms: 500, stack_depth: 200 },
	budget: { tokens_per_day: 500_000, dollars_per_month: 200, tool_calls_per_minute: 30 },
	compliance_tags: ['SOC2:CC6.1'],
};

export const runtime: Draft = {
	schema: 'tappass.runtime/1',
	id: 'default',
	rings: { harness: 'claude-code', kernel: 'bubblewrap', interpreter: null },
	llm_gateway: { upstreams: ['anthropic'] },
	mcp_broker: { servers: ['collibra'] },
	cidrs: [],
	accepted_gaps: [],
};

export function freshnessDraft(policy: unknown, changes: Draft = {}): Draft {
	const bytes = policy instanceof Uint8Array ? policy : canonicalBytes(policy as Json);
	const { epoch = 1, policy_version = 1 } = policy instanceof Uint8Array ? {} : (policy as Draft);
	return {
		schema: 'tappass.freshness/1',
		...audience,
		epoch,
		policy_version,
		policy_sha256: keyId(bytes),
		seq: 1,
		issued_at: instant(0),
		expires_at: instant(300),
		tokens: { gateway_token: 'aGVhZA.Ym9keQ.c2ln', mcp_session_token: 'aGVhZA.Ym9keQ.c2ln' },
		...changes,
	};
}

export function signPolicy(payload: unknown, ...signers: readonly TestKey[]): Envelope {
	return envelope(policyPayloadType, payload, signers.length === 0 ? [keys.policy] : signers);
}
export function signFreshness(payload: unknown, ...signers: readonly TestKey[]): Envelope {
	return envelope(freshnessPayloadType, payload, signers.length === 0 ? [keys.freshness] : signers);
}

/** A keyring's bytes from its two parts, whatever they are. */
export function keyringOf(policy: unknown, freshness: unknown): Uint8Array {
	return Buffer.from(JSON.stringify({ schema: 'tappass.keyring/1', policy, freshness }));
}

/** A keyring that is right but for what `policy` and `freshness` change. */
export function keyring(policy: Draft = {}, freshness: Draft = {}): Uint8Array {
	const draft = policyDraft(policy);
	return keyringOf(signPolicy(draft), signFreshness(freshnessDraft(draft, freshness)));
}

export function listed(...list: readonly TestKey[]): Draft {
	return Object.fromEntries(list.map(({ id, algorithm, spki }) => [id, { algorithm, public: encodeBase64(spki) }]));
}
export function role(threshold: number, ...list: readonly TestKey[]): Draft {
	return { threshold, keyids: list.map(({ id }) => id) };
}

export function rootDraft(changes: Draft = {}): Draft {
	return {
		schema: 'tappass.root/1',
		org_id: audience.org_id,
		version: 1,
		epoch: 1,
		issued_at: instant(-86_400),
		expires_at: instant(365 * 86_400),
		keys: listed(...keys.root, keys.policy, keys.freshness, keys.token, keys.audit),
		roles: roles(),
		host_ca_spki_sha256: 'c'.repeat(64),
		...changes,
	};
}
export function roles(changes: Draft = {}): Draft {
	return {
		root: role(2, ...keys.root),
		policy: role(1, keys.policy),
		freshness: role(1, keys.freshness),
		token: role(1, keys.token),
		audit: role(1, keys.audit),
		...changes,
	};
}

export function signRoot(payload: unknown, ...signers: readonly TestKey[]): Envelope {
	return envelope(rootPayloadType, payload, signers.length === 0 ? keys.root.slice(0, 2) : signers);
}
export function rootBytes(changes: Draft = {}, ...signers: readonly TestKey[]): Uint8Array {
	return Buffer.from(JSON.stringify(signRoot(rootDraft(changes), ...signers)));
}
export function chainOf(...roots: readonly unknown[]): Uint8Array {
	return Buffer.from(JSON.stringify({ schema: 'tappass.root-chain/1', roots }));
}
