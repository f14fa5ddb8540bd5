import type { JsonWebKey, KeyObject } from 'node:crypto';
import { decodeBase64Url } from '../builtins/base64.ts';
import { BuiltinError } from '../builtins/builtin.ts';
import {
	isArray,
	isObject,
	type ObjectValue,
	objectEntries,
	objectGet,
	parseJson,
	type Value,
} from '../value/index.ts';
import { signatureAlgorithms } from './algorithms.ts';
import type { NodeCrypto } from './index.ts';

/** A key that signatures are checked with. `alg` and `kid` are empty unless a JWK gives them. */
export interface VerificationKey {
	readonly key: KeyObject;
	readonly alg: string;
	readonly kid: string;
}

/**
 * The keys in a PEM certificate, a PEM public key, a JWK or a JWK set. Keys for algorithms that are not known here are
 * left out.
 *
 * @throws {BuiltinError} none of these, or something behind the PEM block
 */
export function verificationKeys(nodeCrypto: NodeCrypto, text: string): readonly VerificationKey[] {
	const block = pemBlock(text);
	if (block !== undefined) return [{ key: pemKey(nodeCrypto, block), alg: '', kid: '' }];
	return jwks(text)
		.map((jwk) => ({ key: jwkKey(nodeCrypto, jwk, 'public'), alg: member(jwk, 'alg'), kid: member(jwk, 'kid') }))
		.filter(({ alg }) => alg === '' || signatureAlgorithms.has(alg));
}

/** The first key of a JWK or JWK set, private or symmetric. */
export function signingKey(nodeCrypto: NodeCrypto, text: string): KeyObject {
	const [jwk] = jwks(text);
	if (jwk === undefined) throw new BuiltinError('no keys found in JWK set');
	return jwkKey(nodeCrypto, jwk, 'private');
}

interface PemBlock {
	readonly type: string;
	readonly text: string;
	/** What stands behind the block's last line. */
	readonly rest: string;
}

function pemBlock(text: string): PemBlock | undefined {
	const found =
		/(?:^|\n)(-----BEGIN ([^\n]+?)-----[ \t]*\r?\n[A-Za-z0-9+/=\s]*?\n?-----END \2-----)[ \t]*(?:\r?\n|$)([\s\S]*)$/.exec(
			text,
		);
	return found === null ? undefined : { text: found[1]!, type: found[2]!, rest: found[3]! };
}

function pemKey(nodeCrypto: NodeCrypto, { type, text, rest }: PemBlock): KeyObject {
	if (rest !== '') throw new BuiltinError('extra data after a PEM certificate block');
	if (type === 'CERTIFICATE') {
		return refusing('failed to parse a PEM certificate', () => new nodeCrypto.X509Certificate(text).publicKey);
	}
	if (type === 'PUBLIC KEY')
		return refusing('failed to parse a PEM public key', () => nodeCrypto.createPublicKey(text));
	throw new BuiltinError('failed to extract a Key from the PEM certificate');
}

function jwks(text: string): readonly ObjectValue[] {
	const context = 'failed to parse a JWK key (set)';
	const parsed = refusing(context, () => parseJson(text));
	if (!isObject(parsed)) throw new BuiltinError(`${context}: expected a JSON object`);
	const set = objectGet(parsed, 'keys');
	const keys: readonly Value[] = set === undefined ? [parsed] : isArray(set) ? set : [set];
	return keys.map((key) => {
		if (!isObject(key)) throw new BuiltinError(`${context}: a key must be a JSON object`);
		return key;
	});
}

/** Key types with the members that must be there. */
const keyTypes: ReadonlyMap<string, readonly string[]> = new Map([
	['RSA', ['n', 'e']],
	['EC', ['crv', 'x', 'y']],
	['OKP', ['crv', 'x']],
	['oct', ['k']],
]);

function jwkKey(nodeCrypto: NodeCrypto, jwk: ObjectValue, use: 'public' | 'private'): KeyObject {
	const context = 'failed to parse a JWK key (set)';
	const kty = member(jwk, 'kty');
	const required = keyTypes.get(kty);
	if (required === undefined) throw new BuiltinError(`${context}: invalid key type '${kty}'`);
	for (const name of required) {
		if (member(jwk, name) === '') throw new BuiltinError(`${context}: required field ${name} is missing`);
	}
	if (kty === 'oct') {
		const secret = refusing(context, () => decodeBase64Url(member(jwk, 'k')));
		return nodeCrypto.createSecretKey(secret);
	}
	const members: Record<string, string> = {};
	for (const [name, value] of objectEntries(jwk)) {
		if (typeof name === 'string' && typeof value === 'string') members[name] = value;
	}
	const key: JsonWebKey = members;
	const isPrivate = use === 'private' && members['d'] !== undefined;
	return refusing(context, () =>
		isPrivate
			? nodeCrypto.createPrivateKey({ key, format: 'jwk' })
			: nodeCrypto.createPublicKey({ key, format: 'jwk' }),
	);
}

/** A string member, empty when it is not there or no string. */
function member(jwk: ObjectValue, name: string): string {
	const value = objectGet(jwk, name);
	return typeof value === 'string' ? value : '';
}

function refusing<Result>(context: string, read: () => Result): Result {
	try {
		return read();
	} catch (error) {
		throw new BuiltinError(`${context}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
	}
}
