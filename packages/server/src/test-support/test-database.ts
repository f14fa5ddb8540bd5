import { rm } from 'node:fs/promises';
import type { OrgId } from '@tappass/core';
import { type Database, openDatabase } from '../store/database.ts';
import { engineDirectory, engineUser } from './engine-template.ts';

/** A real, migrated PostgreSQL in a directory of its own, which `close` removes. */
export interface TestDatabase extends Database {
	readonly directory: string;
	/** Adds an org. */
	readonly addOrg: (id: string) => Promise<OrgId>;
}

/** Starts it. */
export async function testDatabase(): Promise<TestDatabase> {
	const directory = await engineDirectory('tappass-test-');
	const database = await openDatabase({ directory, ...(engineUser === undefined ? {} : { engineUser }) });
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
