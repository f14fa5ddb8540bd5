import type { Json, OrgId, SandboxId, ToolFacts } from '@tappass/core';
import type { McpServer, RecentCall } from '@tappass/gateway';
import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { Bytes, MaybeMoment, Moment } from './columns.ts';

/** A JSON column of any kind; written as its text. */
type JsonColumn<T> = ColumnType<T, string, string>;
/** Bytes under AES-256-GCM, and the data key that opens them. */
interface Sealed {
	sealed: Bytes;
	data_key_id: string;
}

/** What a sandbox used in one period: `day:2026-11-28` or `month:2026-11`; reservations are in it. */
export interface BudgetPeriodTable {
	readonly org_id: OrgId;
	readonly sandbox_id: SandboxId;
	readonly period: string;
	tokens: Generated<number>;
	dollars: Generated<number>;
}

/** What one call reserved, until it is settled and after. */
export interface BudgetReservationTable {
	readonly org_id: OrgId;
	readonly request_id: string;
	readonly sandbox_id: SandboxId;
	readonly day: string;
	readonly month: string;
	tokens: number;
	dollars: number;
	settled: Generated<boolean>;
	readonly created_at: Moment;
}

/** The calls of a sandbox in the latest minute that it called in. */
export interface RateWindowTable {
	readonly org_id: OrgId;
	readonly sandbox_id: SandboxId;
	readonly kind: 'model' | 'tool';
	minute: number;
	count: number;
}

/** A call that waits for people, or waited. */
export interface ApprovalTable extends Sealed {
	readonly org_id: OrgId;
	/** `apr_…`. */
	readonly ticket: string;
	readonly sandbox_id: SandboxId;
	readonly policy_version: number;
	readonly tool: string;
	readonly args_sha256: string;
	readonly approval_id: string;
	readonly approvers: number;
	approved_by: Generated<string[]>;
	state: Generated<'pending' | 'granted' | 'denied' | 'used'>;
	reason: string | null;
	readonly project: string;
	readonly agent: string;
	readonly session_id: string;
	readonly requested_by: 'rule' | 'trust_level' | 'rego';
	/** People alone, or agents that are trusted to collaborate as well. */
	deciders: Generated<'people' | 'agents'>;
	readonly created_at: Moment;
	readonly expires_at: ColumnType<Date, Date | string, never>;
	decided_at: MaybeMoment;
	used_at: MaybeMoment;
}

/** A tool that nobody approved, or whose definition changed: the review queue. */
export interface DiscoveredToolTable {
	readonly org_id: OrgId;
	readonly tool: string;
	/** Empty when no server offered a definition. */
	readonly definition_sha256: string;
	readonly server: string;
	readonly kind: 'unknown' | 'changed';
	readonly description: string;
	readonly definition: JsonColumn<Json>;
	readonly sandbox_id: SandboxId | null;
	seen: Generated<number>;
	readonly first_seen: Moment;
	last_seen: Moment;
	state: Generated<'open' | 'approved' | 'denied'>;
	decided_by: string | null;
	decided_at: MaybeMoment;
}

/** A tool that an operator approved beside the catalog. */
export interface ApprovedToolTable {
	readonly org_id: OrgId;
	readonly tool: string;
	facts: JsonColumn<ToolFacts>;
	approved_by: string;
	approved_at: Moment;
}

/** The definition of a tool that was agreed to. */
export interface ToolPinTable {
	readonly org_id: OrgId;
	readonly tool: string;
	sha256: string;
	definition: JsonColumn<Json>;
	pinned_at: Moment;
}

/** How far an agent may see, by classification framework. */
export interface ClearanceTable {
	readonly org_id: OrgId;
	readonly project: string;
	readonly agent: string;
	readonly framework: string;
	level: number;
	granted_by: string;
	granted_at: Moment;
}

/** How secret a resource is, by classification framework. */
export interface ClassificationTable {
	readonly org_id: OrgId;
	readonly resource: string;
	readonly framework: string;
	level: number;
	set_by: string;
	set_at: Moment;
}

/** A credential of the vault. It is used, and never read back. */
export interface SecretTable extends Sealed {
	readonly org_id: OrgId;
	readonly name: string;
	created_by: string;
	created_at: Moment;
}

/** Where models are served. */
export interface UpstreamTable {
	readonly org_id: OrgId;
	readonly name: string;
	speaks: 'openai' | 'anthropic' | 'google' | 'mistral' | 'openai-compatible';
	base_url: string;
	/** Exact names, or with `*` at the end. */
	models: string[];
	region: string | null;
	/** Name in the vault; null: it needs none. */
	secret: string | null;
	timeout_ms: number;
	/** Of two that serve a model, the lower one does. */
	position: Generated<number>;
	created_by: string;
	readonly created_at: Moment;
}

/** Dollars per million tokens, where they differ from the shipped prices. */
export interface ModelPriceTable {
	readonly org_id: OrgId;
	readonly model: string;
	input: number;
	output: number;
	cache_read: number;
	cache_write: number;
	set_by: string;
	set_at: Moment;
}

/** A registered MCP server. */
export interface McpServerTable {
	readonly org_id: OrgId;
	readonly name: string;
	transport: JsonColumn<McpServer['transport']>;
	credentials: JSONColumnType<Record<string, string>, string, string>;
	auto_approve: Generated<boolean>;
	revision: Generated<number>;
	created_by: string;
	readonly created_at: Moment;
}

/** Somebody who calls without being enrolled. */
export interface UnenrolledCallerTable {
	readonly org_id: OrgId;
	readonly source: string;
	readonly signature: string;
	user_agent: string | null;
	seen: Generated<number>;
	readonly first_seen: Moment;
	last_seen: Moment;
}

/** A value that a session's calls carry a token in place of. */
export interface PseudonymTable extends Sealed {
	readonly org_id: OrgId;
	readonly session_id: string;
	readonly token: string;
	readonly created_at: Moment;
}

/** What drift detection compares, counted by the hour. */
export interface SignalTable {
	readonly org_id: OrgId;
	readonly hour: ColumnType<Date, Date | string, never>;
	readonly sandbox_id: SandboxId;
	readonly kind: 'model' | 'tool';
	readonly tool: string;
	readonly shape: string;
	readonly detection: string;
	readonly unknown_tool: boolean;
	readonly blocked: boolean;
	count: number;
}

/** What the gateway added to a session's row. */
export interface SessionCounts {
	calls: Generated<number>;
	tool_calls: Generated<number>;
	tokens: Generated<number>;
	dollars: Generated<number>;
	recent: ColumnType<readonly RecentCall[], string | undefined, string>;
	killed_code: string | null;
	killed_reason: string | null;
}
