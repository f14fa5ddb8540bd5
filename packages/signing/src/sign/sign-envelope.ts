import { canonicalBytes, type Json, TapPassError } from '@tappass/core';
import { type Envelope, encodeBase64, type PayloadType, preAuthenticationEncoding } from '@tappass/trust';
import type { Signer } from '../keys/signer.ts';

/**
 * Signs exact bytes as one kind of statement.
 * @throws {TapPassError} key_invalid for a key that is not Ed25519
 */
export async function signEnvelope(
	payloadType: PayloadType,
	payload: Uint8Array,
	signers: readonly Signer[],
): Promise<Envelope> {
	if (signers.some(({ algorithm }) => algorithm !== 'ed25519')) {
		throw new TapPassError('key_invalid', { detail: 'statements are signed with Ed25519' });
	}
	const message = preAuthenticationEncoding(payloadType, payload);
	const signatures = signers.map(async (signer) => ({
		keyid: signer.id,
		sig: encodeBase64(await signer.sign(message)),
	}));
	return { payloadType, payload: encodeBase64(payload), signatures: await Promise.all(signatures) };
}

/** The bytes of a document that carries envelopes, `root.json` or `keyring.json`. */
export function documentBytes(document: object): Uint8Array {
	return canonicalBytes(document as Json);
}
