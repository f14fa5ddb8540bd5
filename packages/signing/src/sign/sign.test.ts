import { emptyCompiledPolicy, type OrgId } from '@tappass/core';
import {
	type Audience,
	allowDenyDigest,
	type CapabilityClaims,
	createState,
	decide,
	type PolicyStatement,
	pinRoot,
	verifyCapabilityToken,
} from '@tappass/trust';
import { describe, expect, it } from 'vitest';
import { developmentIdentity, makeDevelopmentKeyring, makeDevelopmentRoot } from '../dev/make-keyring.ts';
import { generateKeys } from '../keys/key-set.ts';
import { mintToken } from './mint-token.ts';
import { documentBytes } from './sign-envelope.ts';
import { signFreshness } from './sign-freshness.ts';
import { signPolicyStatement } from './sign-policy-statement.ts';
import { composeRoot, signRoot } from './sign-root.ts';

const now = Date.UTC(2026, 0, 1, 12);
const clocks = { wall_ms: now, monotonic_ms: 0 };
const keys = generateKeys();
const terms = { compiled_policy: emptyCompiledPolicy, policy_version: 1, seq: 1, ttl_seconds: 300, now };
const rootTerms = {
	org_id: developmentIdentity.org_id,
	version: 2,
	epoch: 1,
	issued_at: '2026-01-01T00:00:00Z',
	expires_at: '2027-01-01T00:00:00Z',
	host_ca_spki_sha256: 'a'.repeat(64),
};
const claims: CapabilityClaims = {
	iss: 'tappass',
	aud: 'gateway',
	sub: developmentIdentity.sandbox_id,
	org_id: developmentIdentity.org_id,
	sid: 'ses_1',
	pv: 1,
	ad: allowDenyDigest(emptyCompiledPolicy),
	rate: 0,
	iat: now / 1_000,
	exp: now / 1_000 + 300,
	jti: 'one',
};
const code = (expected: string): object => expect.objectContaining({ code: expected });

describe('signing', () => {
	it('refuses what no host would accept', async () => {
		const statement = { schema: 'tappass.policy-statement/1', epoch: 0 } as PolicyStatement;

		await expect(signPolicyStatement(statement, keys.policy)).rejects.toThrow(code('schema_invalid'));
		await expect(signFreshness({} as never, keys.freshness)).rejects.toThrow(code('schema_invalid'));
		await expect(signRoot({ ...composeRoot(rootTerms, keys), version: 0 }, keys.root)).rejects.toThrow(
			code('schema_invalid'),
		);
		await expect(mintToken({ ...claims, aud: 'admin' as never }, keys.token)).rejects.toThrow(code('schema_invalid'));
	});

	it('refuses a key of the wrong kind', async () => {
		await expect(signRoot(composeRoot(rootTerms, keys), [keys.token])).rejects.toThrow(code('key_invalid'));
		await expect(mintToken(claims, keys.policy)).rejects.toThrow(code('key_invalid'));
	});

	it('refuses a token that lives longer than five minutes, or not at all', async () => {
		await expect(mintToken({ ...claims, exp: claims.iat + 301 }, keys.token)).rejects.toThrow(code('schema_invalid'));
		await expect(mintToken({ ...claims, exp: claims.iat }, keys.token)).rejects.toThrow(code('schema_invalid'));
	});

	it('mints tokens that the door believes', async () => {
		const root = pinRoot(await makeDevelopmentRoot(keys));
		const token = await mintToken(claims, keys.token);

		expect(verifyCapabilityToken(token, root, { audience: 'gateway', now })).toEqual(claims);
	});
});

describe('a root rotation', () => {
	const next = generateKeys();
	const replaced = { ...next, root: [keys.root[1]!, keys.root[2]!, next.root[0]!] };
	const chain = async (...signers: Parameters<typeof signRoot>[1]): Promise<Uint8Array> =>
		documentBytes({
			schema: 'tappass.root-chain/1',
			roots: [await signRoot(composeRoot({ ...rootTerms, epoch: 2 }, replaced), signers)],
		});
	const start = async (): Promise<ReturnType<typeof createState>> =>
		createState({ root: pinRoot(await makeDevelopmentRoot(keys)), audience: developmentIdentity, floor: 'none' });

	it('is refused with one old key and one new', async () => {
		const bytes = await chain(keys.root[0]!, next.root[0]!);

		expect(decide(await start(), bytes, clocks)).toMatchObject({ accept: false, code: 'threshold_unmet' });
	});

	it('is believed with two keys that are both old and new', async () => {
		const bytes = await chain(keys.root[1]!, keys.root[2]!);

		expect(decide(await start(), bytes, clocks)).toMatchObject({ accept: true, kind: 'root' });
	});
});

describe('a development keyring', () => {
	const audience: Audience = developmentIdentity;

	it('is believed under the development root of the same keys, and under no other', async () => {
		const bytes = await makeDevelopmentKeyring(keys, terms);
		const decideUnder = async (set: typeof keys): Promise<unknown> =>
			decide(createState({ root: pinRoot(await makeDevelopmentRoot(set)), audience, floor: 'none' }), bytes, clocks);

		expect(await decideUnder(keys)).toMatchObject({ accept: true, kind: 'keyring' });
		expect(await decideUnder(generateKeys())).toMatchObject({ accept: false, code: 'key_unknown' });
	});

	it.each([
		[301, 'ttl_too_long'],
		[0, 'payload_malformed'],
		[-1, 'payload_malformed'],
	])('that is to live %i s is made, and refused', async (ttl_seconds, expected) => {
		const state = createState({ root: pinRoot(await makeDevelopmentRoot(keys)), audience, floor: 'none' });

		const decision = decide(state, await makeDevelopmentKeyring(keys, { ...terms, ttl_seconds }), clocks);

		expect(decision).toMatchObject({ accept: false, code: expected });
	});

	it('is of the org and sandbox that were asked for', async () => {
		const org_id = 'org_acme01' as OrgId;
		const bytes = await makeDevelopmentKeyring(keys, { ...terms, identity: { org_id } });
		const root = pinRoot(await makeDevelopmentRoot(keys, org_id));

		const decision = decide(createState({ root, audience: { ...audience, org_id }, floor: 'none' }), bytes, clocks);

		expect(decision).toMatchObject({ accept: true, state: { floor: { org_id, sandbox_id: 'sbx_development' } } });
	});

	it('has an empty list for a category that came without one', async () => {
		const network = { allow_domains: [], deny_categories: ['paste_sites'] };
		const bytes = await makeDevelopmentKeyring(keys, {
			...terms,
			compiled_policy: { ...emptyCompiledPolicy, network },
		});
		const state = createState({ root: pinRoot(await makeDevelopmentRoot(keys)), audience, floor: 'none' });

		expect(decide(state, bytes, clocks)).toMatchObject({
			state: { held: { policy: { domain_categories: { paste_sites: [] } } } },
		});
	});

	it('has the same root for the same keys', async () => {
		expect(await makeDevelopmentRoot(keys)).toEqual(await makeDevelopmentRoot(keys));
	});
});
