import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { TapPassError } from '@tappass/core';
import { type KeyAlgorithm, keyId } from '@tappass/trust';
import type { Signer } from './signer.ts';

/** A signer whose private key is in this process, and can be written to a file. */
export interface LocalSigner extends Signer {
	/**
	 * PKCS#8 in PEM; with a passphrase encrypted (PBES2, AES-256-CBC). The text is secret: files of it are mode 0600.
	 */
	readonly toPem: (passphrase?: string) => string;
}

/** Makes a new key. */
export function generateSigner(algorithm: KeyAlgorithm): LocalSigner {
	const pair =
		algorithm === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
	return localSigner(pair.privateKey);
}

/**
 * Reads a key that `toPem` wrote.
 * @throws {TapPassError} key_invalid when the text is no such key, or the passphrase does not open it
 */
export function signerFromPem(pem: string, passphrase?: string): LocalSigner {
	return localSigner(openPem(pem, passphrase));
}

function openPem(pem: string, passphrase: string | undefined): KeyObject {
	try {
		return createPrivateKey({ key: pem, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) });
	} catch {
		// The cause could quote the key's text; what is wrong is said without it.
		throw new TapPassError('key_invalid', { detail: 'not a private key in PKCS#8 PEM, or the passphrase is wrong' });
	}
}

function localSigner(key: KeyObject): LocalSigner {
	const algorithm = algorithmOf(key);
	const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
	return Object.freeze({
		id: keyId(spki),
		algorithm,
		spki,
		// Ed25519 in the thread pool: a server signs for every host, and has other things to do meanwhile. P-256 at once: to hand it
		// to a thread and back takes longer than the signature.
		sign: async (message: Uint8Array) =>
			algorithm === 'ed25519' ? signLater(message, key) : sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' }),
		toPem: (passphrase?: string) =>
			String(
				key.export({
					format: 'pem',
					type: 'pkcs8',
					...(passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }),
				}),
			),
	});
}

function signLater(message: Uint8Array, key: KeyObject): Promise<Uint8Array> {
	return new Promise((resolve, reject) => {
		sign(null, message, key, (error, signature) => (error === null ? resolve(signature) : reject(error)));
	});
}

function algorithmOf(key: KeyObject): KeyAlgorithm {
	if (key.asymmetricKeyType === 'ed25519') return 'ed25519';
	if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'es256';
	throw new TapPassError('key_invalid', { detail: 'expected an Ed25519 or P-256 key' });
}
