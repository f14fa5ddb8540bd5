import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type AuditCluster, auditCluster, check, startWriter, type Writer } from '../test-support/audit-cluster.ts';
import { makeStandby, type Standby } from '../test-support/audit-standby.ts';

/*
 * Three clusters, and a commit that two of them have: what DESIGN.md §12 calls three zones. One may be lost with everything in
 * it, and nothing that was acknowledged is lost with it.
 */

let cluster: AuditCluster;
let standbys: readonly [Standby, Standby];
let writer: Writer | undefined;
beforeAll(async () => {
	cluster = await auditCluster();
	await cluster.stop();
	standbys = [await makeStandby(cluster, 'z2'), await makeStandby(cluster, 'z3')];
	await cluster.start();
	await Promise.all(standbys.map((standby) => standby.start()));
	await cluster.query("alter system set synchronous_standby_names = 'ANY 1 (z2, z3)'");
	await cluster.query('select pg_reload_conf()');
	await vi.waitFor(async () => {
		const rows = await cluster.query("select from pg_stat_replication where sync_state = 'quorum'");
		expect(rows).toHaveLength(2);
	}, slow);
});
afterAll(async () => {
	await writer?.kill();
	await Promise.all(standbys.map((standby) => standby.kill()));
	await cluster.close();
});
const slow = { timeout: 60_000, interval: 100 };

const acked = (): readonly string[] => writer!.said.flatMap((each) => (each.kind === 'acked' ? [each.id] : []));
const goesOn = async (): Promise<void> => {
	const before = acked().length;
	await vi.waitFor(() => expect(acked().length).toBeGreaterThan(before + 20), slow);
};

describe('with commits that two of three clusters have', () => {
	it('one lost zone stops nothing, two stop every acknowledgement, and one that is back starts it again', async () => {
		writer = await startWriter(cluster, 'a');
		await goesOn();
		await standbys[0].kill();
		await goesOn();

		await standbys[1].kill();
		// What was under way when the last one went may still be confirmed by what is left of it.
		await vi.waitFor(async () => expect(await cluster.query('select from pg_stat_replication')).toEqual([]), slow);
		await sleep(500);
		const before = acked().length;
		await vi.waitFor(() => {
			expect(writer!.said.some((each) => each.kind === 'refused' && each.code === 'audit_unavailable')).toBe(true);
		}, slow);
		expect(acked().length).toBe(before);

		await standbys[0].start();
		await goesOn();
		await standbys[1].start();
		await vi.waitFor(async () => {
			expect(await cluster.query("select from pg_stat_replication where sync_state = 'quorum'")).toHaveLength(2);
		}, slow);
	}, 120_000);

	it('the primary may be lost: the standby that is further on has every acknowledged event, and the log goes on', async () => {
		await goesOn();
		await cluster.kill();
		await sleep(500);
		await writer!.kill();
		const [two, three] = await Promise.all(standbys.map((standby) => standby.position()));
		const next = two! >= three! ? standbys[0] : standbys[1];
		await next.promote();

		const promoted: AuditCluster = {
			...cluster,
			connection: () => next.connection,
			query: next.query,
		};
		const follower = await startWriter(promoted, 'a', { callers: 0 });
		await vi.waitFor(async () => {
			const [row] = await next.query<{ done: boolean }>(`select not exists (select from audit_pending)
				and t.size = (select max(size) from audit_checkpoints) as done from audit_trees t`);
			expect(row?.done).toBe(true);
		}, slow);
		const published = await next.query<{ size: string; root: Buffer }>('select size, root from audit_checkpoints');
		await follower.kill();

		const report = await check(
			promoted,
			writer!.said,
			published.map(({ size, root }) => ({ size: Number(size), root: root.toString('hex') })),
		);
		expect(report.faults).toEqual([]);
		expect(follower.said.filter(({ kind }) => kind === 'alarm')).toEqual([]);
		expect(report.acked).toBeGreaterThan(60);
		await cluster.start();
	}, 120_000);
});
