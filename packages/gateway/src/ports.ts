import type { AuditEvent } from '@tappass/audit';
import type { BecauseTrail, CompiledPolicy, EffectivePipeline, Json, OrgId, SandboxId, ToolFacts } from '@tappass/core';
import type { ToolAliases, TrustedRoot } from '@tappass/trust';
import type { Price } from './budget/estimate.ts';
import type { Route } from './pipeline/admission.ts';
import type { Caller } from './pipeline/call.ts';
import type { Deciders, Vote, VoteOutcome } from './session/proposals.ts';

/*
 * What the gateway stands on. `memory/` implements all of it for tests and evaluation, the server on PostgreSQL, where
 * replicas share it. Every method that cannot do what it promises throws, and the call it was for is refused.
 */

/** What is in force for one sandbox: the newest version that this process knows. */
export interface BoundPolicy {
	readonly org_id: OrgId;
	readonly project: string;
	readonly agent: string;
	readonly sandbox_id: SandboxId;
	readonly state: 'pending' | 'active' | 'revoked' | 'locked';
	readonly state_reason: string | null;
	readonly epoch: number;
	readonly policy_version: number;
	readonly compiled_policy: CompiledPolicy;
	readonly pipeline: EffectivePipeline;
	readonly because: readonly BecauseTrail[];
	readonly region: string;
	/** Names that harnesses give to tools, `{ 'claude-code': { 'builtin.shell': ['Bash'] } }`. */
	readonly tool_aliases: ToolAliases;
}

export interface PolicyPort {
	/**
	 * Undefined: no such sandbox. Cached; a change reaches the cache within a second. Answers the very same object until
	 * something changes: what is derived from it is kept by it.
	 */
	readonly find: (org_id: OrgId, sandbox_id: SandboxId) => Promise<BoundPolicy | undefined>;
	/** The root document whose token keys are believed; undefined: no such org. */
	readonly root: (org_id: OrgId) => Promise<TrustedRoot | undefined>;
	/** Tells of sandboxes whose policy, state or session changed, so that running streams can be cut. Returns its undoing. */
	readonly onChange: (listener: (org_id: OrgId, sandbox_id: SandboxId) => void) => () => void;
}

/** A session as the pipeline sees it. Opened by a host (or by evaluation), never by the agent. */
export interface Session {
	readonly id: string;
	readonly sandbox_id: SandboxId;
	readonly state: 'open' | 'closed' | 'killed';
	readonly killed_code: string | null;
	readonly killed_reason: string | null;
	/** Unix milliseconds. */
	readonly opened_at: number;
	readonly calls: number;
	readonly tool_calls: number;
	readonly tokens: number;
	readonly dollars: number;
	/**
	 * The latest 64 tool calls, oldest first: what loop_guard looks at. Before them, of earlier ones, the newest of each tool
	 * and those that destroyed.
	 */
	readonly recent: readonly RecentCall[];
}

export interface RecentCall {
	readonly tool: string;
	/** Hash over the tool's name and the shape of its arguments. */
	readonly shape: string;
	/** Hash over the tool's name and its arguments. */
	readonly exact: string;
	/** It deletes, or has the capability `destructive`. */
	readonly destructive: boolean;
	/** A model asked for it; it was not executed here yet. */
	readonly emitted: boolean;
	readonly at: number;
}

export interface SessionPort {
	readonly find: (org_id: OrgId, id: string) => Promise<Session | undefined>;
	/**
	 * Counts a call, atomically, and answers the session with it. Not counted, and answered as it is: one that is not open, is
	 * of another sandbox, or has made more than `calls_max` calls. Undefined: there is none.
	 */
	readonly count: (
		org_id: OrgId,
		id: string,
		call: {
			readonly sandbox_id: SandboxId;
			readonly kind: 'model' | 'tool';
			readonly calls_max: number | undefined;
		},
	) => Promise<Session | undefined>;
	/** Puts a tool call among the `recent` ones by `rememberCall`, atomically, and answers the session with it. */
	readonly remember: (org_id: OrgId, id: string, call: RecentCall) => Promise<Session>;
	readonly spend: (org_id: OrgId, id: string, tokens: number, dollars: number) => Promise<void>;
	readonly kill: (org_id: OrgId, id: string, code: string, reason: string) => Promise<void>;
}

/** What is counted against a ceiling, atomically over all replicas. */
export interface BudgetPort {
	/**
	 * Takes what a call may use, all or nothing.
	 * `ceilings` are those of the policy in force: a lowered ceiling holds at once.
	 * A reservation that arrives after its request was settled takes nothing: whoever asked has given up.
	 */
	readonly reserve: (
		who: { readonly org_id: OrgId; readonly sandbox_id: SandboxId; readonly request_id: string },
		amount: { readonly tokens: number; readonly dollars: number },
		ceilings: { readonly tokens_per_day: number; readonly dollars_per_month: number },
		now: number,
	) => Promise<
		| { readonly effect: 'reserved' }
		| { readonly effect: 'exhausted'; readonly which: 'tokens_per_day' | 'dollars_per_month'; readonly left: number }
	>;
	/** Replaces a reservation by what was used; the second time for one request it changes nothing. */
	readonly settle: (
		who: { readonly org_id: OrgId; readonly sandbox_id: SandboxId; readonly request_id: string },
		used: { readonly tokens: number; readonly dollars: number },
	) => Promise<void>;
	/** Takes one call of a minute's rate. */
	readonly takeRate: (
		who: { readonly org_id: OrgId; readonly sandbox_id: SandboxId },
		kind: 'model' | 'tool',
		per_minute: number,
		now: number,
	) => Promise<{ readonly effect: 'taken' } | { readonly effect: 'exceeded'; readonly retry_after_ms: number }>;
}

export interface ApprovalPort {
	/**
	 * Uses up an approval for exactly these arguments, policy version and sandbox; `granted` at most once for each ticket.
	 * Where people must decide, what an agent agreed to is a `mismatch`.
	 */
	readonly use: (
		org_id: OrgId,
		ticket: string,
		binding: ApprovalBinding,
		deciders: Deciders,
		now: number,
	) => Promise<'granted' | 'pending' | 'denied' | 'expired' | 'used' | 'unknown' | 'mismatch'>;
	/** Asks for one. The same binding that is pending already answers the same ticket, for the fewer deciders of the two. */
	readonly request: (
		org_id: OrgId,
		ask: {
			readonly binding: ApprovalBinding;
			readonly approval_id: string;
			readonly approvers: number;
			readonly deciders: Deciders;
			readonly expires_at: number;
			readonly project: string;
			readonly agent: string;
			readonly session_id: string;
			/** What a person decides about; kept encrypted. */
			readonly args: Json;
			readonly requested_by: 'rule' | 'trust_level' | 'rego';
		},
	) => Promise<{ readonly ticket: string; readonly expires_at: number }>;
	/** An approval of this binding that was granted and not used: agents that cannot carry a ticket simply call again. */
	readonly granted: (
		org_id: OrgId,
		binding: ApprovalBinding,
		deciders: Deciders,
		now: number,
	) => Promise<string | undefined>;
	/** What waits in a project for agents to decide, but for what that agent itself proposes; the oldest first, a page of them. */
	readonly proposals: (
		org_id: OrgId,
		voter: { readonly project: string; readonly agent: string },
		now: number,
	) => Promise<
		readonly { readonly ticket: string; readonly agent: string; readonly tool: string; readonly expires_at: number }[]
	>;
	/** An agent decides, by `judgeVote`; durable, and recorded, before it answers. */
	readonly vote: (org_id: OrgId, vote: Vote, now: number) => Promise<VoteOutcome>;
}

export interface ApprovalBinding {
	readonly sandbox_id: SandboxId;
	readonly policy_version: number;
	readonly tool: string;
	/** SHA-256 of the canonical JSON of the arguments. */
	readonly args_sha256: string;
}

/** Tools that nobody approved, and definitions that changed. */
export interface DiscoveryPort {
	/** Facts of a tool: the catalog, and what operators approved. Undefined: unknown, so denied. */
	readonly facts: (org_id: OrgId, tool: string) => Promise<ToolFacts | undefined>;
	/** Adds to the review queue, once for each tool and definition. */
	readonly report: (
		org_id: OrgId,
		found: {
			readonly tool: string;
			readonly server: string;
			readonly sandbox_id: SandboxId | null;
			readonly kind: 'unknown' | 'changed';
			readonly definition: Json;
			readonly definition_sha256: string | null;
			readonly description: string;
		},
	) => Promise<void>;
	/** The pinned hash of a tool's definition; undefined: never pinned. */
	readonly pin: (org_id: OrgId, tool: string) => Promise<string | undefined>;
	/** Pins a definition that has no pin yet; answers the pin in force. */
	readonly setPin: (org_id: OrgId, tool: string, sha256: string, definition: Json) => Promise<string>;
}

/** Information barriers (seed 000). */
export interface BarrierPort {
	/** framework → level of the agent; higher numbers see more. */
	readonly clearance: (org_id: OrgId, project: string, agent: string) => Promise<Readonly<Record<string, number>>>;
	/** Classification of a resource (`mcp://server/uri`, a tool, a marked section); framework → level. */
	readonly classification: (org_id: OrgId, resource: string) => Promise<Readonly<Record<string, number>> | undefined>;
}

export interface UpstreamPort {
	/**
	 * Where a model of an org is served; undefined: nobody serves it there.
	 * @param residency regions where it may run; undefined: any
	 */
	readonly route: (
		org_id: OrgId,
		model: string,
		residency: readonly string[] | undefined,
	) => Promise<Omit<Route, 'headers'> | undefined>;
	/** The headers that carry an upstream's credential, out of the vault; empty when it needs none. */
	readonly credential: (org_id: OrgId, upstream: string) => Promise<Readonly<Record<string, string>>>;
	readonly models: (org_id: OrgId) => Promise<readonly { readonly id: string; readonly upstream: string }[]>;
	/** Dollars per million tokens; undefined: unknown. */
	readonly price: (org_id: OrgId, model: string) => Promise<Price | undefined>;
}

/** A registered MCP server of an org. */
export interface McpServer {
	/** First segment of its tools' canonical names. */
	readonly name: string;
	readonly transport:
		| { readonly kind: 'http'; readonly url: string }
		| { readonly kind: 'stdio'; readonly command: string; readonly args: readonly string[] };
	/** `bearer:vault://name` and other headers or variables whose values are vault references. */
	readonly credentials: Readonly<Record<string, string>>;
	readonly auto_approve: boolean;
	/** Grows with every change, so that connections to an older entry are closed. */
	readonly revision: number;
}

export interface McpServerPort {
	readonly list: (org_id: OrgId) => Promise<readonly McpServer[]>;
	/** The value behind a `vault://name`. @throws {TapPassError} when there is none */
	readonly secret: (org_id: OrgId, reference: string) => Promise<string>;
}

export interface AuditPort {
	/**
	 * Resolves when every event is durable.
	 * @param canWait nobody waits for these: the log may keep them for some milliseconds, to write them with what comes then
	 * @throws {TapPassError} audit_unavailable
	 */
	readonly append: (events: readonly AuditEvent[], canWait?: boolean) => Promise<void>;
}

export interface UnenrolledPort {
	/**
	 * A call whose token maps to no sandbox. Bounded: repeats of one source and signature are counted, not piled up.
	 * @param claimed the org that the token names, when there is such an org; believed by no one
	 */
	readonly report: (
		caller: Pick<Caller, 'source' | 'user_agent' | 'signature'>,
		claimed: OrgId | undefined,
		now: number,
	) => Promise<void>;
}

/** Values that reversible mode replaced by tokens, of one session. Kept encrypted, and gone with the session. */
export interface PseudonymPort {
	/** Secret of a session from which its tokens are derived, 32 bytes: one value has one token, which says nothing of it. */
	readonly key: (org_id: OrgId, session_id: string) => Promise<Uint8Array>;
	readonly keep: (org_id: OrgId, session_id: string, values: ReadonlyMap<string, string>) => Promise<void>;
	/** token → value, of those that are known. */
	readonly find: (org_id: OrgId, session_id: string, tokens: readonly string[]) => Promise<ReadonlyMap<string, string>>;
}

/** Signs the mandate of a settled call: an ES256 JWS by a key of the `token` role. */
export interface MandatePort {
	readonly sign: (org_id: OrgId, claims: Readonly<Record<string, Json>>) => Promise<string>;
}

/** Numbers that drift detection compares. */
export interface SignalPort {
	readonly record: (signal: {
		readonly org_id: OrgId;
		readonly sandbox_id: SandboxId;
		readonly session_id: string;
		readonly kind: 'model' | 'tool';
		readonly tool?: string | undefined;
		/** Hash of the argument shape. */
		readonly shape?: string | undefined;
		readonly detections: readonly string[];
		readonly unknown_tool: boolean;
		readonly blocked: boolean;
		readonly at: number;
	}) => void;
}

export interface GatewayPorts {
	readonly policies: PolicyPort;
	readonly sessions: SessionPort;
	readonly budgets: BudgetPort;
	readonly approvals: ApprovalPort;
	readonly discovery: DiscoveryPort;
	readonly barriers: BarrierPort;
	readonly upstreams: UpstreamPort;
	readonly mcpServers: McpServerPort;
	readonly audit: AuditPort;
	readonly unenrolled: UnenrolledPort;
	readonly pseudonyms: PseudonymPort;
	readonly mandates: MandatePort;
	readonly signals: SignalPort;
	/** Unix milliseconds. */
	readonly now: () => number;
	/** A monotonic clock, for timings and deadlines. */
	readonly monotonicMs: () => number;
	readonly randomBytes: (count: number) => Uint8Array;
}
