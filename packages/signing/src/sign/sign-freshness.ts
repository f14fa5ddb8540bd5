import { canonicalBytes, parseWith } from '@tappass/core';
import { type Envelope, type Freshness, freshnessPayloadType, freshnessSchema } from '@tappass/trust';
import type { Signer } from '../keys/signer.ts';
import { signEnvelope } from './sign-envelope.ts';

/**
 * Says with the online key that a policy is still current.
 * @throws {TapPassError} schema_invalid for a statement that no host would accept
 */
export async function signFreshness(freshness: Freshness, ...signers: readonly Signer[]): Promise<Envelope> {
	const payload = canonicalBytes(parseWith(freshnessSchema, freshness, 'the freshness statement'));
	return signEnvelope(freshnessPayloadType, payload, signers);
}
