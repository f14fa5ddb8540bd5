import type { Migration } from 'kysely/migration';
import { runStatements } from '../run-statements.ts';

/**
 * A sandbox may be enrolled anew. Its name is free again once it is revoked, which it is for good; and certificates that a
 * new enrolment has left behind are told from those that a clone may show.
 */
export const enrolAnew: Migration = {
	up: runStatements([
		'alter table sandboxes drop constraint sandboxes_org_id_name_key',
		"create unique index sandboxes_live_name on sandboxes (org_id, name) where state <> 'revoked'",
		// Audit and lists look sandboxes up by name, revoked ones too.
		'create index sandboxes_name on sandboxes (org_id, name)',
		'alter table certificates add column left_behind boolean not null default false',
	]),
};
