import { roles } from '@tappass/core';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../test-support/test-database.ts';
import { actionNames } from './matrix.ts';
import { type Membership, may, type Scope } from './may.ts';
import { visibleTo } from './visible.ts';

let database: TestDatabase;
beforeAll(async () => {
	database = await testDatabase();
	await database.addOrg('org_acme01');
});
afterAll(() => database.close());

const places: readonly Scope[] = [
	{ project: null, agent: null },
	...['eu', 'us'].flatMap((project) => [null, 'mailer', 'other'].map((agent) => ({ project, agent }))),
];
const memberships: readonly Membership[] = roles.flatMap((role) => places.map((place) => ({ role, ...place })));

it.each(actionNames)('a list shows exactly the rows that %s allows, whoever asks', async (action) => {
	const asked = [
		[],
		...memberships.map((one) => [one]),
		// Two roles are the sum of what each gives.
		[memberships[2]!, memberships.at(-1)!],
	].flatMap((held) => [['*'], [action], ['team.read']].map((scopes) => ({ scopes, memberships: held })));

	await database.store.withOrg('org_acme01' as never, async (transaction) => {
		for (const empty of [null, '']) {
			const rows = places.map(({ project, agent }) => sql`(${project ?? empty}::text, ${agent ?? empty}::text)`);
			for (const principal of asked) {
				const where = visibleTo(principal, action, { project: 'r.project', agent: 'r.agent' });
				const found = await sql<Scope>`select nullif(project, '') as project, nullif(agent, '') as agent
					from (values ${sql.join(rows)}) as r(project, agent) where ${where}`.execute(transaction);

				expect(found.rows, JSON.stringify(principal)).toEqual(places.filter((place) => may(principal, action, place)));
			}
		}
	});
});
