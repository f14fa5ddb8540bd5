import type { KeyAlgorithm } from '@tappass/trust';

/**
 * A private key that can be used but not seen. A file holds one, or a key service does; callers cannot tell which.
 */
export interface Signer {
	/** SHA-256 of `spki`, 64 hex digits. */
	readonly id: string;
	readonly algorithm: KeyAlgorithm;
	/** SubjectPublicKeyInfo, DER. */
	readonly spki: Uint8Array;
	/** 64 bytes: an Ed25519 signature, or for `es256` r and s of ECDSA over SHA-256 (IEEE P1363). */
	readonly sign: (message: Uint8Array) => Promise<Uint8Array>;
}
