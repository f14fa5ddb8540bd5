import {
	createPrivateKey,
	createPublicKey,
	generateKeyPairSync,
	type KeyObject,
	type SignKeyObjectInput,
	sign,
} from 'node:crypto';
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
		// In the thread pool: a server signs for every call and every host, and has other things to do meanwhile.
		sign: (message: Uint8Array) =>
			algorithm === 'ed25519' ? signLater(null, message, { key }) : signLater('sha256', message, es256(key)),
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

function signLater(hash: string | null, message: Uint8Array, key: SignKeyObjectInput): Promise<Uint8Array> {
	return new Promise((resolve, reject) => {
		sign(hash, message, key, (error, signature) => (error === null ? resolve(signature) : reject(error)));
	});
}

function es256(key: KeyObject): SignKeyObjectInput {
	return { key, dsaEncoding: 'ieee-p1363' };
}

function algorithmOf(key: KeyObject): KeyAlgorithm {
	if (key.asymmetricKeyType === 'ed25519') return 'ed25519';
	if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'es256';
	throw new TapPassError('key_invalid', { detail: 'expected an Ed25519 or P-256 key' });
}
