import { TapPassError } from '@tappass/core';
import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { tables } from './migrations/0001-tables.ts';
import { sync } from './migrations/0100-sync.ts';
import { audit } from './migrations/0110-audit.ts';
import { gateway } from './migrations/0120-gateway.ts';
import { keyRotation } from './migrations/0130-key-rotation.ts';
import { wideEpochs } from './migrations/0140-wide-epochs.ts';
import { enrolAnew } from './migrations/0155-enrol-anew.ts';
import { proposals } from './migrations/0165-proposals.ts';
import { idempotentWork } from './migrations/0170-idempotent-work.ts';

/** Every migration in order; a name never changes once it has run anywhere. */
const migrations: Readonly<Record<string, Migration>> = {
	'0001-tables': tables,
	'0100-sync': sync,
	'0110-audit': audit,
	'0120-gateway': gateway,
	'0130-key-rotation': keyRotation,
	'0140-wide-epochs': wideEpochs,
	'0155-enrol-anew': enrolAnew,
	'0165-proposals': proposals,
	'0170-idempotent-work': idempotentWork,
};

/**
 * Brings a database to this version of the program, as its owner. Replicas that start together wait for one another; a
 * database from a later version is refused, not touched.
 *
 * @returns the names of the migrations that ran now
 * @throws {TapPassError} database_unsuitable
 */
export async function migrate(owner: Kysely<unknown>): Promise<readonly string[]> {
	const migrator = new Migrator({ db: owner, provider: { getMigrations: async () => ({ ...migrations }) } });
	const { error, results } = await migrator.migrateToLatest();
	if (error !== undefined) {
		const at = results?.find(({ status }) => status === 'Error')?.migrationName;
		throw new TapPassError('database_unsuitable', {
			detail: at === undefined ? 'its migrations are not those of this program' : `migration ${at} failed`,
			hint: 'start the version of TapPass that this database was last used with, or a later one',
			cause: error,
		});
	}
	return (results ?? []).map(({ migrationName }) => migrationName);
}
