import { execFileSync } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { OrgId } from '@tappass/core';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../test-support/test-database.ts';
import { openDatabase } from './database.ts';
import { startEngine } from './engine/engine.ts';
import { openStore } from './store.ts';

const user = process.getuid?.() === 0 ? { engineUser: 'nobody' } : {};
let database: TestDatabase;
beforeAll(async () => {
	database = await testDatabase();
});
afterAll(() => database.close());

describe('a transaction of an org', () => {
	it('leaves nothing behind when its work throws', async () => {
		const org_id = 'org_undone1' as OrgId;
		const work = database.store.withOrg(org_id, async (transaction) => {
			await transaction.insertInto('orgs').values({ org_id, name: 'x', region: 'local' }).execute();
			throw new RangeError('half way');
		});

		await expect(work).rejects.toThrow('half way');
		expect(await database.store.orgIds()).not.toContain(org_id);
	});

	it('whose connection breaks is no fault of ours, whatever it asks next', async () => {
		const org_id = await database.addOrg('org_broken1');
		const work = database.store.withOrg(org_id, async (transaction) => {
			await sql`select pg_terminate_backend(pg_backend_pid())`.execute(transaction).catch(() => {});
			await sql`select 1`.execute(transaction);
		});

		await expect(work).rejects.toThrow(expect.objectContaining({ code: 'store_unavailable' }));
		await database.store.ping();
	});

	it('takes its claim away with it: the pooled connection carries none afterwards', async () => {
		const org_id = await database.addOrg('org_claim1');
		const seen = await database.store.withOrg(org_id, async (transaction) => {
			const { rows } = await sql<{ org: string | null }>`select tp_org() as org`.execute(transaction);
			return rows[0]?.org;
		});
		const client = await database.store.connect();
		const after = await client.query('select tp_org() as org');
		await client.end();

		expect(seen).toBe(org_id);
		expect(after.rows).toEqual([{ org: null }]);
	});

	it('cannot be made to name another org by a quote in the id', async () => {
		const victim = await database.addOrg('org_victim1');
		for (const hostile of [`org_x","org_id":"${victim}`, `org_x'); select '${victim}`, `org_x\\'||'`, '']) {
			const read = database.store.withOrg(hostile as OrgId, (transaction) =>
				transaction.selectFrom('orgs').selectAll().execute(),
			);
			await expect(read).rejects.toMatchObject({ code: 'internal' });
		}
	});
});

describe('the embedded engine', () => {
	it('listens on no network address and lets nobody in without a password', async () => {
		const client = await database.store.connect();
		const { rows } = await client.query("select current_setting('listen_addresses') as listen");
		await client.end();
		const host = path.join(database.directory, 'postgres', 'socket');
		const stranger = new pg.Client({ host, user: 'postgres', password: 'x', database: 'tappass' });

		expect(rows).toEqual([{ listen: '' }]);
		await expect(stranger.connect()).rejects.toThrow(/password authentication failed/);
	});

	it('writes with fsync', async () => {
		const client = await database.store.connect();
		const { rows } = await client.query(
			"select current_setting('fsync') as fsync, current_setting('synchronous_commit') as c",
		);
		await client.end();

		expect(rows).toEqual([{ fsync: 'on', c: 'on' }]);
	});

	it('keeps its passwords in a file that only the server may read', async () => {
		const { mode } = await stat(path.join(database.directory, 'secrets', 'engine.json'));

		expect(mode & 0o777).toBe(0o600);
	});

	it('is no root process, and its data belongs to its user', async () => {
		const pid = (await readFile(path.join(database.directory, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split(
			'\n',
		)[0]!;
		const uid = execFileSync('ps', ['-o', 'uid=', '-p', pid], { encoding: 'utf8' }).trim();

		expect(Number(uid)).not.toBe(0);
		expect((await stat(path.join(database.directory, 'postgres'))).mode & 0o777).toBe(0o700);
	});

	it('keeps what was written when it is stopped and started, runs no migration twice, and follows one that was killed', async () => {
		const first = await testDatabase();
		const org = await first.addOrg('org_kept1');
		const pid = Number(
			(await readFile(path.join(first.directory, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split('\n')[0],
		);
		// The server dies and leaves its engine: the next start stops that one and goes on with its data.
		await first.store.close();
		const second = await openDatabase({ directory: first.directory, ...user });
		const kept = await second.store.orgIds();
		await second.close();
		await first.close();

		expect(kept).toEqual([org]);
		expect(second.migrated).toEqual([]);
		expect(() => process.kill(pid, 0)).toThrow();
	});

	it('says where its log is when it cannot start', async () => {
		const directory = '/etc/passwd/tappass';

		await expect(startEngine({ directory, user: 'nobody' })).rejects.toMatchObject({
			code: 'engine_failed',
			detail: expect.stringContaining(`${directory}/postgres/postgres.log`),
		});
	});
});

describe('a database given by URL', () => {
	it('is refused when the role that the app would use may look past row-level security', async () => {
		const { postgres } = JSON.parse(
			await readFile(path.join(database.directory, 'secrets', 'engine.json'), 'utf8'),
		) as { postgres: string };
		const connection = {
			host: path.join(database.directory, 'postgres', 'socket'),
			user: 'postgres',
			password: postgres,
			database: 'tappass',
		};

		await expect(openStore({ connection })).rejects.toMatchObject({ code: 'database_unsuitable' });
	});

	it('works with the app role taken on after connecting, and sees one org at a time', async () => {
		const { postgres } = JSON.parse(
			await readFile(path.join(database.directory, 'secrets', 'engine.json'), 'utf8'),
		) as { postgres: string };
		const host = encodeURIComponent(path.join(database.directory, 'postgres', 'socket'));
		const external = await openDatabase({
			directory: '/nonexistent',
			url: `postgres://postgres:${postgres}@${host}/tappass`,
		});
		const org = await database.addOrg('org_external1');
		await database.addOrg('org_external2');
		const rows = await external.store.withOrg(org, (transaction) =>
			transaction.selectFrom('orgs').select('org_id').execute(),
		);
		await external.close();

		expect(rows).toEqual([{ org_id: org }]);
	});

	it('that cannot be reached says so without its password', async () => {
		const error = await openDatabase({ directory: '/nonexistent', url: 'postgres://u:hunter2@127.0.0.1:1/x' }).catch(
			(caught: unknown) => caught,
		);

		expect(error).toMatchObject({ code: 'store_unavailable' });
		expect(String(error)).not.toContain('hunter2');
	});
});
