import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { Point } from '@noble/ed25519';
import { TapPassError } from '@tappass/core';

/** `ed25519` signs statements, `es256` (P-256) signs capability tokens. */
export type KeyAlgorithm = 'ed25519' | 'es256';

/** A public key that has been checked once and may be used often. */
export interface PublicKey {
	/** SHA-256 of `spki`, 64 hex digits. */
	readonly id: string;
	readonly algorithm: KeyAlgorithm;
	/** SubjectPublicKeyInfo, DER. */
	readonly spki: Uint8Array;
	readonly key: KeyObject;
}

// The one DER prefix of each kind (RFC 8410 §4; RFC 5480 §2.1.1 with the uncompressed point form).
const prefixes: Readonly<Record<KeyAlgorithm, string>> = {
	ed25519: '302a300506032b6570032100',
	es256: '3059301306072a8648ce3d020106082a8648ce3d03010703420004',
};
const lengths: Readonly<Record<KeyAlgorithm, number>> = { ed25519: 44, es256: 91 };

/** The id of a key: SHA-256 of its SPKI, 64 hex digits. */
export function keyId(spki: Uint8Array): string {
	return hash('sha256', spki, 'hex');
}

/**
 * Accepts a public key for use: exactly one encoding, a point on its curve, and for Ed25519 a point of the prime-order
 * group (a small-order key verifies signatures of anything).
 * @param spki SubjectPublicKeyInfo, DER
 * @throws {TapPassError} key_invalid
 */
export function importPublicKey(algorithm: KeyAlgorithm, spki: Uint8Array): PublicKey {
	const hex = Buffer.from(spki).toString('hex');
	if (spki.byteLength !== lengths[algorithm] || !hex.startsWith(prefixes[algorithm])) {
		throw new TapPassError('key_invalid', { detail: `not the DER form of an ${algorithm} key` });
	}
	try {
		if (algorithm === 'ed25519') assertPrimeOrder(spki.subarray(12));
		const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
		return Object.freeze({ id: keyId(spki), algorithm, spki, key });
	} catch (cause) {
		throw new TapPassError('key_invalid', { detail: 'the point must not be trusted', cause });
	}
}

function assertPrimeOrder(point: Uint8Array): void {
	// The second argument asks for RFC 8032 strictness: no y coordinate past the field's prime.
	const parsed = Point.fromBytes(point, false);
	if (parsed.isSmallOrder() || !parsed.isTorsionFree()) throw new RangeError('outside the prime-order group');
}
