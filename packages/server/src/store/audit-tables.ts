import type { OrgId } from '@tappass/core';
import type { ColumnType, Generated } from 'kysely';
import type { Bytes, Moment } from './columns.ts';

/* The audit log. */

/** An event as the log keeps it: the leaf, and the fields it is found by. */
interface AuditFields {
	/** Exactly what is hashed. */
	readonly leaf: Bytes;
	readonly at: ColumnType<Date, Date | string, never>;
	readonly type: string;
	/** A pseudonym. */
	readonly actor: string;
	readonly decision: string;
	readonly sandbox_id: string | null;
	/** Empty: of the whole org, or as the sandbox says. */
	readonly project: string;
	readonly agent: string;
	readonly request_id: string | null;
	readonly code: string | null;
}

/** A durable event that has no index yet. */
export interface AuditPendingTable extends AuditFields {
	readonly org_id: OrgId;
	readonly event_id: string;
}

/** An entry of the log. */
export interface AuditEntryTable extends AuditFields {
	readonly org_id: OrgId;
	readonly event_id: string;
	readonly index: number;
}

/** What an event told beyond its leaf, with the salt of its commitment; sealed by the org's data key. */
export interface AuditPayloadTable {
	readonly org_id: OrgId;
	readonly event_id: string;
	readonly data_key_id: string;
	readonly sealed: Bytes;
}

/** By which pseudonym an actor is known. Without the row nobody can tell, us included. */
export interface AuditSubjectTable {
	readonly org_id: OrgId;
	/** Keyed hash of the actor. */
	readonly lookup: Bytes;
	readonly pseudonym: string;
}

/** A full tile: 256 hashes. Those at the right edge are in `audit_trees`. */
export interface AuditTileTable {
	readonly org_id: OrgId;
	readonly level: number;
	readonly number: number;
	readonly hashes: Bytes;
}

/** How far an org's log has come. */
export interface AuditTreeTable {
	readonly org_id: OrgId;
	/** Name of the log in its checkpoints; another one only after a restored database went on in a new epoch. */
	origin: string;
	size: number;
	root: Bytes;
	/** The hashes of the tiles that are not full, level by level; how many each has follows from the size. */
	edge: Bytes;
	/** Raised whenever another process takes the log over, so that one that was stopped meanwhile cannot go on. */
	epoch: Generated<number>;
	sequencer: Generated<string>;
	/** Why nothing is sequenced or signed any more. */
	halted: string | null;
}

/** A checkpoint that was signed. */
export interface AuditCheckpointTable {
	readonly org_id: OrgId;
	readonly size: number;
	readonly root: Bytes;
	/** The signed note, exact bytes. */
	note: Bytes;
	key_id: string;
	signed_at: Moment;
}

/** Someone who cosigns checkpoints. */
export interface AuditWitnessTable {
	readonly org_id: OrgId;
	/** As its signature lines name it. */
	readonly key_id: string;
	readonly name: string;
	readonly vkey: string;
	readonly created_by: string;
	readonly created_at: Moment;
}

/** A signature line of a witness. */
export interface AuditCosignatureTable {
	readonly org_id: OrgId;
	readonly size: number;
	readonly witness: string;
	line: string;
	readonly created_at: Moment;
}
