import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { testControlPlane } from '@tappass/server/test-control-plane';

/*
 * The daemon of a host in a process of its own, beside a real control plane: what it weighs, and how long agents may go on
 * when the control plane is gone. Its monotonic clock runs faster, so that 310 seconds pass in twelve.
 */

const program = resolve(import.meta.dirname, '../../../packages/tappass-host/dist/main.js');
const sandboxes = Number(process.env['TAPPASS_BENCH_SANDBOXES'] ?? 50);
const speed = 25;

interface Status {
	readonly daemon: { readonly pid: number };
	readonly sandboxes: readonly { readonly posture: string }[];
}

/** Memory of an idle daemon and of each sandbox more; denials with a dead control plane. */
export async function daemonFigures(): Promise<Readonly<Record<string, unknown>>> {
	const directory = await mkdtemp(join(tmpdir(), 'tappass-bench-'));
	const plane = await testControlPlane();
	const org = await plane.addOrg('org_benchhost');
	const port = await freePort();
	await plane.start({ listen: { host: '127.0.0.1', port }, address: `https://127.0.0.1:${port}` });
	const env = {
		PATH: process.env['PATH'] ?? '',
		TAPPASS_HOST_STATE: join(directory, 'state'),
		TAPPASS_HOST_RUNTIME: join(directory, 'run'),
	};
	const socket = join(directory, 'run', 'api.sock');
	const children: ChildProcess[] = [];
	const start = (extra: object = {}): ChildProcess => {
		const child = spawn(process.execPath, ['--max-semi-space-size=1', program, 'daemon'], {
			env: { ...env, ...extra },
			stdio: 'ignore',
		});
		children.push(child);
		return child;
	};
	const enrol = async (from: number, to: number): Promise<void> => {
		for (const [at, id] of (await plane.addSandboxes(org, to - from)).entries()) {
			const { url } = await plane.emit(org, id);
			await ended(
				spawn(process.execPath, [program, 'init', `bench-${from + at}`, '--enroll-url', url], { env, stdio: 'ignore' }),
			);
		}
	};
	try {
		await enrol(0, 1);
		let daemon = start();
		await until(async () => fresh(await status(socket), 1));
		await pause(3_000);
		const idle_mb = await rssOf(daemon);
		await enrol(1, sandboxes + 1);
		await until(async () => fresh(await status(socket), sandboxes + 1));
		await pause(5_000);
		const full_mb = await rssOf(daemon);
		await stopped(daemon);
		daemon = start({ TAPPASS_HOST_CLOCK_SPEED: String(speed) });
		await until(async () => fresh(await status(socket), sandboxes + 1));
		const dead = await whileDead(socket, () => plane.close());
		await stopped(daemon);
		const each_mb = Math.round(((full_mb - idle_mb) / sandboxes) * 100) / 100;
		return {
			idle_mb,
			idle_kept: idle_mb <= 90,
			sandboxes,
			each_sandbox_mb: each_mb,
			each_kept: each_mb <= 25,
			...dead,
		};
	} finally {
		for (const child of children) child.kill('SIGKILL');
		await rm(directory, { recursive: true, force: true });
	}
}

/** Looks at what every sandbox may do, again and again, while nothing answers any more. */
async function whileDead(socket: string, die: () => Promise<void>): Promise<Readonly<Record<string, unknown>>> {
	const dying = performance.now();
	let dead = Number.POSITIVE_INFINITY;
	const died = die().then(() => {
		dead = performance.now();
	});
	const since = (start: number): number => ((performance.now() - start) * speed) / 1_000;
	const count = { looks_to_200_s: 0, denied_to_200_s: 0, looks_after_310_s: 0, allowed_after_310_s: 0 };
	// The plane takes a moment to die: the span that must hold begins before it, the one that must deny after it.
	while (!(since(dead) >= 400)) {
		const at = since(dead);
		const postures = (await status(socket))?.sandboxes.map(({ posture }) => posture) ?? [];
		const denied = postures.filter((one) => one !== 'fresh' && one !== 'stale').length;
		// Both ends of the look must lie in the span.
		if (since(dying) <= 200) {
			count.looks_to_200_s += postures.length;
			count.denied_to_200_s += denied;
		} else if (at >= 310) {
			count.looks_after_310_s += postures.length;
			count.allowed_after_310_s += postures.length - denied;
		}
		await pause(50);
	}
	await died;
	const kept = count.looks_to_200_s > 0 && count.denied_to_200_s === 0 && count.allowed_after_310_s === 0;
	return { ...count, dead_plane_kept: kept };
}

function fresh(found: Status | undefined, wanted: number): boolean {
	return found?.sandboxes.filter(({ posture }) => posture === 'fresh').length === wanted;
}

function status(socketPath: string): Promise<Status | undefined> {
	return new Promise((done) => {
		const sent = request({ socketPath, path: '/v1/status', agent: false }, async (response) => {
			let text = '';
			for await (const chunk of response) text += chunk;
			done(JSON.parse(text) as Status);
		});
		// It does not listen yet.
		sent.on('error', () => done(undefined));
		sent.end();
	});
}

async function rssOf({ pid }: ChildProcess): Promise<number> {
	const text = await readFile(`/proc/${pid}/status`, 'utf8');
	return Math.round(Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? Number.NaN) / 102.4) / 10;
}

function ended(child: ChildProcess): Promise<void> {
	return new Promise((done) => child.once('exit', () => done()));
}

async function stopped(child: ChildProcess): Promise<void> {
	const gone = ended(child);
	child.kill('SIGTERM');
	await gone;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
	while (!(await holds())) await pause(50);
}

function pause(ms: number): Promise<void> {
	return new Promise((done) => setTimeout(done, ms));
}

function freePort(): Promise<number> {
	return new Promise((done) => {
		const server = createServer().listen(0, '127.0.0.1', () => {
			const { port } = server.address() as AddressInfo;
			server.close(() => done(port));
		});
	});
}
