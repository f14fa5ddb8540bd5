/**
 * The audit log on its embedded engine: how many events a second become durable, how long one waits at a steady rate, and
 * what a long log costs in memory.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer } from '@tappass/server';

const callers = 64;
const seconds = 5;
const steadyPerSecond = 1_000;
const steadySeconds = 10;
const entries = Number(process.env['TAPPASS_BENCH_AUDIT_ENTRIES'] ?? 100_000);

/** Figures of the `audit-append` area. */
export async function run(): Promise<Readonly<Record<string, unknown>>> {
	const directory = await mkdtemp(path.join(tmpdir(), 'tappass-bench-'));
	const free = { host: '127.0.0.1', port: 0 };
	const load_before = loadavg()[0];
	const server = await startServer({
		directory,
		operatorListen: free,
		hostListen: free,
		agentListen: free,
		...(process.getuid?.() === 0 ? { engineUser: 'nobody' } : {}),
		// A benchmark's log is its figures.
		log: { info() {}, warn() {}, error() {} } as never,
	});
	try {
		const { audit } = server.services;
		const org_id = server.created!.org_id;
		const append = (): Promise<void> =>
			audit.append([
				audit.event({
					type: 'call.admitted',
					org_id,
					actor: { kind: 'agent', id: 'sbx_aaaaaaaaaaaaaaaaaaaa' },
					decision: 'allow',
					sandbox_id: 'sbx_aaaaaaaaaaaaaaaaaaaa' as never,
					session_id: 'ses_aaaaaaaaaaaaaaaaaaaa',
					policy_version: 7,
					request_id: '0190a0b0-0000-7000-8000-000000000000',
					payload: { tool: 'gmail.send', args: { to: 'x', text: 'y'.repeat(400) } },
				}),
			]);
		await together(callers, () => append(), performance.now() + 1_000);
		const most = await together(callers, append, performance.now() + seconds * 1_000);
		const steady = await atRate(append, steadyPerSecond, steadySeconds);
		const memory = await grow(append, entries);
		const sequenced_within_ms = await untilSequenced(server.services, org_id);
		return {
			load_before,
			load_after: loadavg()[0],
			callers,
			durable_events_per_second: Math.round(most.done / seconds),
			durable_p50_ms: round(quantile(most.waits, 0.5)),
			durable_p99_ms: round(quantile(most.waits, 0.99)),
			steady_events_per_second: steadyPerSecond,
			steady_p50_ms: round(quantile(steady, 0.5)),
			steady_p99_ms: round(quantile(steady, 0.99)),
			steady_max_ms: round(Math.max(...steady)),
			...memory,
			sequenced_within_ms,
		};
	} finally {
		await server.close();
		await rm(directory, { recursive: true, force: true });
	}
}

async function together(
	count: number,
	append: () => Promise<void>,
	until: number,
): Promise<{ readonly done: number; readonly waits: readonly number[] }> {
	const waits: number[] = [];
	const caller = async (): Promise<void> => {
		while (performance.now() < until) {
			const begun = performance.now();
			await append();
			waits.push(performance.now() - begun);
		}
	};
	await Promise.all(Array.from({ length: count }, caller));
	return { done: waits.length, waits };
}

// Each event at its time, whether or not those before it were answered: a wait is counted from when it should have begun.
async function atRate(append: () => Promise<void>, perSecond: number, forSeconds: number): Promise<readonly number[]> {
	const waits: number[] = [];
	const under: Promise<void>[] = [];
	const begun = performance.now();
	for (let sent = 0; sent < perSecond * forSeconds; ) {
		const due = Math.floor(((performance.now() - begun) / 1_000) * perSecond);
		for (; sent < due && sent < perSecond * forSeconds; sent += 1) {
			const planned = begun + (sent / perSecond) * 1_000;
			under.push(append().then(() => void waits.push(performance.now() - planned)));
		}
		await sleep(1);
	}
	await Promise.all(under);
	return waits;
}

async function grow(append: () => Promise<void>, count: number): Promise<Readonly<Record<string, unknown>>> {
	const before = await rssMb();
	let left = count;
	let peak = before;
	const begun = performance.now();
	const watch = setInterval(() => void rssMb().then((now) => (peak = Math.max(peak, now))), 500);
	const caller = async (): Promise<void> => {
		while (left > 0) {
			left -= 1;
			await append();
		}
	};
	await Promise.all(Array.from({ length: callers * 4 }, caller));
	clearInterval(watch);
	return {
		grown_entries: count,
		grown_per_second: Math.round(count / ((performance.now() - begun) / 1_000)),
		rss_before_mb: before,
		rss_peak_mb: peak,
		rss_after_mb: await rssMb(),
	};
}

async function untilSequenced(
	{ store }: Awaited<ReturnType<typeof startServer>>['services'],
	orgId: Parameters<typeof store.withOrg>[0],
): Promise<number> {
	const begun = performance.now();
	for (;;) {
		const waiting = await store.withOrg(orgId, (transaction) =>
			transaction.selectFrom('audit_pending').select('event_id').limit(1).execute(),
		);
		if (waiting.length === 0) return Math.round(performance.now() - begun);
		await sleep(20);
	}
}

async function rssMb(): Promise<number> {
	const [, pages] = (await readFile('/proc/self/statm', 'utf8')).split(' ');
	return Math.round((Number(pages) * 4_096) / 1_048_576);
}

function quantile(values: readonly number[], part: number): number {
	const sorted = values.toSorted((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function round(value: number): number {
	return Math.round(value * 100) / 100;
}
