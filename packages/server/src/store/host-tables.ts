import type { OrgId, SandboxId } from '@tappass/core';
import type { ColumnType, Generated } from 'kysely';
import type { Bytes, JsonObject, MaybeBytes, MaybeMoment, Moment } from './columns.ts';
import type { SessionCounts } from './gateway-tables.ts';

/* Sandboxes and their hosts. */

/** `pending` until its bootstrap is exchanged; `locked` when two hosts showed one identity. */
export type SandboxState = 'pending' | 'active' | 'revoked' | 'locked';

/** One installation of an agent. */
export interface SandboxTable {
	readonly org_id: OrgId;
	readonly id: SandboxId;
	/** The host's own name for it, given at the exchange; unique in the org. */
	name: string | null;
	readonly spec_id: string;
	readonly project: string;
	readonly agent: string;
	readonly runtime_id: string;
	state: Generated<SandboxState>;
	/** Why it is revoked or locked. */
	state_reason: string | null;
	/** Epoch of the newest statement; 0 before the first. */
	epoch: Generated<number>;
	/** Version of the newest statement; 0 before the first. */
	policy_version: Generated<number>;
	policy_sha256: string | null;
	/** What the newest statement was made from: `policyKey` and terms, hashed. */
	policy_key: string | null;
	/** Whether an input changed since the newest statement. */
	stale: Generated<boolean>;
	stale_since: MaybeMoment;
	/** Why the last derivation failed; the statement before it stays in force. */
	compile_error: string | null;
	/** Last sequence number of a freshness statement. */
	seq: Generated<number>;
	/** Generation of the newest certificate; 0 before the first. */
	generation: Generated<number>;
	created_by: string;
	created_at: Moment;
	revoked_at: MaybeMoment;
}

/** A single-use enrolment. Its token begins with the org, so that no lookup crosses orgs. */
export interface BootstrapTable {
	readonly org_id: OrgId;
	/** `boot_…`. */
	readonly id: string;
	/** SHA-256 of the token. */
	readonly token_hash: Bytes;
	readonly sandbox_id: SandboxId;
	readonly created_by: string;
	readonly created_at: Moment;
	readonly expires_at: ColumnType<Date, Date | string, never>;
	used_at: MaybeMoment;
	/** SHA-256 of the SPKI of the CSR that burned it, hex. */
	used_key_sha256: string | null;
	used_from: string | null;
	/** The answer of that exchange, for the same key within a minute. */
	response: MaybeBytes;
}

/** A certificate that was issued to a host. */
export interface CertificateTable {
	readonly org_id: OrgId;
	/** Hex. */
	readonly serial: string;
	readonly sandbox_id: SandboxId;
	readonly generation: number;
	readonly spki_sha256: string;
	/** X.509, DER. */
	readonly certificate: Bytes;
	readonly not_before: ColumnType<Date, Date | string, never>;
	readonly not_after: ColumnType<Date, Date | string, never>;
	readonly created_at: Moment;
	/** When a connection first showed it. */
	first_seen_at: MaybeMoment;
	revoked_at: MaybeMoment;
	/** The sandbox was enrolled anew after it: whoever shows it is the host before, not a clone. */
	left_behind: Generated<boolean>;
}

/** What a host last said is loaded. */
export interface SandboxStatusTable {
	readonly org_id: OrgId;
	readonly sandbox_id: SandboxId;
	epoch: number;
	policy_version: number;
	policy_sha256: string | null;
	/** Ring → what is loaded there. */
	rings: JsonObject;
	/** Whatever else the host said of itself. */
	detail: JsonObject;
	reported_at: Moment;
}

/** One launch of a sandbox. */
export interface SessionTable extends SessionCounts {
	readonly org_id: OrgId;
	/** `ses_…`. */
	readonly id: string;
	readonly sandbox_id: SandboxId;
	state: Generated<'open' | 'closed' | 'killed'>;
	readonly opened_at: Moment;
	closed_at: MaybeMoment;
	detail: JsonObject;
}

/** What a host saw, such as a denial of the kernel ring. */
export interface HostEventTable {
	readonly org_id: OrgId;
	readonly sandbox_id: SandboxId;
	/** Chosen by the host; the same id is stored once. */
	readonly event_id: string;
	readonly kind: string;
	readonly at: ColumnType<Date, Date | string, never>;
	readonly body: JsonObject;
	readonly received_at: Moment;
}

/** What an operator should look at: replays, clones, foreign payloads. Never a secret or content. */
export interface SecurityEventTable {
	readonly org_id: OrgId;
	readonly id: Generated<number>;
	readonly code: string;
	readonly sandbox_id: string | null;
	readonly detail: JsonObject;
	readonly at: Moment;
}
