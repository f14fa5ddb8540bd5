import { type Kysely, sql } from 'kysely';

/** A migration step that runs statements in order, in the transaction of the migration. */
export function runStatements(statements: readonly string[]): (db: Kysely<unknown>) => Promise<void> {
	return async (db) => {
		for (const statement of statements) await sql.raw(statement).execute(db);
	};
}
