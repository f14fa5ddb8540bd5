import { TapPassError } from '@tappass/core';
import type { KeyAlgorithm } from '@tappass/trust';
import { generateSigner, type LocalSigner, signerFromPem } from './local-signer.ts';

/** The keys an org starts with: three root keys of which two must sign, and one for each other role. */
export interface KeySet<S = LocalSigner> {
	readonly root: readonly S[];
	readonly policy: S;
	readonly freshness: S;
	readonly token: S;
	readonly audit: S;
}

const singles: Readonly<Record<Exclude<keyof KeySet, 'root'>, KeyAlgorithm>> = {
	policy: 'ed25519',
	freshness: 'ed25519',
	token: 'es256',
	audit: 'ed25519',
};
const rootNames = ['root-1', 'root-2', 'root-3'] as const;

/** The file each key is kept in. */
export const keyFileNames: readonly string[] = [...rootNames, ...Object.keys(singles)].map((name) => `${name}.pem`);

/** Makes new keys for every role. */
export function generateKeys(): KeySet {
	return {
		root: rootNames.map(() => generateSigner('ed25519')),
		policy: generateSigner(singles.policy),
		freshness: generateSigner(singles.freshness),
		token: generateSigner(singles.token),
		audit: generateSigner(singles.audit),
	};
}

/**
 * File name → PEM text of each key, to be written with mode 0600.
 * @param rootPassphrase encrypts the root keys, which are to be moved away from the server
 */
export function encodeKeys(keys: KeySet, rootPassphrase?: string): Readonly<Record<string, string>> {
	const roots = keys.root.map((key, at) => [`${rootNames[at]}.pem`, key.toPem(rootPassphrase)]);
	const others = Object.keys(singles).map((name) => [`${name}.pem`, keys[name as keyof typeof singles].toPem()]);
	return Object.fromEntries([...roots, ...others]);
}

/**
 * Reads the keys that `encodeKeys` wrote.
 * @throws {TapPassError} key_invalid when a file is missing, is no key, is a key of the wrong kind, or holds the same key as another
 */
export function decodeKeys(files: Readonly<Record<string, string>>, rootPassphrase?: string): KeySet {
	const read = (name: string, algorithm: KeyAlgorithm, passphrase?: string): LocalSigner => {
		const pem = files[`${name}.pem`];
		if (pem === undefined) throw new TapPassError('key_invalid', { detail: `${name}.pem is missing` });
		const signer = signerFromPem(pem, passphrase);
		if (signer.algorithm !== algorithm)
			throw new TapPassError('key_invalid', { detail: `${name}.pem is not ${algorithm}` });
		return signer;
	};
	const keys: KeySet = {
		root: rootNames.map((name) => read(name, 'ed25519', rootPassphrase)),
		policy: read('policy', singles.policy),
		freshness: read('freshness', singles.freshness),
		token: read('token', singles.token),
		audit: read('audit', singles.audit),
	};
	assertDifferent(keys);
	return keys;
}

// One key, one purpose: a root document that named a key twice would be refused by every host.
function assertDifferent({ root, policy, freshness, token, audit }: KeySet): void {
	const ids = [...root, policy, freshness, token, audit].map(({ id }) => id);
	if (new Set(ids).size !== ids.length)
		throw new TapPassError('key_invalid', { detail: 'two files hold the same key' });
}
