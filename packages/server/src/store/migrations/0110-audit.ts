import type { Migration } from 'kysely/migration';
import { runStatements } from '../run-statements.ts';
import { appendOnlyTable, tenantTable } from '../tenant-table.ts';

const at = 'timestamptz not null default now()';

// What is asked for by name. None of it is content, and only `actor` stands for a person: by a pseudonym.
const fields = `leaf bytea not null, at timestamptz not null, type text not null, actor text not null,
	decision text not null, sandbox_id text, project text not null, agent text not null, request_id text, code text`;

/**
 * The audit log. Events wait in `audit_pending` until the sequencer gives them an index; what has one is never changed,
 * which the app role could not do: it has no right to.
 */
export const audit: Migration = {
	up: runStatements([
		...appendOnlyTable(
			'audit_pending',
			`event_id uuid not null, ${fields}, primary key (org_id, event_id)`,
			// The sequencer moves rows out of here.
			['delete'],
		),
		...appendOnlyTable(
			'audit_entries',
			`event_id uuid not null, index bigint not null check (index >= 0), ${fields},
			primary key (org_id, index), unique (org_id, event_id)`,
		),
		'create index audit_entries_at on audit_entries (org_id, at)',
		'create index audit_entries_request on audit_entries (org_id, request_id) where request_id is not null',
		'create index audit_entries_sandbox on audit_entries (org_id, sandbox_id, index) where sandbox_id is not null',
		...appendOnlyTable(
			'audit_payloads',
			'event_id uuid not null, data_key_id text not null, sealed bytea not null, primary key (org_id, event_id)',
			// Erasure.
			['delete'],
		),
		...appendOnlyTable(
			'audit_subjects',
			'lookup bytea not null, pseudonym text not null, primary key (org_id, lookup, pseudonym)',
			['delete'],
		),
		...appendOnlyTable(
			'audit_tiles',
			`level smallint not null check (level >= 0), number bigint not null check (number >= 0), hashes bytea not null,
			primary key (org_id, level, number)`,
		),
		...appendOnlyTable(
			'audit_trees',
			`origin text not null, size bigint not null check (size >= 0), root bytea not null, edge bytea not null,
			epoch bigint not null default 0, sequencer text not null default '', halted text, primary key (org_id)`,
			['update'],
		),
		...appendOnlyTable(
			'audit_checkpoints',
			`size bigint not null, root bytea not null, note bytea not null, key_id text not null, signed_at ${at},
			primary key (org_id, size)`,
			['update'],
		),
		...tenantTable(
			'audit_witnesses',
			`key_id text not null, name text not null, vkey text not null, created_by text not null, created_at ${at},
			primary key (org_id, key_id)`,
		),
		...appendOnlyTable(
			'audit_cosignatures',
			`size bigint not null, witness text not null, line text not null, created_at ${at},
			primary key (org_id, size, witness)`,
			['update'],
		),
	]),
};
