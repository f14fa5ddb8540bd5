import type { Migration } from 'kysely/migration';
import { runStatements } from '../run-statements.ts';

/** What a request waited for after it was committed: a repeated one waits for it too, also when the first was cut off. */
export const idempotentWork: Migration = {
	up: runStatements(['alter table idempotency_keys add column settles jsonb']),
};
