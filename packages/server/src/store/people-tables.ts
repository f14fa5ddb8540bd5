import type { OrgId, Role, TeamId } from '@tappass/core';
import type { ColumnType, Generated } from 'kysely';
import type { Bytes, MaybeMoment, Moment } from './columns.ts';

/* Orgs, who is in them, and what they asked. */

/** One customer. Every other table of the database belongs to one. */
export interface OrgTable {
	readonly org_id: OrgId;
	name: string;
	/** Where the data stays: `eu`, `us`, `local`. */
	region: string;
	/** Raised by the root alone; copied from the newest root document. */
	epoch: Generated<number>;
	/** The last revision of `policy_revisions`. */
	policy_revision: Generated<number>;
	created_at: Moment;
}

/** A project: the middle level of the cascade. */
export interface ProjectTable {
	readonly org_id: OrgId;
	readonly name: string;
	created_by: string;
	created_at: Moment;
}

/** An agent of a project: the lowest level of the cascade. */
export interface AgentTable {
	readonly org_id: OrgId;
	readonly project: string;
	readonly name: string;
	created_by: string;
	created_at: Moment;
}

/** A person or machine that can sign in. */
export interface UserTable {
	readonly org_id: OrgId;
	/** `user_…`. */
	readonly id: string;
	/** Unique in the org, lower case. */
	email: string;
	created_at: Moment;
	disabled_at: MaybeMoment;
}

/** The unit of membership: a team has a scope, its members have roles in it. */
export interface TeamTable {
	readonly org_id: OrgId;
	readonly id: TeamId;
	name: string;
	/** Null: the whole org. */
	project: string | null;
	/** Null: every agent of the project. */
	agent: string | null;
	created_at: Moment;
}

/** What one user may do in the scope of one team. */
export interface MemberTable {
	readonly org_id: OrgId;
	readonly team_id: TeamId;
	readonly user_id: string;
	role: Role;
	created_at: Moment;
}

/** A key as it is kept: its SHA-256 alone. */
export interface ApiKeyTable {
	readonly org_id: OrgId;
	/** `key_…`. */
	readonly id: string;
	readonly user_id: string;
	name: string;
	/** SHA-256 of the whole key. */
	readonly hash: Bytes;
	/** The last four characters, to tell keys apart. */
	readonly ending: string;
	/** Actions the key is limited to; `*` is every action of its user. */
	readonly scopes: string[];
	expires_at: ColumnType<Date, Date | string, Date | string>;
	revoked_at: MaybeMoment;
	last_used_at: MaybeMoment;
	created_at: Moment;
}

/** Sandboxes of some specs that a change made stale. */
export interface Settles {
	readonly specs: readonly string[];
	readonly stale: number;
}

/** The answer to a write that carried an idempotency key. */
export interface IdempotencyKeyTable {
	readonly org_id: OrgId;
	readonly user_id: string;
	readonly key: string;
	/** SHA-256 of method, path and body. */
	readonly request_sha256: string;
	status: number | null;
	response: string | null;
	/** What was still to be derived when it was committed. */
	settles: ColumnType<Settles | null, string | null | undefined, string | null>;
	readonly created_at: Moment;
}
