import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { OrgId } from '@tappass/core';
import { type Database, openDatabase } from '../store/database.ts';

/** A real, migrated PostgreSQL in a directory of its own, which `close` removes. */
export interface TestDatabase extends Database {
	readonly directory: string;
	/** Adds an org. */
	readonly addOrg: (id: string) => Promise<OrgId>;
}

/** As root the engine runs as `nobody`, so that tests make no user of the system. */
export async function testDatabase(): Promise<TestDatabase> {
	const directory = await mkdtemp(path.join(tmpdir(), 'tappass-test-'));
	const database = await openDatabase({ directory, ...(process.getuid?.() === 0 ? { engineUser: 'nobody' } : {}) });
	const addOrg = async (id: string): Promise<OrgId> => {
		const org_id = id as OrgId;
		await database.store.withOrg(org_id, (transaction) =>
			transaction.insertInto('orgs').values({ org_id, name: id, region: 'local' }).execute(),
		);
		return org_id;
	};
	const close = async (): Promise<void> => {
		await database.close();
		await rm(directory, { recursive: true, force: true });
	};
	return { ...database, directory, addOrg, close };
}
