import type { Migration } from 'kysely/migration';
import { runStatements } from '../run-statements.ts';

/** A key that is to follow waits, unused, until a root document lists it: at most one for each role, beside the one in use. */
export const keyRotation: Migration = {
	up: runStatements([
		'alter table org_keys add column pending boolean not null default false',
		'drop index org_keys_current',
		'create unique index org_keys_current on org_keys (org_id, role) where retired_at is null and not pending',
		'create unique index org_keys_pending on org_keys (org_id, role) where pending',
	]),
};
