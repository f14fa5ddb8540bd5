import * as nodeCrypto from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { BuiltinError } from '../builtins/builtin.ts';
import { caller, testContext } from '../builtins/calling.test.support.ts';
import { print, RegoObject, type Value } from '../value/index.ts';
import { cryptoBuiltins } from './index.ts';

const builtins = cryptoBuiltins(nodeCrypto);
const call = caller(builtins, testContext({ nowNs: 2_000_000_000_000n }));
const refused = '[false, {}, {}]';
const b64 = (text: string): string => Buffer.from(text).toString('base64url');
const secretJwk = { kty: 'oct', k: b64('secret') };
const hs = (claims: Value, header: Value = { alg: 'HS256' }): string =>
	call('io.jwt.encode_sign', header, claims, secretJwk) as string;
const check = (token: string, constraints: Value): string => print(call('io.jwt.decode_verify', token, constraints)!);

const rsa = nodeCrypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = nodeCrypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = nodeCrypto.generateKeyPairSync('ed25519');
const jwk = (key: nodeCrypto.KeyObject): Record<string, string> =>
	key.export({ format: 'jwk' }) as Record<string, string>;
const pem = (key: nodeCrypto.KeyObject): string => key.export({ format: 'pem', type: 'spki' }) as string;

test('hashes and HMACs are hexadecimal', () => {
	expect(call('crypto.md5', 'message')).toBe('78e731027d8fd50ed642340b7c9a63b3');
	expect(call('crypto.sha1', '')).toBe('da39a3ee5e6b4b0d3255bfef95601890afd80709');
	expect(call('crypto.sha256', 'é')).toBe('4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c');
	expect(call('crypto.hmac.sha256', 'foo', 'bar')).toBe(
		'147933218aaabc0b8b10a2b3a5c34684c8d94341bcf10a4736dc7270f7741851',
	);
	expect(call('crypto.hmac.equal', 'a', 'a')).toBe(true);
	expect(call('crypto.hmac.equal', 'a', 'b')).toBe(false);
	expect(call('crypto.hmac.equal', 'a', 'ab')).toBe(false);
	expect(() => call('crypto.hmac.md5', 'a', 1)).toThrow('operand 2 must be string but got number');
});

describe('io.jwt.decode refuses', () => {
	const { decode } = { decode: (token: Value) => () => call('io.jwt.decode', token) };
	const header = b64('{"alg":"HS256"}');
	test.each<[string, Value, string]>([
		['no string', 1, 'operand 1 must be string but got number'],
		['no periods', 'abc', 'encoded JWT had no period separators'],
		['two parts', 'a.b', 'encoded JWT must have 3 sections, found 2'],
		[
			'a header out of the alphabet',
			'eyJhbGciOiJIU^%zI1NiI+sInR5.e30.',
			'JWT header had invalid encoding: illegal base64 data at input byte 13',
		],
		['a header that is no JSON', `${b64('x')}.e30.`, 'bad JWT header: invalid JSON: '],
		['a header that is no object', `${b64('[]')}.e30.`, 'bad JWT header: decoded JSON type was not an Object'],
		['a JWE', `${b64('{"enc":"x"}')}.e30.`, 'JWT is a JWE object, which is not supported'],
		['a payload out of the alphabet', `${header}.(.`, 'JWT payload had invalid encoding: illegal base64url string: ('],
		['a payload that is no object', `${header}.${b64('1')}.`, 'decoded JSON type was not an Object'],
		[
			'a signature out of the alphabet',
			`${header}.e30.XmVo(aaa`,
			'JWT signature had invalid encoding: illegal base64 data at input byte 4',
		],
	])('%s', (_name, token, message) => {
		expect(decode(token)).toThrow(message);
	});
});

test('io.jwt.decode reads the token inside of a token', () => {
	const inner = hs({ iss: 'opa' });
	const outer = call(
		'io.jwt.encode_sign_raw',
		'{"alg":"HS256","cty":"JWT","typ":"x"}',
		`"${inner}"`,
		JSON.stringify(secretJwk),
	);

	expect(print(call('io.jwt.decode', outer!)!)).toBe(print(call('io.jwt.decode', inner)!));
});

test.each([
	['RS256', rsa],
	['RS512', rsa],
	['PS256', rsa],
	['PS384', rsa],
	['ES256', ec],
	['EdDSA', ed],
] as const)('%s signs, verifies with PEM, JWK and JWK set, and refuses another key and another text', (alg, pair) => {
	const token = call('io.jwt.encode_sign', { alg }, { a: 1 }, jwk(pair.privateKey)) as string;
	const name = `io.jwt.verify_${alg.toLowerCase()}`;
	const set = JSON.stringify({ keys: [jwk(ec.publicKey), jwk(rsa.publicKey), jwk(ed.publicKey)] });
	const otherKind = alg === 'EdDSA' ? ec : ed;
	const [header, , signature] = token.split('.');

	expect(call(name, `${header}.${b64('{"a":2}')}.${signature}`, pem(pair.publicKey))).toBe(false);
	expect(call(name, `${header}.${b64('{"a":1}')}.`, pem(pair.publicKey))).toBe(false);
	expect(call(name, token, pem(otherKind.publicKey))).toBe(false);
	for (const key of [pem(pair.publicKey), JSON.stringify(jwk(pair.publicKey)), set]) {
		expect(call(name, token, key)).toBe(true);
		expect(check(token, { cert: key })).toBe(`[true, {"alg": "${alg}"}, {"a": 1}]`);
	}
	expect(check(token, { cert: pem(otherKind.publicKey) })).toBe(refused);
	expect(check(token, { cert: pem(pair.publicKey), alg: 'HS256' })).toBe(refused);
});

test('a key of a set is picked by id, then by algorithm', () => {
	const other = nodeCrypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
	const token = call('io.jwt.encode_sign', { alg: 'RS256', kid: 'b' }, {}, jwk(rsa.privateKey)) as string;
	const keys = (...list: object[]): string => JSON.stringify({ keys: list });
	const right = jwk(rsa.publicKey);
	const wrong = jwk(other.publicKey);

	expect(call('io.jwt.verify_rs256', token, keys({ ...wrong, kid: 'b' }, { ...right, kid: 'a' }))).toBe(false);
	expect(call('io.jwt.verify_rs256', token, keys({ ...wrong, kid: 'a' }, { ...right, kid: 'c' }))).toBe(true);
	expect(call('io.jwt.verify_rs256', token, keys({ ...right, alg: 'RS384' }))).toBe(false);
	expect(call('io.jwt.verify_rs256', token, keys({ ...right, alg: 'unknown' }))).toBe(false);
	expect(call('io.jwt.verify_rs256', token, keys())).toBe(false);
});

describe('keys that cannot be read', () => {
	const token = hs({});
	test.each([
		['text', 'x', 'failed to parse a JWK key (set)'],
		['an unknown key type', '{"kty":"bogus"}', 'failed to parse a JWK key (set)'],
		['a key without its numbers', '{"kty":"RSA","e":"AQAB"}', 'failed to parse a JWK key (set)'],
		[
			'another kind of block',
			'-----BEGIN CERT-----\nMIIC\n-----END CERT-----',
			'failed to extract a Key from the PEM certificate',
		],
		['text behind a block', `${pem(rsa.publicKey)}EXTRA`, 'extra data after a PEM certificate block'],
		[
			'a broken key',
			'-----BEGIN PUBLIC KEY-----\nMIIC\n-----END PUBLIC KEY-----\n',
			'failed to parse a PEM public key',
		],
		[
			'a broken certificate',
			'-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n',
			'failed to parse a PEM certificate',
		],
	])('refuses %s', (_name, key, message) => {
		expect(() => call('io.jwt.verify_rs256', token, key)).toThrow(message);
		expect(() => call('io.jwt.decode_verify', token, { cert: key })).toThrow(message);
	});
});

test('a public key is no secret: a token signed with its text is refused', () => {
	const key = pem(rsa.publicKey);
	const token = call('io.jwt.encode_sign', { alg: 'HS256' }, {}, { kty: 'oct', k: b64(key) }) as string;

	expect(check(token, { cert: key })).toBe(refused);
	expect(check(token, { secret: key })).toBe('[true, {"alg": "HS256"}, {}]');
});

test.each(['HS256', 'HS384', 'HS512'])('%s verifies with its secret and no other', (alg) => {
	const token = hs({}, { alg });

	expect(call(`io.jwt.verify_${alg.toLowerCase()}`, token, 'other')).toBe(false);
	expect(call(`io.jwt.verify_${alg.toLowerCase()}`, token, 'secret')).toBe(true);
	expect(() => call(`io.jwt.verify_${alg.toLowerCase()}`, 'a.b', 'secret')).toThrow(
		'encoded JWT must have 3 sections, found 2',
	);
});

test('a token that names no algorithm, or `none`, is refused', () => {
	for (const header of ['{}', '{"alg":"none"}', '{"alg":"None"}', '{"alg":"hs256"}']) {
		expect(check(`${b64(header)}.e30.`, { secret: 'secret' })).toBe(refused);
	}
});

describe('io.jwt.decode_verify', () => {
	test.each<[string, Value, string]>([
		['no key', {}, 'no key constraint'],
		['an empty secret', { secret: '' }, 'no key constraint'],
		['two keys', { secret: 'x', cert: pem(rsa.publicKey) }, 'duplicate key constraints'],
		['an unknown constraint', { secret: 'x', foo: 1 }, 'unknown token validation constraint: foo'],
		['a secret that is no string', { secret: 1 }, 'secret constraint: must be a string'],
		['a certificate that is no string', { cert: 1 }, 'cert constraint: must be a string'],
		['a time that is no number', { secret: 'x', time: 'now' }, 'token time constraint: must be a number'],
		['a negative time', { secret: 'x', time: -1 }, 'token time constraint: must not be negative'],
	])('refuses constraints with %s', (_name, constraints, message) => {
		expect(() => call('io.jwt.decode_verify', hs({}), constraints)).toThrow(message);
	});

	test.each<[string, Value, Value, boolean]>([
		['an issuer that fits', { iss: 'a' }, { iss: 'a' }, true],
		['another issuer', { iss: 'b' }, { iss: 'a' }, false],
		['no issuer where one is asked for', {}, { iss: 'a' }, false],
		['an audience that fits', { aud: 'a' }, { aud: 'a' }, true],
		['an audience in a list', { aud: ['b', 'a'] }, { aud: 'a' }, true],
		['another audience', { aud: 'b' }, { aud: 'a' }, false],
		['an audience that nobody asked for', { aud: 'a' }, {}, false],
		['no audience where one is asked for', {}, { aud: 'a' }, false],
		['a time before its end', { exp: 2000.2 }, {}, true],
		['a time at its end', { exp: 2000 }, {}, false],
		['a time at its start', { nbf: 2000 }, {}, true],
		['a time before its start', { nbf: 2000.1 }, {}, false],
		['a given time before its end', { exp: 2 }, { time: 1_999_999_999 }, true],
		['a given time at its end', { exp: 2 }, { time: 2_000_000_000 }, false],
	])('%s', (_name, claims, constraints, valid) => {
		const answer = check(hs(claims), { secret: 'secret', ...(constraints as object) });

		expect(answer.startsWith('[true')).toBe(valid);
		if (!valid) expect(answer).toBe(refused);
	});

	test('asks for the time only when the constraints give none', () => {
		const timeless = caller(builtins, {
			...testContext(),
			get nowNs(): bigint {
				throw new Error('no clock');
			},
		});

		expect(print(timeless('io.jwt.decode_verify', hs({ exp: 2 }), { secret: 'secret', time: 1 })!)).toMatch(/^\[true/);
		expect(() => timeless('io.jwt.decode_verify', hs({}), { secret: 'secret' })).toThrow('no clock');
	});

	test('refuses an end or a start that is no number', () => {
		expect(() => call('io.jwt.decode_verify', hs({ exp: null }), { secret: 'secret' })).toThrow(
			'exp value must be a number',
		);
		expect(() => call('io.jwt.decode_verify', hs({ nbf: 'x' }), { secret: 'secret' })).toThrow(
			'nbf value must be a number',
		);
	});

	test('refuses critical fields that it does not know', () => {
		expect(check(hs({}, { alg: 'HS256', crit: ['junk'], junk: 1 }), { secret: 'secret' })).toBe(refused);
		expect(check(hs({}, { alg: 'HS256', crit: ['alg'] }), { secret: 'secret' })).not.toBe(refused);
		expect(() => check(hs({}, { alg: 'HS256', crit: [] }), { secret: 'secret' })).toThrow(
			'crit: must be a nonempty list',
		);
		expect(() => check(hs({}, { alg: 'HS256', crit: 1 }), { secret: 'secret' })).toThrow('crit: must be a list');
		expect(() => check(hs({}, { alg: 'HS256', kid: 1 }), { secret: 'secret' })).toThrow('kid: must be a string');
	});

	test('checks every layer of a nested token', () => {
		const inner = hs({ iss: 'x' });
		const wrong = call('io.jwt.encode_sign', { alg: 'HS256' }, { iss: 'x' }, { kty: 'oct', k: b64('other') }) as string;
		const wrap = (token: string): string =>
			call(
				'io.jwt.encode_sign_raw',
				'{"alg":"HS256","typ":"x","cty":"jwt"}',
				token,
				JSON.stringify(secretJwk),
			) as string;

		expect(check(wrap(inner), { secret: 'secret' })).toBe('[true, {"alg": "HS256"}, {"iss": "x"}]');
		expect(check(wrap(wrong), { secret: 'secret' })).toBe(refused);
	});
});

describe('io.jwt.encode_sign_raw', () => {
	const key = JSON.stringify(secretJwk);
	test.each([
		['an empty header', '', '{}', key, "missing or invalid 'alg' header: cannot parse JSON: cannot parse empty string"],
		['a header without algorithm', '{}', '{}', key, 'missing or invalid \'alg\' header: jwsbb: header "alg" not found'],
		[
			'a header that reads as a number',
			'e',
			'{}',
			key,
			'missing or invalid \'alg\' header: jwsbb: header "alg" not found',
		],
		['a header that is no JSON', '{', '{}', key, "missing or invalid 'alg' header: cannot parse JSON: "],
		['an unknown algorithm', '{"alg":"foo"}', '{}', key, 'unknown JWS algorithm: foo'],
		['no algorithm at all', '{"alg":"none"}', '{}', key, 'unknown JWS algorithm: none'],
		['a payload that is no JSON', '{"alg":"HS256","typ":"JWT"}', 'e', key, 'type is JWT but payload is not JSON'],
		['an empty payload', '{"alg":"HS256"}', '', key, 'type is JWT but payload is not JSON'],
		['a key of another kind', '{"alg":"RS256"}', '{}', key, 'failed to sign'],
		['a public key', '{"alg":"RS256"}', '{}', JSON.stringify(jwk(rsa.publicKey)), 'failed to sign'],
		['an empty key set', '{"alg":"HS256"}', '{}', '{"keys":[]}', 'no keys found in JWK set'],
	])('refuses %s', (_name, header, payload, jwkText, message) => {
		expect(() => call('io.jwt.encode_sign_raw', header, payload, jwkText)).toThrow(message);
	});

	test('signs the texts as they are', () => {
		const token = call('io.jwt.encode_sign_raw', '{"typ":"text/plain",\r\n "alg":"HS256"}', 'e', key) as string;

		expect(token.split('.').slice(0, 2)).toEqual(['eyJ0eXAiOiJ0ZXh0L3BsYWluIiwNCiAiYWxnIjoiSFMyNTYifQ', 'ZQ']);
		expect(call('io.jwt.verify_hs256', token, 'secret')).toBe(true);
	});
});

test('io.jwt.encode_sign writes keys in order and escapes what HTML would read', () => {
	const [header, payload] = hs(
		RegoObject.of([
			['b', '<&>'],
			['a', 1],
		]),
		{ typ: 'JWT', alg: 'HS256' },
	).split('.');

	expect(Buffer.from(header!, 'base64url').toString()).toBe('{"alg":"HS256","typ":"JWT"}');
	expect(Buffer.from(payload!, 'base64url').toString()).toBe('{"a":1,"b":"\\u003c\\u0026\\u003e"}');
});

test('a key that is too small for the hash is refused as any other wrong key', () => {
	const { privateKey } = nodeCrypto.generateKeyPairSync('rsa', { modulusLength: 512 });

	expect(() => call('io.jwt.encode_sign', { alg: 'PS512' }, {}, jwk(privateKey))).toThrow(BuiltinError);
});

test('a token of many quotes is decoded in time linear in them', () => {
	const quotes = '"'.repeat(200_000);
	const token = `${b64('{"cty":"JWT"}')}.${b64(`a${quotes}a`)}.${b64('x')}`;
	const started = performance.now();

	expect(() => call('io.jwt.decode', token)).toThrow('encoded JWT had no period separators');
	expect(performance.now() - started).toBeLessThan(15_000);
});
