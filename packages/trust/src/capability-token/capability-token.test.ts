import { sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { audience, compiledPolicy, keys, noon, rootBytes, type TestKey } from '../accept/signer.test.support.ts';
import { encodeBase64Url } from '../envelope/base64.ts';
import { pinRoot } from '../keys/trusted-root.ts';
import type { CapabilityClaims } from './claims.ts';
import { joinToken, tokenMessage } from './compact.ts';
import { allowDenyDigest, narrowedRate } from './narrow.ts';
import { verifyCapabilityToken } from './verify-token.ts';

const root = pinRoot(rootBytes());
const policy = compiledPolicy as never as Parameters<typeof narrowedRate>[1]['compiled_policy'];
const good = {
	iss: 'tappass',
	aud: 'gateway',
	sub: audience.sandbox_id,
	org_id: audience.org_id,
	sid: 'ses_1',
	pv: 5,
	ad: allowDenyDigest(policy),
	rate: 30,
	iat: noon / 1_000,
	exp: noon / 1_000 + 300,
	jti: 'one',
} as unknown as CapabilityClaims;

const b64 = (value: unknown): string =>
	encodeBase64Url(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
function mint(claims: object = good, key: TestKey = keys.token, keyid: string = key.id): string {
	const message = tokenMessage(keyid, claims as CapabilityClaims);
	return joinToken(message, p1363(message, key));
}
/** A token whose header and claims are the very texts given, signed by the right key. */
function written(header: unknown, claims: unknown): string {
	const message = Buffer.from(`${b64(header)}.${b64(claims)}`);
	return joinToken(message, p1363(message, keys.token));
}
function p1363(message: Uint8Array, { algorithm, secret }: TestKey): Uint8Array {
	return algorithm === 'es256'
		? sign('sha256', message, { key: secret, dsaEncoding: 'ieee-p1363' })
		: sign(null, message, secret);
}
const verify = (token: string, now: number = noon): CapabilityClaims =>
	verifyCapabilityToken(token, root, { audience: 'gateway', now });
const code = (expected: string): object => expect.objectContaining({ code: expected });
const header = { alg: 'ES256', kid: keys.token.id, typ: 'JWT' };

describe('a capability token', () => {
	it.each([
		['nothing', ''],
		['no JWS', 'a.b'],
		['four parts', `${mint()}.x`],
		['padding', mint().replace('.', '=.')],
		['a signature with stray bits', `${mint().slice(0, -1)}_`],
		['too many characters', `${'a'.repeat(5_000)}.b.c`],
		['alg none', `${b64({ ...header, alg: 'none' })}.${b64(good)}.`],
		['alg HS256', written({ ...header, alg: 'HS256' }, good)],
		['alg EdDSA', written({ ...header, alg: 'EdDSA' }, good)],
		['a header with crit', written({ ...header, crit: ['exp'] }, good)],
		['a header with jwk', written({ ...header, jwk: {} }, good)],
		['a header written otherwise', written(`${JSON.stringify(header)} `, good)],
		['a key that the root does not know', mint(good, keys.token, 'a'.repeat(64))],
		['a key of another role', mint(good, keys.policy)],
		['a signature of another key', mint(good, keys.freshness, keys.token.id)],
		['other claims than were signed', mint().replace(/\..*\./, `.${b64({ ...good, rate: 1_000 })}.`)],
		['an unknown claim', mint({ ...good, admin: true })],
		['a missing claim', mint({ ...good, jti: undefined })],
		['duplicate claims', written(header, JSON.stringify(good).replace('{', '{"rate":1,'))],
		['another issuer', mint({ ...good, iss: 'somebody' })],
		['a float', written(header, JSON.stringify(good).replace('"rate":30', '"rate":30.0'))],
		['a life past five minutes', mint({ ...good, exp: good.iat + 301 })],
		['no life', mint({ ...good, exp: good.iat })],
		['a start in the future', mint({ ...good, iat: good.iat + 31, exp: good.iat + 60 })],
	])('is refused with %s', (_name, token) => {
		expect(() => verify(token)).toThrow(code('token_invalid'));
	});

	it('is refused at another door, and by another org', () => {
		const ofOther = { ...good, org_id: 'org_other1' };

		expect(() => verify(mint({ ...good, aud: 'broker' }))).toThrow(code('token_audience'));
		expect(() => verify(mint(ofOther))).toThrow(code('token_audience'));
	});

	it('is refused once it is over, or when there is no clock', () => {
		expect(() => verify(mint(), noon + 300_000)).toThrow(code('token_expired'));
		expect(() => verify(mint(), Number.NaN)).toThrow(code('token_expired'));
	});

	it('is believed until its last moment', () => {
		expect(verify(mint(), noon + 299_999)).toEqual(good);
		expect(verify(mint({ ...good, iat: good.iat + 30, exp: good.iat + 60 })).iat).toBe(good.iat + 30);
	});
});

describe('the claims of a token, against the policy in force', () => {
	const held = { policy_version: 5, compiled_policy: policy };

	it('are refused when they would widen it, or speak for another', () => {
		const wider = { ...good, rate: 31 };
		const other = { ...held, compiled_policy: { ...policy, tools: { ...policy.tools, deny: [] } } };

		expect(() => narrowedRate(wider, held)).toThrow(code('token_invalid'));
		expect(() => narrowedRate({ ...good, pv: 4 }, held)).toThrow(code('token_invalid'));
		expect(() => narrowedRate(good, other)).toThrow(code('token_invalid'));
	});

	it('may narrow it', () => {
		expect(narrowedRate(good, held)).toBe(30);
		expect(narrowedRate({ ...good, rate: 3 }, held)).toBe(3);
	});
});
