import { type CompiledPolicy, type Identity, instant, type OrgId, type Runtime } from '@tappass/core';
import { allowDenyDigest, type PolicyStatement, protocolVersion, type TokenAudience } from '@tappass/trust';
import type { KeySet } from '../keys/key-set.ts';
import { mintToken } from '../sign/mint-token.ts';
import { documentBytes } from '../sign/sign-envelope.ts';
import { signFreshness } from '../sign/sign-freshness.ts';
import { signPolicyStatement } from '../sign/sign-policy-statement.ts';
import { composeRoot, signRoot } from '../sign/sign-root.ts';

/** What a development keyring is to say; everything else has a fixed value. */
export interface DevelopmentTerms {
	readonly compiled_policy: CompiledPolicy;
	readonly policy_version: number;
	readonly seq: number;
	/** Life of the freshness statement; a host refuses more than 300. */
	readonly ttl_seconds: number;
	/** Unix milliseconds. */
	readonly now: number;
	/** Overrides of the fixed identity. */
	readonly identity?: Partial<Identity>;
	/** Lists of the categories that the policy denies; one that is not given is empty and denies nothing. */
	readonly domain_categories?: PolicyStatement['domain_categories'];
	readonly tool_aliases?: PolicyStatement['tool_aliases'];
	readonly agent_plane_url?: string;
}

/** The identity of keyrings that no server made; the names say so. */
export const developmentIdentity: Identity = {
	org_id: 'org_development',
	project: 'development',
	agent: 'development',
	sandbox_id: 'sbx_development',
	runtime_id: 'development',
	region: 'local',
	sync_url: 'https://127.0.0.1:7601',
} as Identity;

const developmentRuntime: Runtime = {
	schema: 'tappass.runtime/1',
	id: developmentIdentity.runtime_id,
	description: 'Development only.',
	rings: { harness: null, kernel: null, interpreter: null },
	llm_gateway: { upstreams: [] },
	mcp_broker: { servers: [] },
	cidrs: [],
	accepted_gaps: [],
};

// The same for every run with the same keys, so that a root.json on disk stays valid when a keyring is made anew.
const rootIssuedMs = Date.UTC(2025, 0, 1);
const rootExpiresMs = Date.UTC(2100, 0, 1);

/** `root.json` for development: two root keys sign it, and the same keys always give the same bytes. */
export async function makeDevelopmentRoot(
	keys: KeySet,
	org_id: OrgId = developmentIdentity.org_id,
): Promise<Uint8Array> {
	const terms = {
		org_id,
		version: 1,
		epoch: 1,
		issued_at: instant(rootIssuedMs),
		expires_at: instant(rootExpiresMs),
		// No host plane speaks for a development root.
		host_ca_spki_sha256: '0'.repeat(64),
	};
	return documentBytes(await signRoot(composeRoot(terms, keys), keys.root.slice(0, 2)));
}

/**
 * `keyring.json` for development: what a server would send, signed with the keys of `makeDevelopmentRoot`.
 * @throws {TapPassError} schema_invalid
 */
export async function makeDevelopmentKeyring(keys: KeySet, terms: DevelopmentTerms): Promise<Uint8Array> {
	const statement = policyStatement(terms);
	const policy = await signPolicyStatement(statement, keys.policy);
	const { org_id, sandbox_id } = statement.identity;
	const freshness = {
		schema: 'tappass.freshness/1',
		org_id,
		sandbox_id,
		epoch: statement.epoch,
		policy_version: statement.policy_version,
		policy_sha256: policy.sha256,
		seq: terms.seq,
		issued_at: instant(terms.now),
		expires_at: instant(terms.now + terms.ttl_seconds * 1_000),
		tokens: {
			gateway_token: await developmentToken(keys, terms, statement, 'gateway'),
			mcp_session_token: await developmentToken(keys, terms, statement, 'broker'),
		},
	} as const;
	return documentBytes({
		schema: 'tappass.keyring/1',
		policy: policy.envelope,
		freshness: await signFreshness(freshness, keys.freshness),
	});
}

function policyStatement(terms: DevelopmentTerms): PolicyStatement {
	const identity = { ...developmentIdentity, ...terms.identity };
	const unlisted = terms.compiled_policy.network.deny_categories.map((category) => [category, []]);
	return {
		schema: 'tappass.policy-statement/1',
		identity,
		epoch: 1,
		policy_version: terms.policy_version,
		prev_sha256: null,
		min_protocol: protocolVersion,
		issued_at: instant(terms.now),
		compiled_policy: terms.compiled_policy,
		runtime: { ...developmentRuntime, id: identity.runtime_id },
		tool_aliases: terms.tool_aliases ?? {},
		domain_categories: { ...Object.fromEntries(unlisted), ...terms.domain_categories },
		agent_plane_url: terms.agent_plane_url ?? 'http://127.0.0.1:7602',
	};
}

function developmentToken(
	keys: KeySet,
	{ compiled_policy, now, seq, ttl_seconds }: DevelopmentTerms,
	{ identity, policy_version }: PolicyStatement,
	audience: TokenAudience,
): Promise<string> {
	const iat = Math.floor(now / 1_000);
	const claims = {
		iss: 'tappass',
		aud: audience,
		sub: identity.sandbox_id,
		org_id: identity.org_id,
		sid: 'development',
		pv: policy_version,
		ad: allowDenyDigest(compiled_policy),
		rate: compiled_policy.budget.tool_calls_per_minute,
		iat,
		// A keyring may be asked to live too long, to see it refused; its tokens never do.
		exp: iat + Math.min(Math.max(ttl_seconds, 1), 300),
		jti: `development-${seq}-${audience}`,
	} as const;
	return mintToken(claims, keys.token);
}
