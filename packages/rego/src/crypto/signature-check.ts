import type { KeyObject } from 'node:crypto';
import { BuiltinError } from '../builtins/builtin.ts';
import { codingSteps } from '../builtins/limits.ts';
import { utf8 } from '../builtins/utf8.ts';
import { type SaltLength, verifySignature } from './algorithms.ts';
import type { NodeCrypto } from './index.ts';
import type { VerificationKey } from './keys.ts';
import type { Token } from './token.ts';

/** What a token is checked by: the header's key id and algorithm, and the algorithm that is used. */
export interface Check {
	readonly kid: string;
	readonly tokenAlg: string;
	readonly alg: string;
	readonly salt: SaltLength;
}

/** Steps that checking one signature costs: some 100 µs. */
const verifyingSteps = 512;

/** Tries the key with the token's id, or else every key that is not for another algorithm. */
export function verifiesWithAny(
	nodeCrypto: NodeCrypto,
	keys: readonly VerificationKey[],
	check: Check,
	token: Token,
	signature: Uint8Array,
	spend: (steps: number) => void,
): boolean {
	const { alg, salt } = check;
	const data = signedData(token);
	const verifies = (key: KeyObject): boolean => {
		spend(verifyingSteps + codingSteps(data.length));
		return verifySignature(nodeCrypto, { alg, key, salt }, data, signature);
	};
	const named = check.kid === '' ? undefined : keys.find(({ kid }) => kid === check.kid);
	if (named !== undefined) return verifies(named.key);
	return keys.some(({ alg: keyAlg, key }) => (keyAlg === '' || keyAlg === check.tokenAlg) && verifies(key));
}

/** What the signature of a token is made over. */
export function signedData(token: Token): Uint8Array {
	return utf8(`${token.header}.${token.payload}`);
}

/** A key made of a shared secret, for the algorithms that take one. */
export function secretKey(nodeCrypto: NodeCrypto, text: string): VerificationKey {
	if (text === '') throw new BuiltinError('no key constraint');
	return { key: nodeCrypto.createSecretKey(utf8(text)), alg: '', kid: '' };
}
