import type { Migration } from 'kysely/migration';
import { runStatements } from '../run-statements.ts';
import { tenantTable } from '../tenant-table.ts';

/** What sync keeps beside the tables of the first migration. */
export const sync: Migration = {
	up: runStatements([
		...tenantTable('watermarks', 'counter bigint not null default 0, primary key (org_id)'),
		'create index certificates_newest on certificates (org_id, sandbox_id, generation desc)',
		"create index sessions_newest on sessions (org_id, sandbox_id, opened_at desc) where state = 'open'",
	]),
};
