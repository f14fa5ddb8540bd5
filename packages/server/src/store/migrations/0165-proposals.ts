import type { Migration } from 'kysely/migration';
import { runStatements } from '../run-statements.ts';

/** Who may decide about a call that waits. What waited before there was a choice is for people. */
export const proposals: Migration = {
	up: runStatements([
		`alter table approvals add column deciders text not null default 'people' check (deciders in ('people', 'agents'))`,
		`create index approvals_proposals on approvals (org_id, project, created_at)
			where state = 'pending' and deciders = 'agents'`,
	]),
};
