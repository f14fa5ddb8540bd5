/**
 * Sync over real mTLS, the server in a process of its own: how long from `policy apply` until every host holds the new
 * keyring, what a revocation takes, and what open streams weigh. The hosts are simulated, and decide as the daemon does.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TapPassError } from '@tappass/core';
import { HostSimulator } from '@tappass/server/host-simulator';
import { nextTold } from './support/child.js';
import { call, quietServer } from './support/operator.js';

const sizes = (process.env['TAPPASS_BENCH_HOSTS'] ?? '50,1000').split(',').map(Number);
const streamsMax = Number(process.env['TAPPASS_BENCH_STREAMS'] ?? 2_000);
const rounds = Number(process.env['TAPPASS_BENCH_ROUNDS'] ?? 10);
const enrolAtOnce = 8;

interface Started {
	readonly operator: string;
	readonly key: string;
}

/** Figures of the `sync` area. */
export async function run(): Promise<Readonly<Record<string, unknown>>> {
	const directory = await mkdtemp(path.join(tmpdir(), 'tappass-bench-'));
	let server = serverProcess(directory, 0);
	const hosts: HostSimulator[] = [];
	try {
		const { key, operator } = await nextTold<Started>(server);
		const { token } = await call(operator, key, 'POST', '/v1/auth/token');
		const ask = (where: string, body?: object): Promise<Readonly<Record<string, unknown>>> =>
			call(operator, String(token), 'POST', where, body);
		await ask('/v1/policies/apply', nextFloor());
		const memory_before = await memoryOf(server);
		const figures: Record<string, unknown> = {};
		for (const size of sizes) {
			await enrolTo(ask, hosts, size);
			figures[`hosts_${size}`] = await measureChanges(ask, hosts);
		}
		const memory_at_sizes = await memoryOf(server);
		const enrolling = performance.now();
		const more = streamsMax - hosts.length;
		await enrolTo(ask, hosts, streamsMax);
		const enrolments_per_second = Math.round((more * 1_000) / (performance.now() - enrolling));
		await pause(3_000);
		const memory_after_enrolling = await memoryOf(server);
		const revocation_ms = await measureRevocation(ask, hosts);
		// The same hosts on a fresh process: what streams weigh without what enrolling so many left behind.
		const port = Number(new URL(hosts[0]!.identity.origin).port);
		for (const host of hosts) host.hangUp();
		await stopped(server);
		server = serverProcess(directory, port);
		await nextTold<Started>(server);
		const reconnecting = performance.now();
		const left = hosts.filter((host) => host.ended?.event !== 'revoked');
		await reconnect(left);
		const reconnected_seconds = Math.round((performance.now() - reconnecting) / 100) / 10;
		await pause(3_000);
		return {
			...figures,
			revocation_ms,
			streams: left.filter((host) => host.streaming).length,
			reconnected_seconds,
			enrolments_per_second: more > 0 ? enrolments_per_second : null,
			server_mb: {
				before: memory_before,
				after_changes: memory_at_sizes,
				after_enrolling_all: memory_after_enrolling,
				streams_on_a_fresh_process: await memoryOf(server),
			},
			rejected: hosts.reduce((sum, host) => sum + host.rejections.length, 0),
		};
	} finally {
		for (const host of hosts) host.stop();
		await stopped(server);
		await rm(directory, { recursive: true, force: true });
	}
}

function serverProcess(directory: string, port: number): ChildProcess {
	return fork(import.meta.filename, ['serve', directory, String(port)], {
		stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
		// As bin/tappass starts it.
		execArgv: ['--expose-gc', '--max-semi-space-size=4'],
		env: { ...process.env, MALLOC_MMAP_THRESHOLD_: '16384', MALLOC_ARENA_MAX: '2' },
	});
}

async function stopped(server: ChildProcess): Promise<void> {
	if (server.exitCode !== null) return;
	const gone = new Promise<void>((resolve) => server.once('exit', () => resolve()));
	server.send('stop');
	await gone;
}

async function reconnect(hosts: readonly HostSimulator[]): Promise<void> {
	const waiting = [...hosts];
	const one = async (): Promise<void> => {
		for (let host = waiting.pop(); host !== undefined; host = waiting.pop()) {
			const status = await host.stream();
			if (status !== 200) throw new TapPassError('internal', { detail: `the stream answered ${status}` });
		}
	};
	await Promise.all(Array.from({ length: enrolAtOnce }, one));
}

type Ask = (where: string, body?: object) => Promise<Readonly<Record<string, unknown>>>;

async function enrolTo(ask: Ask, hosts: HostSimulator[], size: number): Promise<void> {
	while (hosts.length < size) {
		const count = Math.min(200, size - hosts.length);
		const { items } = await ask('/v1/sandbox-specs/eu-support-emailer/bootstraps', { count, project: 'bench' });
		const urls = (items as { readonly url: string }[]).map(({ url }) => url);
		const one = async (): Promise<void> => {
			for (let url = urls.pop(); url !== undefined; url = urls.pop()) {
				const host = await enrol(url, `host-${hosts.length}-${urls.length}`);
				hosts.push(host);
				const status = await host.stream();
				if (status !== 200) throw new TapPassError('internal', { detail: `the stream answered ${status}` });
			}
		};
		await Promise.all(Array.from({ length: enrolAtOnce }, one));
	}
}

// One address may enrol only so many in a second; a fleet waits as it is told to.
async function enrol(url: string, name: string): Promise<HostSimulator> {
	for (;;) {
		try {
			return await HostSimulator.enrol(url, { name });
		} catch (error) {
			if (!(error instanceof TapPassError) || error.code !== 'rate_limited') throw error;
			await pause(1_000);
		}
	}
}

async function measureChanges(ask: Ask, hosts: readonly HostSimulator[]): Promise<object> {
	const all: number[] = [];
	const applies: number[] = [];
	const slowest: number[] = [];
	for (let round = 1; round <= rounds; round += 1) {
		await pause(500);
		const wanted = hosts.map((host) => host.policy_version + 1);
		const begin = performance.now();
		const arrivals = hosts.map(async (host, at) => {
			await host.until(() => host.policy_version >= wanted[at]!, 120_000);
			return performance.now() - begin;
		});
		await ask('/v1/policies/apply', nextFloor());
		applies.push(performance.now() - begin);
		const times = await Promise.all(arrivals);
		slowest.push(Math.max(...times));
		all.push(...times);
	}
	return {
		hosts: hosts.length,
		rounds,
		p50_ms: percentile(all, 0.5),
		p99_ms: percentile(all, 0.99),
		all_hosts_worst_ms: percentile(slowest, 1),
		apply_returned_p50_ms: percentile(applies, 0.5),
	};
}

async function measureRevocation(ask: Ask, hosts: readonly HostSimulator[]): Promise<object> {
	const times: number[] = [];
	for (const host of hosts.slice(0, 50)) {
		const begin = performance.now();
		await ask(`/v1/sandboxes/${host.identity.sandbox_id}/revoke`, { reason: 'benchmark' });
		await host.until(() => host.ended !== undefined, 30_000);
		times.push(performance.now() - begin);
	}
	return { p50_ms: percentile(times, 0.5), p99_ms: percentile(times, 0.99) };
}

let floors = 0;

/** A floor that differs from the one before. */
function nextFloor(): object {
	floors += 1;
	const text = `package tappass.policy\n\ntools.allow contains "gmail.*"\n\nbudget.tool_calls_per_minute := ${10 + (floors % 2)}\n`;
	return { files: [{ file: 'floor.rego', content: Buffer.from(text).toString('base64') }] };
}

function percentile(values: readonly number[], part: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]! * 10) / 10;
}

function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}

interface Memory {
	readonly rss: number;
	readonly heap_used: number;
	/** What V8 holds for the heap, used or not. */
	readonly heap_total: number;
	/** Buffers outside the heap. */
	readonly external: number;
}

/** Of the server's process, in MB, after a collection. */
async function memoryOf(child: ChildProcess): Promise<Memory> {
	child.send('memory');
	return nextTold<Memory>(child);
}

async function serve(directory: string, port: number): Promise<void> {
	const { server, origin, key } = await quietServer(directory, port);
	process.on('message', (message) => {
		if (message === 'memory') {
			globalThis.gc?.();
			const { external, heapTotal, heapUsed, rss } = process.memoryUsage();
			const [rssMb, heap_used, heap_total, externalMb] = [rss, heapUsed, heapTotal, external].map((bytes) =>
				Math.round(bytes / 1_048_576),
			);
			process.send!({ rss: rssMb, heap_used, heap_total, external: externalMb });
		}
		if (message === 'stop') server.close().then(() => process.exit(0));
	});
	process.send!({ operator: origin, key });
}

if (process.argv[2] === 'serve' && process.send !== undefined) await serve(process.argv[3]!, Number(process.argv[4]));
