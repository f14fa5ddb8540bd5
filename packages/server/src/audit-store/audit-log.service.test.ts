import { randomUUID } from 'node:crypto';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { edgeBytes, rootOf } from '@tappass/audit';
import type { OrgId } from '@tappass/core';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { fileKms } from '../keys/kms.ts';
import { OrgKeys } from '../keys/org-keys.ts';
import type { OrgTransaction } from '../store/store.ts';
import { type TestDatabase, testDatabase } from '../test-support/test-database.ts';
import type { ServerEvent } from './append.ts';
import { AuditLog } from './audit-log.ts';
import { auditLimits } from './limits.ts';
import { readTree, treeAt } from './read.ts';
import { treeOf } from './verify-store.ts';

let database: TestDatabase;
let superuser: pg.Client;
let keys: OrgKeys;
let org: OrgId;
let count = 0;
const running: AuditLog[] = [];
const alarms: string[] = [];

beforeAll(async () => {
	database = await testDatabase();
	keys = new OrgKeys(await fileKms(path.join(database.directory, 'secrets', 'kms.key')));
	const { postgres: password } = JSON.parse(
		await readFile(path.join(database.directory, 'secrets', 'engine.json'), 'utf8'),
	) as { postgres: string };
	const host = path.join(database.directory, 'postgres', 'socket');
	superuser = new pg.Client({ host, user: 'postgres', password, database: 'tappass' });
	await superuser.connect();
});
beforeEach(async () => {
	for (const log of running.splice(0)) await log.stop();
	alarms.length = 0;
	count += 1;
	org = await database.addOrg(`org_number${count}`);
	await database.store.withOrg(org, (transaction) => keys.create(transaction, org));
});
afterAll(async () => {
	for (const log of running) await log.stop();
	await superuser.end();
	await database.close();
});

/** A log as one replica has it, with a place of its own for what was last signed. */
function replica(name = 'one'): AuditLog {
	const log = new AuditLog({
		store: database.store,
		keys,
		directory: path.join(database.directory, `watermarks-${name}`),
		host: 'test',
		now: Date.now,
		log: (level, _msg, fields) => {
			if (level === 'error' && fields['org_id'] === org) alarms.push(String(fields['reason']));
		},
	});
	running.push(log);
	return log;
}

function started(name?: string): AuditLog {
	const log = replica(name);
	log.start();
	return log;
}

/** How the log stood at an earlier size. */
async function earlier(
	transaction: OrgTransaction,
	size: number,
): Promise<{ readonly size: number; readonly root: Uint8Array; readonly edge: Uint8Array }> {
	const tree = (await treeAt(transaction, treeOf((await readTree(transaction))!), size))!;
	return { size, root: rootOf(tree), edge: edgeBytes(tree) };
}

function happened(log: AuditLog, change: Partial<ServerEvent> = {}): ServerEvent {
	const actor = { kind: 'server', id: 'test' } as const;
	return log.event({ org_id: org, type: 'catalog.changed', actor, decision: 'none', payload: { n: 1 }, ...change });
}

const rows = async (text: string): Promise<readonly Record<string, unknown>[]> =>
	(await superuser.query(`${text}`, [org])).rows as Record<string, unknown>[];
const sizes = async (): Promise<readonly number[]> =>
	(await rows('select size from audit_checkpoints where org_id = $1 order by size')).map(({ size }) => Number(size));
const entries = async (): Promise<readonly string[]> =>
	(await rows('select event_id from audit_entries where org_id = $1 order by index')).map(
		({ event_id }) => `${event_id}`,
	);
const signed = (size: number): Promise<void> => vi.waitFor(async () => expect((await sizes()).at(-1)).toBe(size), wait);
const wait = { timeout: 60_000, interval: 50 };

describe('appending', () => {
	it('is refused when too many wait already, and nothing of what was refused is there', async () => {
		const log = replica();
		const many = Array.from({ length: auditLimits.outstandingMax }, () => happened(log));
		const one = happened(log);

		const first = log.append(many);
		await expect(log.append([one])).rejects.toMatchObject({ code: 'audit_unavailable' });
		await first;

		const waiting = (await rows('select event_id from audit_pending where org_id = $1')).map((row) => row['event_id']);
		expect(waiting.length).toBe(many.length);
		expect(waiting).not.toContain(one.id);
	});

	it('is refused while the log is halted', async () => {
		const log = started();
		await log.append([happened(log)]);
		await signed(1);
		await superuser.query('update audit_trees set root = $2 where org_id = $1', [org, Buffer.alloc(32)]);
		await log.append([happened(log)]);
		await vi.waitFor(() => expect(log.haltedBy(org)).toMatch(/does not hash to its root/), wait);

		await expect(log.append([happened(log)])).rejects.toMatchObject({ code: 'audit_unavailable' });
		await expect(
			database.store.withOrg(org, (transaction) => log.appendIn(transaction, [happened(log)])),
		).rejects.toMatchObject({ code: 'audit_unavailable' });
		expect(await sizes()).toEqual([1]);
	});

	it('takes an event once, however often, by whichever way and whenever it is sent again', async () => {
		const log = started();
		const event = happened(log);

		await Promise.all([log.append([event, event]), log.append([event])]);
		await log.append([event]);
		await signed(1);
		await log.append([event]);
		await database.store.withOrg(org, (transaction) => log.appendIn(transaction, [event]));
		await log.append([happened(log)]);
		await signed(2);

		expect((await entries()).filter((id) => id === event.id)).toEqual([event.id]);
		expect(await rows('select event_id from audit_payloads where org_id = $1')).toHaveLength(2);
	});

	it('within a transaction is undone with it, and durable with it', async () => {
		const log = started();
		const [undone, done] = [happened(log), happened(log)];

		await database.store
			.withOrg(org, async (transaction) => {
				await log.appendIn(transaction, [undone]);
				throw new RangeError('after all');
			})
			.catch(() => {});
		await database.store.withOrg(org, (transaction) => log.appendIn(transaction, [done]));
		await signed(1);

		expect(await entries()).toEqual([done.id]);
	});

	it('for another org than the transaction is refused', async () => {
		const log = replica();
		const foreign = happened(log, { org_id: 'org_somebody' as OrgId });

		await expect(
			database.store.withOrg(org, (transaction) => log.appendIn(transaction, [happened(log), foreign])),
		).rejects.toThrow();
	});
});

describe('sequencing', () => {
	it('passes over nothing that commits late, and gives contiguous indices', async () => {
		const log = started();
		const late = happened(log);
		let commit = (): void => {};
		const held = new Promise<void>((resolve) => {
			commit = resolve;
		});
		const slow = database.store.withOrg(org, async (transaction) => {
			await log.appendIn(transaction, [late]);
			await held;
		});
		await log.append(Array.from({ length: 300 }, () => happened(log)));
		await signed(300);
		commit();
		await slow;
		await signed(301);

		expect((await entries()).at(-1)).toBe(late.id);
		const indices = await rows('select index from audit_entries where org_id = $1 order by index');
		expect(indices.map(({ index }) => Number(index))).toEqual(Array.from({ length: 301 }, (_, at) => at));
	});

	it('is done by one of two replicas, and by the other once that one has ended', async () => {
		const [one, two] = [started('one'), started('two')];
		await Promise.all([one.append([happened(one)]), two.append([happened(two)])]);
		await signed(2);
		expect([one, two].filter((log) => log.holds(org))).toHaveLength(1);

		const [first, second] = one.holds(org) ? [one, two] : [two, one];
		await first.stop();
		await second.append([happened(second)]);
		await signed(3);
		expect(second.holds(org)).toBe(true);
	});

	it('of one org goes on while another cannot be sequenced', async () => {
		const lame = await database.addOrg(`org_a_lame${count}`);
		const log = started();
		await superuser.query(
			`insert into audit_pending (org_id, event_id, leaf, at, type, actor, decision, project, agent)
			values ($1, gen_random_uuid(), 'x', now(), 'x', 'x', 'none', '', '')`,
			[lame],
		);

		await log.append([happened(log)]);
		await signed(1);
		await log.append([happened(log)]);
		await signed(2);
		await superuser.query('delete from audit_pending where org_id = $1', [lame]);
	});

	it('ends for a process whose connection the database has cut, and nothing is sequenced twice', async () => {
		const [one, two] = [started('one'), started('two')];
		for (let round = 0; round < 5; round += 1) {
			await Promise.all([one.append([happened(one), happened(one)]), two.append([happened(two)])]);
			await superuser.query(
				"select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()",
			);
		}
		await signed(15);

		expect(new Set(await entries()).size).toBe(15);
		expect(alarms).toEqual([]);
	});
});

describe('nothing is signed', () => {
	const lost = async (damage: () => Promise<unknown>, reason: RegExp): Promise<void> => {
		const log = started();
		await log.append(Array.from({ length: 700 }, () => happened(log)));
		await signed(700);
		await log.stop();
		await damage();

		const next = started();
		await vi.waitFor(() => expect(alarms.join()).toMatch(reason), wait);
		await expect(next.append([happened(next)])).rejects.toMatchObject({ code: 'audit_unavailable' });
		expect((await sizes()).at(-1) ?? 0).toBeLessThanOrEqual(700);
	};

	it('after an entry was changed', () =>
		lost(
			() => superuser.query("update audit_entries set leaf = leaf || '!' where org_id = $1 and index = 690", [org]),
			/entry 690/,
		));

	it('after an entry is missing', () =>
		lost(
			() => superuser.query('delete from audit_entries where org_id = $1 and index = 699', [org]),
			/700 entries, the log 699/,
		));

	it('after a tile was changed', () =>
		lost(
			() =>
				superuser.query(
					'update audit_tiles set hashes = set_byte(hashes, 40, 255 - get_byte(hashes, 40)) where org_id = $1 and number = 1',
					[org],
				),
			/tile 0\/1/,
		));

	it('after a tile is missing', () =>
		lost(
			() => superuser.query('delete from audit_tiles where org_id = $1 and number = 0', [org]),
			/level 0 has 1 tiles/,
		));

	it('by a database that is older than what was signed', () =>
		lost(async () => {
			// Yesterday's backup: everything after entry 600 is not there, and all of it fits together.
			const { size, root, edge } = await database.store.withOrg(org, async (transaction) => earlier(transaction, 600));
			await superuser.query('delete from audit_entries where org_id = $1 and index >= 600', [org]);
			await superuser.query('delete from audit_checkpoints where org_id = $1', [org]);
			await superuser.query('update audit_trees set size = $2, root = $3, edge = $4 where org_id = $1', [
				org,
				size,
				root,
				edge,
			]);
		}, /has 700 entries, the database 600/));

	it('by such a database until the root raises the epoch: then it goes on under another name, not as a second history', async () => {
		const log = started();
		await log.append(Array.from({ length: 300 }, () => happened(log)));
		await signed(300);
		await log.stop();
		const { root, edge } = await database.store.withOrg(org, (transaction) => earlier(transaction, 200));
		await superuser.query('delete from audit_entries where org_id = $1 and index >= 200', [org]);
		await superuser.query('delete from audit_checkpoints where org_id = $1', [org]);
		await superuser.query('update audit_trees set size = 200, root = $2, edge = $3 where org_id = $1', [
			org,
			root,
			edge,
		]);
		await superuser.query('delete from audit_tiles where org_id = $1', [org]);
		const next = started();
		await vi.waitFor(() => expect(alarms.join()).toMatch(/older than what was signed/), wait);
		const accepted = happened(next, { type: 'root.accepted' });

		await database.store.withOrg(org, async (transaction) => {
			await transaction.updateTable('orgs').set({ epoch: 2 }).execute();
			await next.appendIn(transaction, [accepted]);
		});
		await signed(201);

		expect((await entries()).at(-1)).toBe(accepted.id);
		const [checkpoint] = await rows('select note from audit_checkpoints where org_id = $1 order by size desc limit 1');
		expect(String(checkpoint!['note']).split('\n')[0]).toBe(`audit.local.test/${org}/2`);
		await vi.waitFor(() => expect(next.haltedBy(org)).toBeUndefined(), wait);
		await next.append([happened(next)]);
		await signed(202);
	});

	it('when what was last signed cannot be read', () =>
		lost(
			() => writeFile(path.join(database.directory, 'watermarks-one', `${org}.audit.json`), '{"schema":'),
			/cannot be read/,
		));

	it('after an entry was changed that was signed long ago: all of the log is read again and again', () =>
		lost(
			() => superuser.query("update audit_entries set leaf = leaf || '!' where org_id = $1 and index = 3", [org]),
			/entry 3 /,
		));

	it('until the damage is undone: then the log goes on by itself', async () => {
		const log = started();
		await log.append([happened(log)]);
		await signed(1);
		await log.stop();
		await superuser.query("update audit_entries set leaf = leaf || '!' where org_id = $1", [org]);
		const next = started();
		await vi.waitFor(() => expect(next.haltedBy(org)).toMatch(/entry 0/), wait);
		await superuser.query(
			'update audit_entries set leaf = substring(leaf for length(leaf) - 1) where org_id = $1 and index = 0',
			[org],
		);

		await vi.waitFor(() => expect(next.haltedBy(org)).toBeUndefined(), wait);
		await next.append([happened(next)]);
		await signed(2);
	});
});

describe('what was erased', () => {
	it('is erased again in a database that was restored, also what came behind a line that a crash cut short', async () => {
		const log = replica('erasing');
		const events = Array.from({ length: 3 }, () => happened(log));
		await log.append(events);
		const ids = events.map(({ id }) => id);
		await log.erasures.add(org, [ids[0]!]);
		await appendFile(path.join(database.directory, 'watermarks-erasing', `${org}.erased`), ids[1]!.slice(0, 11));
		await log.erasures.add(org, [ids[2]!]);
		// More than a statement has parameters.
		await log.erasures.add(
			org,
			Array.from({ length: 70_000 }, () => randomUUID()),
		);

		const left = await database.store.withOrg(org, async (transaction) => {
			expect(await log.erasures.reapply(transaction, org)).toBe(2);
			return transaction.selectFrom('audit_payloads').select('event_id').execute();
		});

		expect(left.map(({ event_id }) => event_id)).toEqual([ids[1]]);
	});
});
