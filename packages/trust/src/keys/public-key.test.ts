import { describe, expect, it } from 'vitest';
import { keys, rootBytes } from '../accept/signer.test.support.ts';
import { importPublicKey, keyId } from './public-key.ts';
import { pinRoot, roleKeys } from './trusted-root.ts';

const code = expect.objectContaining({ code: 'key_invalid' });
const p256 = Buffer.from(keys.token.spki);

describe('a public key', () => {
	it.each([
		['of the other algorithm', 'es256', keys.policy.spki],
		['of the other algorithm', 'ed25519', keys.token.spki],
		['with a byte after it', 'ed25519', Buffer.concat([keys.policy.spki, Buffer.from([0])])],
		['cut short', 'ed25519', keys.policy.spki.subarray(0, 43)],
		['without its DER frame', 'ed25519', keys.policy.spki.subarray(12)],
		['that is no point of P-256', 'es256', Buffer.concat([p256.subarray(0, 90), Buffer.from([p256[90]! ^ 1])])],
		['that is compressed', 'es256', Buffer.concat([p256.subarray(0, 26), Buffer.from([2]), p256.subarray(27)])],
	] as const)('%s is refused (%s)', (_name, algorithm, spki) => {
		expect(() => importPublicKey(algorithm, spki)).toThrow(code);
	});

	it('has the SHA-256 of its SPKI as its id', () => {
		expect(importPublicKey('ed25519', keys.policy.spki).id).toBe(keyId(keys.policy.spki));
		expect(importPublicKey('es256', keys.token.spki).id).toBe(keys.token.id);
	});

	it('is found by its role', () => {
		expect(roleKeys(pinRoot(rootBytes()), 'token').map(({ id }) => id)).toEqual([keys.token.id]);
	});
});
