/**
 * The gateway beside a peer: requests a second and latency at 32 callers with a prompt of 1 KiB, what bare adds to one call, what a streamed chunk
 * costs. Upstream, gateway and peer are one process each; treatments take turns in one run; every answer is checked.
 * The peer runs bare: its open source edition has no capability tokens, policy or audit.
 */
import { type ChildProcess, execFile, execFileSync, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { closedLoop, firstContent, quantile, requestNumber, type Target } from './gateway/load.js';
import { answerText, chunks } from './gateway/upstream.js';
import { cpuMs, type StartedChild, startChild } from './support/child.js';

const seconds = Number(process.env['TAPPASS_BENCH_SECONDS'] ?? 3);
const rounds = Number(process.env['TAPPASS_BENCH_ROUNDS'] ?? 5);
const workers = 32;
const peers = path.join(import.meta.dirname, '..', 'peers');
const sentence = 'Please summarise the minutes of the meeting about the delivery plan. ';
const prompt = `Request ${requestNumber}. ${sentence.repeat(16)}`.slice(0, 1_024);

type Name = 'direct' | 'bare' | 'full' | 'server' | 'portkey';
interface Started {
	readonly target: Target;
	readonly child: ChildProcess | undefined;
}

export async function run(): Promise<Readonly<Record<string, unknown>>> {
	const children: ChildProcess[] = [];
	try {
		const upstream = await start('gateway/upstream.js', ['serve'], 1, children);
		const base = `http://127.0.0.1:${String(upstream.told['port'])}/v1`;
		const direct = { target: target(base, { authorization: 'Bearer bench' }), child: undefined };
		const treatments: Record<Name, Started> = {
			direct,
			bare: await tappass('bare', base, children),
			full: await tappass('full', base, children),
			server: await wholeServer(base, children),
			portkey: await portkey(base, children),
		};
		pin(process.pid, 1);
		return {
			...(await throughput(treatments)),
			...(await sequential(await withTokens(treatments))),
			...(await streaming(await withTokens(treatments))),
			...(await swaps(await withToken(treatments.full))),
			...(await memory(treatments.full)),
			load_average: loadavg()[0],
			rounds,
			seconds_per_round: seconds,
		};
	} finally {
		// The server has an engine to stop.
		for (const child of children) child.kill();
		await Promise.all(children.map(ended));
	}
}

/** What a gateway answers to whatever it is asked. */
interface Told {
	readonly rss_mb: number;
	readonly token: string;
}

async function throughput(treatments: Readonly<Record<Name, Started>>): Promise<Readonly<Record<string, unknown>>> {
	const names = Object.keys(treatments) as Name[];
	const rates: Record<Name, number[]> = { direct: [], bare: [], full: [], server: [], portkey: [] };
	const latencies: Record<Name, number[]> = { direct: [], bare: [], full: [], server: [], portkey: [] };
	const cpu: Record<Name, number> = { direct: 0, bare: 0, full: 0, server: 0, portkey: 0 };
	for (const name of names) await closedLoop(treatments[name].target, workers, { ms: 2_000 });
	for (let round = 0; round < rounds; round += 1) {
		for (let turn = 0; turn < names.length; turn += 1) {
			const name = names[(round + turn) % names.length]!;
			const before = cpuMs(treatments[name].child);
			const ran = await closedLoop(treatments[name].target, workers, { ms: seconds * 1_000 });
			cpu[name] += cpuMs(treatments[name].child) - before;
			rates[name].push(ran.latencies.length / ran.seconds);
			latencies[name].push(...ran.latencies);
		}
	}
	const rps = (name: Name): number => quantile(rates[name], 0.5);
	const cost = (name: Name): number => cpu[name] / latencies[name].length;
	return {
		ratio_full_to_portkey_rps: round2(rps('full') / rps('portkey')),
		ratio_bare_to_portkey_rps: round2(rps('bare') / rps('portkey')),
		// The whole product, with its database on the same two cores.
		ratio_server_to_portkey_rps: round2(rps('server') / rps('portkey')),
		// By processor time: what other work on the machine does not distort.
		ratio_full_to_portkey_per_cpu_second: round2(cost('portkey') / cost('full')),
		ratio_bare_to_portkey_per_cpu_second: round2(cost('portkey') / cost('bare')),
		cpu_bare_ms: round2(cost('bare')),
		cpu_full_ms: round2(cost('full')),
		cpu_server_ms: round2(cost('server')),
		cpu_portkey_ms: round2(cost('portkey')),
		...Object.fromEntries(names.map((name) => [`rps_${name}`, Math.round(rps(name))])),
		...Object.fromEntries(names.map((name) => [`p50_${name}_ms`, round2(quantile(latencies[name], 0.5))])),
		...Object.fromEntries(names.map((name) => [`p99_${name}_ms`, round2(quantile(latencies[name], 0.99))])),
		// Below ten the mock holds the gateways back, and their figures are floors.
		ratio_direct_to_full_rps: round2(rps('direct') / rps('full')),
	};
}

async function sequential(treatments: Readonly<Record<Name, Started>>): Promise<Readonly<Record<string, unknown>>> {
	const medians: Record<Name, number[]> = { direct: [], bare: [], full: [], server: [], portkey: [] };
	for (let round = 0; round < 30; round += 1) {
		for (const name of Object.keys(treatments) as Name[]) {
			const { latencies } = await closedLoop(treatments[name].target, 1, { calls: 25 });
			medians[name].push(quantile(latencies, 0.5));
		}
	}
	const added = (name: Name): number => round2(quantile(medians[name], 0.5) - quantile(medians.direct, 0.5));
	return {
		added_bare_p50_ms: added('bare'),
		added_full_p50_ms: added('full'),
		added_server_p50_ms: added('server'),
		added_portkey_p50_ms: added('portkey'),
	};
}

async function streaming({
	direct,
	full,
	bare,
}: Readonly<Record<Name, Started>>): Promise<Readonly<Record<string, unknown>>> {
	const streams = 200;
	const firsts: Record<'direct' | 'full', number[]> = { direct: [], full: [] };
	for (let at = 0; at < 50; at += 1) {
		firsts.direct.push(await firstContent(streamed(direct.target)));
		firsts.full.push(await firstContent(streamed(full.target)));
	}
	const cost = async (one: Started): Promise<number> => {
		await closedLoop(streamed(one.target), 8, { calls: streams });
		const before = cpuMs(one.child);
		await closedLoop(streamed(one.target), 8, { calls: streams });
		const between = cpuMs(one.child);
		await closedLoop(one.target, 8, { calls: streams });
		// What a call costs without streaming is not the price of its chunks.
		return (between - before - (cpuMs(one.child) - between)) / (streams * chunks);
	};
	return {
		added_first_content_p50_ms: round2(quantile(firsts.full, 0.5) - quantile(firsts.direct, 0.5)),
		cpu_per_streamed_chunk_full_ms: Math.round((await cost(full)) * 10_000) / 10_000,
		cpu_per_streamed_chunk_bare_ms: Math.round((await cost(bare)) * 10_000) / 10_000,
	};
}

async function swaps({ target, child }: Started): Promise<Readonly<Record<string, unknown>>> {
	const steady = await closedLoop(target, workers, { ms: 2 * seconds * 1_000 });
	await ask(child, 'swap');
	const swapped = await closedLoop(target, workers, { ms: 2 * seconds * 1_000 });
	await ask(child, 'steady');
	const p99 = { steady: quantile(steady.latencies, 0.99), swapped: quantile(swapped.latencies, 0.99) };
	return {
		p99_steady_ms: round2(p99.steady),
		p99_policy_swap_each_second_ms: round2(p99.swapped),
		ratio_p99_swap_to_steady: round2(p99.swapped / p99.steady),
	};
}

/** Resident memory once a fifth of the calls warmed up, then after each fifth of them. */
async function memory(full: Started): Promise<Readonly<Record<string, unknown>>> {
	const calls = Number(process.env['TAPPASS_BENCH_MEMORY_CALLS'] ?? 50_000);
	const after = async (some: number): Promise<number> => {
		// In parts, since a token does not last for all of them on a slow machine.
		for (let at = 0; at < some; at += 5_000) {
			const { target } = await withToken(full);
			await closedLoop(target, workers, { calls: Math.min(5_000, some - at) });
		}
		return (await ask(full.child, 'memory')).rss_mb;
	};
	const rss_before_mb = await after(calls / 5);
	const rss_each_fifth_mb: number[] = [];
	for (let part = 0; part < 5; part += 1) rss_each_fifth_mb.push(await after(calls / 5));
	return { memory_calls: calls, rss_before_mb, rss_each_fifth_mb, rss_after_mb: rss_each_fifth_mb.at(-1) };
}

async function withToken({ target, child }: Started): Promise<Started> {
	const { token } = await ask(child, 'memory');
	return { child, target: { ...target, headers: { authorization: `Bearer ${token}` } } };
}
async function withTokens(treatments: Readonly<Record<Name, Started>>): Promise<Readonly<Record<Name, Started>>> {
	return {
		...treatments,
		bare: await withToken(treatments.bare),
		full: await withToken(treatments.full),
		server: await withToken(treatments.server),
	};
}

function target(base: string, headers: Readonly<Record<string, string>>): Target {
	const body = JSON.stringify({ model: 'bench', max_tokens: 256, messages: [{ role: 'user', content: prompt }] });
	return {
		url: `${base}/chat/completions`,
		headers,
		body,
		says(answer) {
			const said = JSON.parse(answer) as {
				readonly choices: readonly { readonly message: { readonly content: string } }[];
			};
			return said.choices[0]?.message.content === answerText;
		},
	};
}

function streamed(plain: Target): Target {
	return {
		...plain,
		body: plain.body.replace(/\}$/, ',"stream":true}'),
		says(answer) {
			const pieces = answer.match(/"content":"([^"]*)"/g) ?? [];
			return pieces.map((piece) => piece.slice(11, -1)).join('') === answerText && answer.endsWith('data: [DONE]\n\n');
		},
	};
}

async function tappass(mode: 'bare' | 'full', base: string, children: ChildProcess[]): Promise<Started> {
	const { child, told } = await start('gateway/tappass.js', [mode, base], 0, children);
	const url = `http://127.0.0.1:${String(told['port'])}/v1`;
	return { child, target: target(url, { authorization: `Bearer ${String(told['token'])}` }) };
}

async function wholeServer(base: string, children: ChildProcess[]): Promise<Started> {
	const { child, told } = await start('gateway/server.js', [base], 0, children);
	return { child, target: target(`${String(told['url'])}/v1`, { authorization: `Bearer ${String(told['token'])}` }) };
}

async function portkey(base: string, children: ChildProcess[]): Promise<Started> {
	const program = path.join(peers, 'node_modules/@portkey-ai/gateway/build/start-server.js');
	if (!existsSync(program)) {
		const install = ['install', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'];
		await promisify(execFile)('npm', install, { cwd: peers });
	}
	const port = await freePort();
	const child = fork(program, [`--port=${port}`, '--headless'], {
		stdio: 'ignore',
		env: { ...process.env, TRUSTED_CUSTOM_HOSTS: '127.0.0.1,localhost' },
	});
	children.push(child);
	pin(child.pid, 0);
	const headers = { authorization: 'Bearer bench', 'x-portkey-provider': 'openai', 'x-portkey-custom-host': base };
	const started = { child, target: target(`http://127.0.0.1:${port}/v1`, headers) };
	for (let tries = 0; ; tries += 1) {
		try {
			await closedLoop(started.target, 1, { calls: 1 });
			return started;
		} catch (error) {
			if (tries === 50) throw error;
			await new Promise((resolve) => setTimeout(resolve, 200));
		}
	}
}

async function start(
	file: string,
	args: readonly string[],
	core: number,
	children: ChildProcess[],
): Promise<StartedChild> {
	const started = await startChild(file, args, children);
	pin(started.child.pid, core);
	return started;
}

/** Gateways on one core, mock and callers on another: nobody takes time from what is measured. */
function pin(pid: number | undefined, core: number): void {
	if (cpus().length < 2 || pid === undefined) return;
	try {
		execFileSync('taskset', ['-a', '-c', '-p', String(core), String(pid)], { stdio: 'ignore' });
	} catch {
		// Without taskset the figures are noisier, not wrong.
	}
}

function ask(child: ChildProcess | undefined, what: 'swap' | 'steady' | 'memory'): Promise<Told> {
	return new Promise((resolve) => {
		child?.once('message', (message) => resolve(message as Told));
		child?.send(what);
	});
}

async function ended(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const gone = new Promise((resolve) => child.once('exit', resolve));
	const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
	await gone;
	clearTimeout(late);
}

function freePort(): Promise<number> {
	return new Promise((resolve) => {
		const server = createServer().listen(0, '127.0.0.1', () => {
			const address = server.address();
			server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
		});
	});
}

function round2(value: number): number {
	return Math.round(value * 100) / 100;
}
