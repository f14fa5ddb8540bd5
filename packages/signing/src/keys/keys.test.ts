import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeKeys, encodeKeys, generateKeys, keyFileNames } from './key-set.ts';
import { generateSigner, signerFromPem } from './local-signer.ts';

const invalid = expect.objectContaining({ code: 'key_invalid' });

describe('a private key', () => {
	it.each([
		['no PEM', 'hello'],
		['a public key', generateSigner('ed25519').toPem().replaceAll('PRIVATE', 'PUBLIC')],
		[
			'an RSA key',
			String(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs8' })),
		],
		[
			'another curve',
			String(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'pem', type: 'pkcs8' })),
		],
	])('is not read from %s', (_name, pem) => {
		expect(() => signerFromPem(pem)).toThrow(invalid);
	});

	it('does not open without its passphrase, nor with another', () => {
		const pem = generateSigner('ed25519').toPem('correct horse');

		expect(pem).toContain('ENCRYPTED PRIVATE KEY');
		expect(() => signerFromPem(pem)).toThrow(invalid);
		expect(() => signerFromPem(pem, 'battery staple')).toThrow(invalid);
	});

	it('says nothing of its text when it cannot be read', () => {
		const error = (): unknown => {
			try {
				return signerFromPem('-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----');
			} catch (caught) {
				return caught;
			}
		};

		expect(JSON.stringify(error(), Object.getOwnPropertyNames(error()))).not.toContain('c2VjcmV0');
	});

	it.each(['ed25519', 'es256'] as const)('is the same after it was written and read (%s)', (algorithm) => {
		const signer = generateSigner(algorithm);

		expect(signerFromPem(signer.toPem()).id).toBe(signer.id);
		expect(signerFromPem(signer.toPem('correct horse'), 'correct horse').spki).toEqual(signer.spki);
	});

	it('is not to be seen on the signer', () => {
		const signer = generateSigner('ed25519');

		expect(Object.keys(signer).sort()).toEqual(['algorithm', 'id', 'sign', 'spki', 'toPem']);
	});
});

describe('a set of keys', () => {
	const keys = generateKeys();

	it('is not read when a file is missing or holds a key of the wrong kind', () => {
		const { 'audit.pem': _audit, ...files } = encodeKeys(keys);

		expect(() => decodeKeys(files)).toThrow(invalid);
		expect(() => decodeKeys({ ...encodeKeys(keys), 'token.pem': keys.policy.toPem() })).toThrow(invalid);
	});

	it('is not read when two files hold the same key', () => {
		const files = encodeKeys(keys);

		expect(() => decodeKeys({ ...files, 'root-2.pem': files['root-1.pem']! })).toThrow(invalid);
		expect(() => decodeKeys({ ...files, 'audit.pem': files['policy.pem']! })).toThrow(invalid);
	});

	it('encrypts the root keys alone', () => {
		const files = encodeKeys(keys, 'correct horse');
		const encrypted = Object.keys(files).filter((name) => files[name]!.includes('ENCRYPTED'));

		expect(encrypted).toEqual(['root-1.pem', 'root-2.pem', 'root-3.pem']);
		expect(() => decodeKeys(files)).toThrow(invalid);
		expect(decodeKeys(files, 'correct horse').root.map(({ id }) => id)).toEqual(keys.root.map(({ id }) => id));
	});

	it('fills the files it names, with a different key in each', () => {
		const files = encodeKeys(keys);

		expect(Object.keys(files).sort()).toEqual([...keyFileNames].sort());
		expect(new Set(Object.values(files)).size).toBe(keyFileNames.length);
	});
});
