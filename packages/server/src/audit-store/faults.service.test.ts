import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
}, 60_000);
afterAll(() => cluster.close());

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
			const begin = async (name: string): Promise<Writer> => {
				const writer = await startWriter(cluster, name);
				writer.child.on('message', (message) => said.push(message as WriterMessage));
				return writer;
			};
			let writers = [await begin('a'), await begin('b')] as const;
			for (let run = 0; run < runs; run += 1) {
				const before = count(said, 'acked');
				await until(() => count(said, 'acked') > before + 50, 'events are acknowledged again');
				// Somewhere in the middle of an append, a batch or a signature.
				await sleep(Math.random() * 300);
				const isBoth = run % 3 === 2;
				if (run % 3 === 0 || isBoth) {
					await Promise.all(writers.map((writer) => writer.kill()));
				}
				if (run % 3 !== 0) await cluster.crash();
				if (run % 3 === 0 || isBoth) writers = [await begin('a'), await begin('b')];
				await witness.look();
			}
			const before = count(said, 'acked');
			await until(() => count(said, 'acked') > before + 50, 'events are acknowledged after the last crash');
			await Promise.all(writers.map((writer) => writer.kill()));
			const last = await startWriter(cluster, 'a', { callers: 0 });
			await untilSigned(cluster);
			await last.kill();
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
