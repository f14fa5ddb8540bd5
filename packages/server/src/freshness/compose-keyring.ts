import { type CompiledPolicy, instant, type OrgId } from '@tappass/core';
import { mintToken, type Signer, signFreshness } from '@tappass/signing';
import { allowDenyDigest, type TokenAudience } from '@tappass/trust';
import type { SequencedStatement } from '../store/keyrings.ts';
import { syncLimits } from '../sync-limits.ts';

/** What a token says of the policy it was minted under. */
export interface TokenTerms {
	/** `allowDenyDigest` of the Compiled Policy. */
	readonly digest: string;
	/** Tool calls per minute. */
	readonly rate: number;
}

/** The token terms of a Compiled Policy. */
export function tokenTerms(policy: Pick<CompiledPolicy, 'tools' | 'budget'>): TokenTerms {
	return { digest: allowDenyDigest(policy), rate: policy.budget.tool_calls_per_minute };
}

/** The session of tokens that were minted while none was open: it is in no table, so every door refuses it. */
export const noSession = 'none';

/** Who signs, and when. */
export interface KeyringTerms {
	readonly org_id: OrgId;
	readonly freshness: Signer;
	readonly token: Signer;
	readonly tokens: TokenTerms;
	/** Unix milliseconds. */
	readonly now: number;
	/** A random name for tokens, at most 40 characters. */
	readonly jti: string;
}

/**
 * The bytes of `keyring.json`: the statement as it was signed once, and a freshness statement of five minutes with the
 * capability tokens, both bound to the sandbox's newest session. One line of canonical JSON.
 */
export async function composeKeyring(statement: SequencedStatement, terms: KeyringTerms): Promise<Buffer> {
	const issued = Math.floor(terms.now / 1_000) * 1_000;
	const mint = (audience: TokenAudience): Promise<string> =>
		mintToken(
			{
				iss: 'tappass',
				aud: audience,
				sub: statement.sandbox_id,
				org_id: terms.org_id,
				sid: statement.session_id ?? noSession,
				pv: statement.policy_version,
				ad: terms.tokens.digest,
				rate: terms.tokens.rate,
				iat: issued / 1_000,
				exp: (issued + syncLimits.freshnessLifeMs) / 1_000,
				jti: `${terms.jti}-${audience}`,
			},
			terms.token,
		);
	const [gateway_token, mcp_session_token] = await Promise.all([mint('gateway'), mint('broker')]);
	const freshness = await signFreshness(
		{
			schema: 'tappass.freshness/1',
			org_id: terms.org_id,
			sandbox_id: statement.sandbox_id,
			epoch: statement.epoch,
			policy_version: statement.policy_version,
			policy_sha256: statement.policy_sha256,
			seq: statement.seq,
			issued_at: instant(issued),
			expires_at: instant(issued + syncLimits.freshnessLifeMs),
			tokens: { gateway_token, mcp_session_token },
		},
		terms.freshness,
	);
	// The policy's envelope is spliced in as it is stored: parsing and printing it for every host would only cost.
	return Buffer.concat([
		Buffer.from(`{"freshness":${JSON.stringify(freshness)},"policy":`),
		statement.envelope,
		Buffer.from(',"schema":"tappass.keyring/1"}'),
	]);
}
