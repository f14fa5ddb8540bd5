import { hash } from 'node:crypto';
import { type CompiledPolicy, canonicalBytes, TapPassError } from '@tappass/core';
import type { CapabilityClaims } from './claims.ts';

/** Digest of what a policy allows and denies in tools, hex; a token carries the one it was minted under. */
export function allowDenyDigest({ tools }: Pick<CompiledPolicy, 'tools'>): string {
	return hash(
		'sha256',
		canonicalBytes({ allow: [...tools.allow], deny: [...tools.deny], schemas_acl: tools.schemas_acl }),
		'hex',
	);
}

/**
 * Checks a token's claims against the policy in force, and answers the tool calls per minute that both permit.
 * A claim can narrow the policy; it can never widen it, nor speak for another version of it.
 * @throws {TapPassError} token_invalid
 */
export function narrowedRate(
	claims: CapabilityClaims,
	held: { readonly policy_version: number; readonly compiled_policy: CompiledPolicy },
): number {
	const { compiled_policy, policy_version } = held;
	if (claims.pv !== policy_version || claims.ad !== allowDenyDigest(compiled_policy)) {
		throw new TapPassError('token_invalid', { detail: 'minted under another policy' });
	}
	const ceiling = compiled_policy.budget.tool_calls_per_minute;
	if (claims.rate > ceiling) throw new TapPassError('token_invalid', { detail: 'claims more than the policy allows' });
	return claims.rate;
}
