import type { Migration } from 'kysely/migration';
import { runStatements } from '../run-statements.ts';

// What is signed counts to 2^53 - 1: a root document that is good must not fail on a narrower column.
const columns: Readonly<Record<string, readonly string[]>> = {
	orgs: ['epoch'],
	sandboxes: ['epoch'],
	policy_statements: ['epoch'],
	sandbox_status: ['epoch'],
	roots: ['epoch', 'version'],
};

/** Epochs and versions of root documents, as wide as what is signed says them. */
export const wideEpochs: Migration = {
	up: runStatements(
		Object.entries(columns).map(
			([table, names]) => `alter table ${table} ${names.map((name) => `alter column ${name} type bigint`).join(', ')}`,
		),
	),
};
