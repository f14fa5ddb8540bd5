import type { Level, OrgId, SandboxId } from '@tappass/core';
import type { ColumnType, Generated } from 'kysely';
import type { Bytes, JsonObject, MaybeBytes, MaybeMoment, Moment } from './columns.ts';

/* Policies, what they are compiled from, and what was signed. */

/** What a stored policy is. */
export type PolicyKind = 'rego' | 'overlay' | 'catalog' | 'pack';

/** A policy in force, keyed by level, scope and basename. */
export interface PolicyTable {
	readonly org_id: OrgId;
	readonly level: Level;
	/** Empty at the org level. */
	readonly project: string;
	/** Empty above the agent level. */
	readonly agent: string;
	/** The basename, or `pack:<id>`. */
	readonly file_key: string;
	readonly kind: PolicyKind;
	/** The path it was applied from, as trails print it. */
	file: string;
	content: Bytes;
	sha256: string;
	revision: number;
	applied_by: string;
	applied_at: ColumnType<Date, Date | string, Date | string>;
}

/** Every change of a policy, so that any revision can be had back. */
export interface PolicyRevisionTable {
	readonly org_id: OrgId;
	readonly revision: number;
	readonly level: Level;
	readonly project: string;
	readonly agent: string;
	readonly file_key: string;
	readonly kind: PolicyKind;
	readonly action: 'apply' | 'remove' | 'rollback';
	readonly file: string;
	/** Null when the policy was removed. */
	readonly content: MaybeBytes;
	readonly narrowed: boolean;
	readonly applied_by: string;
	readonly applied_at: ColumnType<Date, Date | string, never>;
}

/** A Runtime that the org applied; shipped ones are in the library. */
export interface RuntimeTable {
	readonly org_id: OrgId;
	readonly id: string;
	file: string;
	document: Bytes;
	applied_by: string;
	applied_at: Moment;
}

/** A sandbox-spec bound to a project. */
export interface SandboxSpecTable {
	readonly org_id: OrgId;
	readonly id: string;
	project: string;
	agent: string;
	runtime_id: string;
	file: string;
	document: Bytes;
	/** Path → text of each Rego file that the spec names. */
	files: JsonObject;
	created_by: string;
	created_at: Moment;
}

/** What a compile yields beside the signed policy; kept once for all sandboxes with the same result. */
export interface CompiledPolicyTable {
	readonly org_id: OrgId;
	/** SHA-256 of the canonical form of the other columns. */
	readonly sha256: string;
	readonly compiled_policy: JsonObject;
	readonly effective_pipeline: JsonObject;
	readonly because: JsonObject;
	readonly created_at: Moment;
}

/** A signed statement; never changed, never two for one version. */
export interface PolicyStatementTable {
	readonly org_id: OrgId;
	readonly sandbox_id: SandboxId;
	readonly epoch: number;
	readonly policy_version: number;
	/** SHA-256 of the payload, hex. */
	readonly sha256: string;
	/** The DSSE envelope, canonical JSON, exactly as hosts get it. */
	readonly envelope: Bytes;
	/** Row of `compiled_policies`. */
	readonly compiled_sha256: string;
	readonly key_id: string;
	readonly issued_at: ColumnType<Date, Date | string, never>;
}

/** One wave of re-derivation; `done` is counted while it runs. */
export interface RecompileTable {
	readonly org_id: OrgId;
	readonly id: Generated<number>;
	readonly reason: string;
	readonly requested_by: string;
	readonly total: number;
	done: Generated<number>;
	failed: Generated<number>;
	readonly created_at: Moment;
	finished_at: MaybeMoment;
}
