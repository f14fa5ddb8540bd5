import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../test-support/test-database.ts';

/*
 * The matrix is generated from the catalog: every table of the database × every command × every kind of claim, run as the
 * app role. A new table is covered by existing; one without row-level security fails here.
 */

let database: TestDatabase;
let app: pg.Client;
let superuser: pg.Client;
let tables: readonly Table[];

interface Column {
	readonly name: string;
	readonly type: string;
	readonly required: boolean;
	readonly generated: boolean;
	readonly allowed: string | null;
}
interface Table {
	readonly name: string;
	readonly columns: readonly Column[];
	readonly key: readonly string[];
	/** What the app role may do beside reading and adding. */
	readonly rights: { readonly update: boolean; readonly delete: boolean };
}

const [own, other] = ['org_own01', 'org_other01'];
const soon = (): number => Math.floor(Date.now() / 1_000) + 60;

const badClaims: Readonly<Record<string, () => string | null>> = {
	'no claim': () => null,
	'an empty claim': () => '',
	'a claim that is no JSON': () => '{org_id:',
	'a claim that is no object': () => '["org_own01"]',
	'a claim without an org': () => JSON.stringify({ exp: soon() }),
	'a claim whose org is null': () => JSON.stringify({ org_id: null, exp: soon() }),
	'a claim whose org is another type': () => JSON.stringify({ org_id: { $ne: '' }, exp: soon() }),
	'a claim that never ends': () => JSON.stringify({ org_id: own }),
	'a claim whose end is no number': () => JSON.stringify({ org_id: own, exp: 'tomorrow' }),
	'a claim that has expired': () => JSON.stringify({ org_id: own, exp: soon() - 120 }),
	"another org's claim": () => JSON.stringify({ org_id: 'org_third01', exp: soon() }),
};

beforeAll(async () => {
	database = await testDatabase();
	app = await database.store.connect();
	const { postgres } = JSON.parse(await readFile(path.join(database.directory, 'secrets', 'engine.json'), 'utf8')) as {
		postgres: string;
	};
	superuser = new pg.Client({
		host: path.join(database.directory, 'postgres', 'socket'),
		user: 'postgres',
		password: postgres,
		database: 'tappass',
	});
	await superuser.connect();
	tables = await readTables();
	// Rows are planted past foreign keys: what is under test is who may see them.
	await superuser.query("set session_replication_role = 'replica'");
	for (const org of [own, other]) for (const table of tables) await plant(table, org!);
});
afterAll(async () => {
	await app.end();
	await superuser.end();
	await database.close();
});

async function readTables(): Promise<readonly Table[]> {
	const { rows } = await superuser.query<Column & { table: string; inKey: boolean; rights: Table['rights'] }>(`
		select c.relname as "table", json_build_object('update', has_table_privilege('tappass_app', c.oid, 'update'),
				'delete', has_table_privilege('tappass_app', c.oid, 'delete')) as rights, a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
			a.attnotnull as required, a.attidentity <> '' as generated,
			coalesce(a.attnum = any (k.conkey), false) as "inKey",
			(select substring(pg_get_constraintdef(x.oid) from $$'([^']*)'::text$$) from pg_constraint x
				where x.conrelid = c.oid and x.contype = 'c' and x.conkey = array[a.attnum] limit 1) as allowed
		from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by c.relname, a.attnum`);
	const names = [...new Set(rows.map(({ table }) => table))];
	return names
		.filter((name) => !bookkeeping.includes(name))
		.map((name) => {
			const columns = rows.filter(({ table }) => table === name);
			const key = columns.filter(({ inKey }) => inKey).map((column) => column.name);
			return { name, columns, key, rights: columns[0]!.rights };
		});
}

const bookkeeping = ['kysely_migration', 'kysely_migration_lock'];

function sample({ name, type, allowed }: Column, org: string): unknown {
	if (name === 'org_id') return org;
	if (allowed !== null) return allowed;
	if (type.startsWith('timestamp')) return '2026-01-01T00:00:00Z';
	if (type === 'bytea') return Buffer.from(`x${org}`);
	if (type === 'uuid') return '01900000-0000-7000-8000-000000000000';
	if (type === 'jsonb') return '{}';
	if (type === 'boolean') return true;
	if (type === 'text[]') return ['x'];
	return /int|numeric|double/.test(type) ? 1 : `x_${org}`;
}

function insertOf(table: Table, org: string): { readonly text: string; readonly values: readonly unknown[] } {
	const columns = table.columns.filter(({ required, generated }) => required && !generated);
	const list = columns.map(({ name }) => name).join(', ');
	return {
		text: `insert into ${table.name} (${list}) values (${columns.map((_, at) => `$${at + 1}`).join(', ')})`,
		values: columns.map((column) => sample(column, org)),
	};
}

async function plant(table: Table, org: string): Promise<void> {
	const { text, values } = insertOf(table, org);
	await superuser.query(text, [...values]);
}

async function as<T>(claim: string | null, work: () => Promise<T>): Promise<T> {
	await app.query('begin');
	try {
		if (claim !== null) await app.query("select set_config('tappass.claims', $1, true)", [claim]);
		return await work();
	} finally {
		await app.query('rollback');
	}
}

const count = async (text: string, values: readonly unknown[] = []): Promise<number> =>
	(await app.query(text, [...values])).rowCount ?? 0;

// How many rows a change meets, or that the role has no right to it in this table, whoever asks.
async function changed(
	table: Table,
	claim: string | null,
	command: 'update' | 'delete',
	where = '',
): Promise<number | 'denied'> {
	const text = command === 'update' ? `update ${table.name} set org_id = org_id` : `delete from ${table.name}`;
	return as(claim, () => count(`${text} ${where}`)).catch((error: Error) => {
		if (/permission denied/.test(error.message)) return 'denied';
		throw error;
	});
}

describe('the tables', () => {
	it('all carry an org and enforce row-level security, on their owner too', async () => {
		const { rows } = await superuser.query<{ name: string; ok: boolean }>(`
			select relname as name, relrowsecurity and relforcerowsecurity and exists (
				select from pg_attribute where attrelid = c.oid and attname = 'org_id' and attnotnull) as ok
			from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by relname`);

		expect(rows.length).toBeGreaterThan(20);
		expect(rows.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(bookkeeping);
	});

	it('of the migrations themselves are closed to the app role', async () => {
		for (const name of bookkeeping) await expect(app.query(`select from ${name}`)).rejects.toThrow(/permission denied/);
	});

	it('are exactly those that the program knows', async () => {
		const source = await readFile(new URL('./tables.ts', import.meta.url), 'utf8');
		const known = [...source.slice(source.indexOf('interface Tables')).matchAll(/readonly (\w+):/g)].map(
			([, name]) => name!,
		);

		expect(known.toSorted()).toEqual(tables.map(({ name }) => name).toSorted());
	});

	it('hide no view, and no function that runs as its owner except the directory of orgs', async () => {
		const views = await superuser.query(
			"select from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm', 'f')",
		);
		const functions = await superuser.query<{ proname: string }>(
			"select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef",
		);

		expect(views.rowCount).toBe(0);
		expect(functions.rows).toEqual([{ proname: 'tp_org_ids' }]);
	});
});

describe('the audit log', () => {
	it('gives the app role no right to change an entry or a tile, nor to delete one', () => {
		for (const name of ['audit_entries', 'audit_tiles'])
			expect(tables.find((table) => table.name === name)?.rights, name).toEqual({ update: false, delete: false });
	});
});

describe('the app role', () => {
	it('may neither bypass the rules nor change them', async () => {
		const { rows } = await app.query(
			'select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = current_user',
		);

		expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false, rolcreaterole: false, rolcreatedb: false }]);
		for (const text of [
			'alter table orgs disable row level security',
			'drop policy orgs_own on orgs',
			'set role tappass_owner',
			'create table public.x (y int)',
			'truncate orgs cascade',
		])
			await expect(app.query(text)).rejects.toThrow(/must be owner|permission denied/);
	});

	it('that turns row security off gets an error and no row', async () => {
		await app.query('set row_security = off');
		await expect(app.query('select * from orgs')).rejects.toThrow(/row-level security/);
		await app.query('reset row_security');
	});

	it('learns nothing from the planner: a leaky function is not run before the rule', async () => {
		await app.query('create temp table told (org text)');
		await app.query(
			'create function pg_temp.leak(x text) returns boolean language plpgsql cost 0.0001 as $$ begin insert into told values (x); return true; end $$',
		);
		await app.query("select set_config('tappass.claims', $1, false)", [JSON.stringify({ org_id: own, exp: soon() })]);
		await app.query('select * from projects where pg_temp.leak(org_id)');
		const { rows } = await app.query('select distinct org from told');
		await app.query("select set_config('tappass.claims', '', false)");

		expect(rows).toEqual([{ org: own }]);
	});
});

describe('with a bad claim', () => {
	it.each(Object.keys(badClaims))(
		'%s: every table shows nothing, takes nothing, and reports no error on reading',
		async (kind) => {
			for (const table of tables) {
				const claim = badClaims[kind]!();
				expect(await as(claim, () => count(`select * from ${table.name}`)), `select ${table.name}`).toBe(0);
				expect(await changed(table, claim, 'update'), `update ${table.name}`).toBe(table.rights.update ? 0 : 'denied');
				expect(await changed(table, claim, 'delete'), `delete ${table.name}`).toBe(table.rights.delete ? 0 : 'denied');
				const { text, values } = insertOf(table, own!);
				await expect(
					as(claim, () => app.query(text, [...values])),
					`insert ${table.name}`,
				).rejects.toThrow(/row-level security/);
				const upsert = `${text} on conflict do nothing`;
				await expect(
					as(claim, () => app.query(upsert, [...values])),
					`upsert ${table.name}`,
				).rejects.toThrow(/row-level security/);
				const copied = await as(claim, () =>
					count(`select * from (select count(*) as n from ${table.name}) x where n > 0`),
				);
				expect(copied, `count ${table.name}`).toBe(0);
			}
		},
	);
});

describe("with an org's own claim", () => {
	const claim = (): string => JSON.stringify({ org_id: own, exp: soon() });

	it('every table shows the own row and no other', async () => {
		for (const table of tables) {
			const rows = await as(claim(), async () => (await app.query(`select org_id from ${table.name}`)).rows);
			expect(rows, table.name).toEqual([{ org_id: own }]);
		}
	});

	it('every table refuses rows for another org, and to move a row there', async () => {
		for (const table of tables) {
			const { text, values } = insertOf(table, other!);
			await expect(
				as(claim(), () => app.query(text, [...values])),
				`insert ${table.name}`,
			).rejects.toThrow(/row-level security/);
			await expect(
				as(claim(), () => app.query(`update ${table.name} set org_id = $1`, [other])),
				`move ${table.name}`,
			).rejects.toThrow(table.rights.update ? /row-level security/ : /permission denied/);
		}
	});

	it("every table keeps another org's rows through update and delete that name them", async () => {
		for (const table of tables) {
			const where = `where org_id = '${other}'`;
			expect(await changed(table, claim(), 'update', where), table.name).toBe(table.rights.update ? 0 : 'denied');
			expect(await changed(table, claim(), 'delete', where), table.name).toBe(table.rights.delete ? 0 : 'denied');
		}
	});

	it('foreign keys cannot be used to ask whether another org has a row', async () => {
		const probe = (project: string): Promise<unknown> =>
			as(claim(), () =>
				app.query('insert into agents (org_id, project, name, created_by) values ($1, $2, $3, $3)', [
					own,
					project,
					'probe',
				]),
			).catch((error: Error) => error.message);

		expect(await probe(`x_${other}`)).toBe(await probe('nothing_of_that_name'));
	});
});
