import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openStore } from '../store/store.ts';
import {
	type AuditCluster,
	auditCluster,
	check,
	startWriter,
	untilSigned,
	Witness,
	type Writer,
} from '../test-support/audit-cluster.ts';
import type { WriterMessage } from '../test-support/audit-writer.ts';

const runs = Number(process.env['CRASH_RUNS'] ?? 20);

let cluster: AuditCluster;
beforeAll(async () => {
	cluster = await auditCluster();
});
const writers: Writer[] = [];
afterEach(() => Promise.all(writers.splice(0).map((writer) => writer.kill())));
afterAll(() => cluster.close());

/** Starts a process that appends and sequences; what a test leaves running is ended with it. */
async function begin(name: string, callers = 8): Promise<Writer> {
	const writer = await startWriter(cluster, name, { callers });
	writers.push(writer);
	return writer;
}

const sizeSigned = async (): Promise<number> =>
	Number(
		(await cluster.query<{ size: string | null }>('select max(size) as size from audit_checkpoints'))[0]?.size ?? 0,
	);
const growsBeyond = (size: number): Promise<void> =>
	vi.waitFor(async () => expect(await sizeSigned()).toBeGreaterThan(size), { timeout: 60_000, interval: 100 });
const refused = { code: 'audit_unavailable' };
const count = (said: readonly WriterMessage[], kind: WriterMessage['kind']): number =>
	said.filter((each) => each.kind === kind).length;

async function until(condition: () => boolean, what: string): Promise<void> {
	for (let attempt = 0; attempt < 1_200; attempt += 1) {
		if (condition()) return;
		await sleep(25);
	}
	throw new Error(`never: ${what}`);
}

describe('no event that was acknowledged is lost or there twice, and no checkpoint is forked', () => {
	it(
		`over ${runs} times kill -9: of the process that sequences, of PostgreSQL, of both`,
		async () => {
			const said: WriterMessage[] = [];
			const witness = new Witness(cluster);
			const beginBoth = async (): Promise<readonly Writer[]> => {
				const both = [await begin('a'), await begin('b')];
				for (const { child } of both) child.on('message', (message) => said.push(message as WriterMessage));
				return both;
			};
			let both = await beginBoth();
			for (let run = 0; run < runs; run += 1) {
				const before = count(said, 'acked');
				await until(() => count(said, 'acked') > before + 50, 'events are acknowledged again');
				// Every other time there has been a signature since the last crash, so that there is something to fork.
				if (run % 2 === 0) await growsBeyond(await sizeSigned());
				await witness.look();
				// Somewhere in the middle of an append, a batch or a signature.
				await sleep(Math.random() * 300);
				const [killsWriters, killsDatabase] = [run % 3 !== 1, run % 3 !== 0];
				if (killsWriters) await Promise.all(both.map((writer) => writer.kill()));
				if (killsDatabase) await cluster.crash();
				if (killsWriters) both = await beginBoth();
			}
			const before = count(said, 'acked');
			await until(() => count(said, 'acked') > before + 50, 'events are acknowledged after the last crash');
			await Promise.all(both.map((writer) => writer.kill()));
			await begin('a', 0);
			await untilSigned(cluster);
			await witness.look();

			const report = await check(cluster, said, [...witness.seen.values()]);
			expect(report.faults).toEqual([]);
			expect(said.filter(({ kind }) => kind === 'alarm')).toEqual([]);
			expect(report.acked).toBeGreaterThan(runs * 50);
			expect(report.checkpoints).toBeGreaterThan(2);
		},
		120_000 + runs * 10_000,
	);
});

describe('a process that is stopped for a while', () => {
	it('is passed over by the other, and forks nothing when it goes on', async () => {
		const witness = new Witness(cluster);
		const both = [await begin('a', 2), await begin('b', 2)];
		await growsBeyond(await sizeSigned());
		for (const writer of [...both, both[0]!]) {
			writer.child.kill('SIGSTOP');
			// Longer than the database lets a silent sequencer keep its lock.
			await growsBeyond((await sizeSigned()) + 1);
			await witness.look();
			writer.child.kill('SIGCONT');
			await growsBeyond(await sizeSigned());
		}
		await Promise.all(both.map((writer) => writer.kill()));
		await begin('a', 0);
		await untilSigned(cluster);
		await witness.look();

		const said = both.flatMap((writer) => writer.said);
		const report = await check(cluster, said, [...witness.seen.values()]);
		expect(report.faults).toEqual([]);
		expect(said.filter(({ kind }) => kind === 'alarm')).toEqual([]);
	}, 180_000);

	it('keeps the log no longer when it was in the middle of reading', async () => {
		const before = await sizeSigned();
		// As a sequencer does, by hand: it takes the lock, asks for much, and then reads no more.
		const stopped = new pg.Client(cluster.connection());
		stopped.on('error', () => {});
		await stopped.connect();
		const lock = "select pg_advisory_lock(hashtextextended('tappass audit ' || $1, 0))";
		await stopped.query(lock, [cluster.org_id]);
		for (const name of ['idle_session_timeout', 'idle_in_transaction_session_timeout'])
			await stopped.query('select set_config($1, $2, false)', [name, '5000']);
		stopped.query("select repeat('x', 1048576) from generate_series(1, 64)").catch(() => {});
		const { stream } = (stopped as unknown as { connection: { stream: Socket } }).connection;
		stream.pause();
		await vi.waitFor(
			async () => {
				const waits = "select from pg_stat_activity where wait_event = 'ClientWrite'";
				expect(await cluster.query(waits)).toHaveLength(1);
			},
			{ timeout: 30_000, interval: 50 },
		);

		await begin('b', 2);
		await growsBeyond(before);
		stream.destroy();
	}, 120_000);

	it('keeps no row locked in a transaction that it does not end', async () => {
		const log = await openStore({ connection: cluster.connection() });
		const stopped = new AbortController();
		const held = log.withOrg(cluster.org_id, async (transaction) => {
			await transaction.updateTable('orgs').set({ name: 'crash' }).execute();
			await once(stopped.signal, 'abort');
		});
		held.catch(() => {});
		try {
			const rows = await cluster.query("update orgs set name = 'crash' returning name");
			expect(rows).toHaveLength(1);
		} finally {
			stopped.abort();
		}
		await expect(held).rejects.toThrow();
		await log.close();
	}, 120_000);
});

describe('a commit that not enough standbys confirm', () => {
	it('acknowledges nothing, cancelled or not, though what it wrote can be seen; sent again it is there once', async () => {
		const log = await cluster.openLog('a');
		const [cancelled, late] = [log.event(), log.event()];
		await cluster.query("alter system set synchronous_standby_names = 'nobody'");
		await cluster.query('select pg_reload_conf()');
		const visible = async (id: string): Promise<boolean> =>
			(
				await cluster.query(
					'select from audit_pending where event_id = $1 union all select from audit_entries where event_id = $1',
					[id],
				)
			).length > 0;
		try {
			const first = expect(log.audit.append([cancelled])).rejects.toMatchObject(refused);
			await vi.waitFor(
				async () => {
					const waiting = "select pg_cancel_backend(pid) as done from pg_stat_activity where wait_event = 'SyncRep'";
					expect((await cluster.query<{ done: boolean }>(waiting)).some(({ done }) => done)).toBe(true);
				},
				{ timeout: 60_000, interval: 20 },
			);
			await first;
			expect(await visible(cancelled.id)).toBe(true);
			// Sent again it adds nothing, and PostgreSQL would not let a commit without a change wait.
			await expect(log.audit.append([cancelled])).rejects.toMatchObject(refused);
			await expect(log.audit.append([late])).rejects.toMatchObject(refused);
		} finally {
			await cluster.query('alter system reset synchronous_standby_names');
			await cluster.query('select pg_reload_conf()');
		}

		await log.audit.append([cancelled, late]);
		await untilSigned(cluster);
		await log.close();
		const acked = [cancelled, late].map(({ id }) => ({ kind: 'acked', id }) as const);
		expect((await check(cluster, acked, [])).faults).toEqual([]);
	});
});

describe('a disk that is full', () => {
	it('refuses, loses nothing that was acknowledged, and is used again when there is room, without a restart', async () => {
		const disk = await smallDisk();
		const small = await auditCluster(disk.directory);
		const log = await small.openLog('a');
		const acked: string[] = [];
		const append = async (): Promise<unknown> => {
			// What can not be compressed.
			const event = log.event(randomBytes(60_000).toString('base64'));
			const failed = await log.audit.append([event]).then(
				() => undefined,
				(error: unknown) => error,
			);
			if (failed === undefined) acked.push(event.id);
			return failed;
		};
		try {
			await append();
			const ballast = path.join(disk.directory, 'ballast');
			await execute('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=64k']).catch(() => {});
			let failed: unknown;
			for (let attempt = 0; attempt < 400 && failed === undefined; attempt += 1) failed = await append();
			expect(failed).toMatchObject(refused);
			const before = acked.length;
			await rm(ballast);

			await vi.waitFor(async () => expect(await append()).toBeUndefined(), { timeout: 60_000, interval: 500 });
			await untilSigned(small);
			expect(acked.length).toBeGreaterThan(before);
			const said = acked.map((id) => ({ kind: 'acked', id }) as const);
			expect((await check(small, said, [])).faults).toEqual([]);
			expect(log.alarms).toEqual([]);
		} finally {
			await log.close();
			await small.close();
			await disk.remove();
		}
	});
});

describe('the database of yesterday', () => {
	it('is signed no more, and takes no event, until the right one is back', async () => {
		const log = await cluster.openLog('a');
		await log.audit.append([log.event()]);
		await untilSigned(cluster);
		await log.close();
		const [yesterday, today] = [`${cluster.data}-yesterday`, `${cluster.data}-today`];
		await cluster.stop();
		await cp(cluster.data, yesterday, { recursive: true, preserveTimestamps: true });
		await chownLike(yesterday);
		await cluster.start();
		const later = await cluster.openLog('a');
		await later.audit.append([later.event(), later.event()]);
		await untilSigned(cluster);
		const signed = await sizeSigned();
		await later.close();
		await cluster.stop();
		await rename(cluster.data, today);
		await rename(yesterday, cluster.data);
		await cluster.start();

		const restored = await cluster.openLog('a');
		await vi.waitFor(() => expect(restored.alarms.join()).toMatch(/older than what was signed/), { timeout: 60_000 });
		await expect(restored.audit.append([restored.event()])).rejects.toMatchObject(refused);
		expect(await sizeSigned()).toBeLessThan(signed);
		await restored.close();
		await cluster.stop();
		await rm(cluster.data, { recursive: true });
		await rename(today, cluster.data);
		await cluster.start();

		const right = await cluster.openLog('a');
		await right.audit.append([right.event()]);
		await growsBeyond(signed);
		expect(right.alarms).toEqual([]);
		await right.close();
	});
});

const execute = promisify(execFile);

/** A disk of 160 MB: one in memory where this process may mount one, else the directory that the environment names. */
async function smallDisk(): Promise<{ readonly directory: string; readonly remove: () => Promise<void> }> {
	const given = process.env['TAPPASS_TEST_SMALL_DISK'];
	if (given !== undefined) return { directory: given, remove: async () => {} };
	const directory = await mkdtemp(path.join(tmpdir(), 'tappass-disk-'));
	// When it may not: run as root, or give a mounted file system of 160 MB as TAPPASS_TEST_SMALL_DISK.
	await execute('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=0711', 'none', directory]);
	const remove = async (): Promise<void> => {
		await execute('umount', ['-l', directory]);
		await rm(directory, { recursive: true, force: true });
	};
	return { directory, remove };
}

// A copy that root makes belongs to root; the engine runs as another user.
async function chownLike(copy: string): Promise<void> {
	if (process.getuid?.() === 0) await execute('chown', ['-R', '--reference', cluster.data, copy]);
}
