import { canonicalBytes, parseWith } from '@tappass/core';
import { type Envelope, keyId, type PolicyStatement, policyPayloadType, policyStatementSchema } from '@tappass/trust';
import type { Signer } from '../keys/signer.ts';
import { signEnvelope } from './sign-envelope.ts';

/** A signed statement and the hash that freshness statements name it by. */
export interface SignedPolicyStatement {
	readonly envelope: Envelope;
	/** SHA-256 of the payload bytes, hex: what Freshness vouches for, and the next statement's `prev_sha256`. */
	readonly sha256: string;
}

/**
 * Signs one version of a sandbox's policy with the compile key.
 * @throws {TapPassError} schema_invalid for a statement that no host would accept
 */
export async function signPolicyStatement(
	statement: PolicyStatement,
	...signers: readonly Signer[]
): Promise<SignedPolicyStatement> {
	const payload = canonicalBytes(parseWith(policyStatementSchema, statement, 'the policy statement'));
	return { envelope: await signEnvelope(policyPayloadType, payload, signers), sha256: keyId(payload) };
}
