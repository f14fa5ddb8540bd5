import { type Json, TapPassError } from '@tappass/core';
import { freshnessPayloadType, policyPayloadType } from '../envelope/payload-type.ts';
import type { TrustedRoot } from '../keys/trusted-root.ts';
import { type Freshness, freshnessSchema } from '../statement/freshness.ts';
import { type PolicyStatement, policyStatementSchema } from '../statement/policy-statement.ts';
import { assertProtocolSpoken } from './protocol.ts';
import { type Known, parsedStatement, type StatementKind, signedStatement, type Verified } from './statement.ts';

/** The two statements of a `keyring.json`, both signed by keys of the root. */
export interface Keyring {
	readonly policy: Verified<PolicyStatement>;
	readonly freshness: Verified<Freshness>;
}

const policyKind: StatementKind<PolicyStatement> = {
	payloadType: policyPayloadType,
	role: 'policy',
	schema: policyStatementSchema,
	first: assertProtocolSpoken,
};
const freshnessKind: StatementKind<Freshness> = {
	payloadType: freshnessPayloadType,
	role: 'freshness',
	schema: freshnessSchema,
};

/**
 * Verifies both statements and that the second vouches for the first.
 * @param value a parsed `tappass.keyring/1` document
 * @param known the policy in force: most keyrings carry it again, under a new freshness statement
 * @throws {TapPassError} what `signedStatement` and `parsedStatement` throw, protocol_unsupported, policy_hash_mismatch
 */
export function verifiedKeyring(
	root: TrustedRoot,
	value: { readonly [key: string]: Json },
	known?: Known<PolicyStatement>,
): Keyring {
	if (Object.keys(value).length !== 3) throw new TapPassError('payload_malformed', { detail: 'unknown member' });
	// Both signatures first: nothing that one key alone vouches for is parsed.
	const signedPolicy = signedStatement(root, value['policy'], policyKind);
	const signedFreshness = signedStatement(root, value['freshness'], freshnessKind);
	const policy = parsedStatement(signedPolicy, known);
	const freshness = parsedStatement(signedFreshness);
	assertVouches(freshness.statement, policy);
	return { policy, freshness };
}

// §5: the online key vouches for exact bytes; it cannot pair its freshness with any other policy.
function assertVouches(freshness: Freshness, policy: Verified<PolicyStatement>): void {
	const { policy_version, epoch } = policy.statement;
	const vouched =
		freshness.policy_sha256 === policy.sha256 &&
		freshness.policy_version === policy_version &&
		freshness.epoch === epoch;
	if (!vouched) throw new TapPassError('policy_hash_mismatch');
}
