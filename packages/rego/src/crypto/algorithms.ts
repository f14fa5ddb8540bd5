import type { KeyObject } from 'node:crypto';
import { BuiltinError } from '../builtins/builtin.ts';
import type { NodeCrypto } from './index.ts';

/** How a JWS algorithm (RFC 7518, RFC 8037) signs. `EdDSA` hashes by itself. */
interface Algorithm {
	readonly family: 'HS' | 'RS' | 'PS' | 'ES' | 'EdDSA';
	readonly hash: string;
}

/** The algorithms known here, by their JWS name. */
export const signatureAlgorithms: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
	...(['HS', 'RS', 'PS', 'ES'] as const).flatMap((family) =>
		['256', '384', '512'].map((bits): [string, Algorithm] => [`${family}${bits}`, { family, hash: `sha${bits}` }]),
	),
	['EdDSA', { family: 'EdDSA', hash: '' }],
]);

/** Bytes of a coordinate of each curve, as OpenSSL names them. */
const coordinateBytes: ReadonlyMap<string | undefined, number> = new Map([
	['prime256v1', 32],
	['secp384r1', 48],
	['secp521r1', 66],
]);

/** How much salt a PSS signature may have: what its maker chose, or as much as the hash is long. */
export type SaltLength = 'any' | 'hash';

/**
 * Whether `signature` is one of `data` by `key`. An algorithm that is not known, or a key of another kind than it
 * takes, verifies nothing: the key decides what may be checked with it, never the token alone.
 */
export function verifySignature(
	nodeCrypto: NodeCrypto,
	check: { readonly alg: string; readonly key: KeyObject; readonly salt: SaltLength },
	data: Uint8Array,
	signature: Uint8Array,
): boolean {
	const { alg, key, salt } = check;
	const algorithm = signatureAlgorithms.get(alg);
	if (algorithm === undefined || !takes(algorithm, key)) return false;
	switch (algorithm.family) {
		case 'HS': {
			const mac = nodeCrypto.createHmac(algorithm.hash, key).update(data).digest();
			return mac.length === signature.length && nodeCrypto.timingSafeEqual(mac, signature);
		}
		case 'ES': {
			const normal = normalSignature(key, signature);
			return (
				normal !== undefined && nodeCrypto.verify(algorithm.hash, data, { key, dsaEncoding: 'ieee-p1363' }, normal)
			);
		}
		case 'EdDSA':
			return nodeCrypto.verify(null, data, key, signature);
		default:
			return nodeCrypto.verify(algorithm.hash, data, { key, ...padding(nodeCrypto, algorithm, salt) }, signature);
	}
}

/** Signs `data`. @throws {BuiltinError} a key that the algorithm does not take */
export function signData(nodeCrypto: NodeCrypto, alg: string, key: KeyObject, data: Uint8Array): Uint8Array {
	const algorithm = signatureAlgorithms.get(alg);
	if (algorithm === undefined) throw new BuiltinError(`unknown JWS algorithm: ${alg}`);
	if (!takes(algorithm, key) || key.type === 'public') {
		throw new BuiltinError(
			`failed to sign: ${alg} does not take a ${key.type} key of type ${key.asymmetricKeyType ?? 'oct'}`,
		);
	}
	switch (algorithm.family) {
		case 'HS':
			return nodeCrypto.createHmac(algorithm.hash, key).update(data).digest();
		case 'ES':
			return nodeCrypto.sign(algorithm.hash, data, { key, dsaEncoding: 'ieee-p1363' });
		case 'EdDSA':
			return nodeCrypto.sign(null, data, key);
		default:
			return nodeCrypto.sign(algorithm.hash, data, { key, ...padding(nodeCrypto, algorithm, 'hash') });
	}
}

function takes({ family }: Algorithm, key: KeyObject): boolean {
	switch (family) {
		case 'HS':
			return key.type === 'secret';
		case 'ES':
			return key.asymmetricKeyType === 'ec';
		case 'EdDSA':
			return key.asymmetricKeyType === 'ed25519';
		default:
			return key.asymmetricKeyType === 'rsa';
	}
}

function padding(
	{ constants }: NodeCrypto,
	{ family }: Algorithm,
	salt: SaltLength,
): { readonly padding: number; readonly saltLength?: number } {
	if (family === 'RS') return { padding: constants.RSA_PKCS1_PADDING };
	const saltLength = salt === 'any' ? constants.RSA_PSS_SALTLEN_AUTO : constants.RSA_PSS_SALTLEN_DIGEST;
	return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
}

/** Both halves of an ECDSA signature as long as the curve has them, whatever zeros are in front. */
function normalSignature(key: KeyObject, signature: Uint8Array): Uint8Array | undefined {
	const size = coordinateBytes.get(key.asymmetricKeyDetails?.namedCurve);
	if (size === undefined) return undefined;
	const middle = signature.length >> 1;
	const normal = new Uint8Array(2 * size);
	for (const [index, half] of [signature.subarray(0, middle), signature.subarray(middle)].entries()) {
		const start = half.findIndex((byte) => byte !== 0);
		const digits = start === -1 ? half.subarray(half.length) : half.subarray(start);
		if (digits.length > size) return undefined;
		normal.set(digits, (index + 1) * size - digits.length);
	}
	return normal;
}
