/** The kernel ring: start of a sandboxed command, a network change, and what the proxy adds to a request. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, type RequestOptions, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { emptyCompiledPolicy } from '@tappass/core';
import { findTarget } from '@tappass/providers';
import { type EgressPolicy, startEgress } from 'tappass-host/egress';
import { agentEnvironment, launchSandbox } from 'tappass-host/launch';

const startRounds = 40;
const changeRounds = 50;
const requestRounds = 2_000;
const body = 'x'.repeat(2_048);

export interface Spread {
	readonly p50_ms: number;
	readonly p99_ms: number;
	readonly rounds: number;
}

export async function kernelRing(): Promise<Readonly<Record<string, unknown>>> {
	const place = makePlace();
	const server = createServer((incoming, response) => {
		incoming.resume().once('end', () => response.end(body));
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;
	const allowed: EgressPolicy = {
		rules: { schema: 'tappass.egress-rules/1', allow: ['files.acme.com'], deny: [] },
		cidrs: [`127.0.0.1/32:${port}`],
	};
	let policy: EgressPolicy | null = allowed;
	const egress = await startEgress({
		socketPath: place.socket,
		policy: () => policy,
		token: () => 'token',
		agentPlaneUrl: `http://127.0.0.1:${port}`,
		resolve: async () => ['127.0.0.1'],
		onDenied: () => undefined,
	});
	try {
		const load_1_minute = loadavg()[0];
		const start = await starts(place);
		const direct = await requests({ host: '127.0.0.1', port });
		const through = await requests({ socketPath: place.socket, headers: { host: 'inference.local:3128' } });
		const change = await changes(place.socket, port, (next) => {
			policy = next ? allowed : { ...allowed, rules: { ...allowed.rules, allow: [] } };
			egress.refresh();
		});
		const over_bare_ms = round(start.sandboxed.p50_ms - start.bare.p50_ms);
		const proxy_adds_ms = round(through.p50_ms - direct.p50_ms);
		return {
			load_1_minute,
			start: { ...start, over_bare_p50_ms: over_bare_ms, within_30_ms: over_bare_ms <= 30 },
			network_change: { ...change, within_100_ms: change.p99_ms <= 100 },
			request_of_2_kb: { direct, through, proxy_adds_p50_ms: proxy_adds_ms, within_1_ms: proxy_adds_ms <= 1 },
		};
	} finally {
		await egress.close();
		server.closeAllConnections();
		server.close();
		rmSync(place.folder, { recursive: true, force: true });
	}
}

interface Place {
	readonly folder: string;
	readonly workspace: string;
	readonly keyring: string;
	readonly socket: string;
	readonly uid: number;
}

function makePlace(): Place {
	const uid = process.getuid!() === 0 ? 20_001 : process.getuid!();
	const folder = mkdtempSync('/var/tmp/tappass-bench-');
	chmodSync(folder, 0o755);
	const [workspace, keyring] = [join(folder, 'workspace'), join(folder, 'keyring')];
	for (const path of [workspace, keyring]) mkdirSync(path, { mode: 0o755 });
	chownSync(workspace, uid, uid);
	writeFileSync(join(keyring, 'keyring.json'), '{}');
	return { folder, workspace, keyring, socket: join(folder, 'egress.sock'), uid };
}

/** From the call to the exit of `true`, alone and in a sandbox. */
async function starts(place: Place): Promise<{ readonly bare: Spread; readonly sandboxed: Spread }> {
	const bare: number[] = [];
	const sandboxed: number[] = [];
	for (let index = 0; index < startRounds; index += 1) {
		bare.push(await timed(async () => void (await once(spawn('/usr/bin/true', { stdio: 'ignore' }), 'exit'))));
		sandboxed.push(await runSandboxed(place, index));
	}
	return { bare: spread(bare), sandboxed: spread(sandboxed) };
}

async function runSandboxed(place: Place, index: number): Promise<number> {
	const rendered = findTarget('bubblewrap')!.render(
		{
			...emptyCompiledPolicy,
			filesystem: { workspace: '/workspace', read_only: [], deny_paths: [] },
		},
		{
			os: 'linux',
			home: '/home/agent',
			uid: place.uid,
			workspace_host: place.workspace,
			gateway_url: 'http://inference.local:3128/v1',
			mcp_url: 'http://mcp.local:3128/mcp',
			binaries: { socat: '/usr/bin/socat' },
			target_version: null,
			tool_aliases: {},
			domain_categories: {},
			path_kinds: { [place.workspace]: 'directory' },
		},
	);
	let ended = (): void => undefined;
	const end = new Promise<void>((resolve) => {
		ended = resolve;
	});
	const begin = performance.now();
	const { process: child } = await launchSandbox({
		name: 'bench',
		command: '/usr/bin/true',
		args: [],
		rendered,
		runDirectory: join(place.folder, `run-${index}`),
		workspaceHost: place.workspace,
		keyringDirectory: place.keyring,
		egressSocket: place.socket,
		uid: place.uid,
		gid: place.uid,
		env: agentEnvironment,
		onExit: ended,
	});
	if (child.exitCode === null) await once(child, 'exit');
	const time = performance.now() - begin;
	await end;
	return time;
}

/** POST of 2 KB, answered with 2 KB, on a connection that is kept. */
async function requests(to: RequestOptions): Promise<Spread> {
	const agent = new Agent({ keepAlive: true, maxSockets: 1 });
	const times: number[] = [];
	for (let index = 0; index < requestRounds + 200; index += 1) {
		const time = await timed(async () => {
			const outgoing = request({ ...to, agent, method: 'POST', path: '/v1/messages' });
			outgoing.end(body);
			const [answer] = await once(outgoing, 'response');
			await once(answer.resume(), 'end');
		});
		if (index >= 200) times.push(time);
	}
	agent.destroy();
	return spread(times);
}

/** From the change of the policy to its effect on an open tunnel (closed), and on a new one (refused). */
async function changes(socketPath: string, port: number, set: (allow: boolean) => void): Promise<Spread> {
	const times: number[] = [];
	const open = async (): Promise<{ socket: ReturnType<typeof connect>; head: string }> => {
		const socket = connect(socketPath).on('error', () => undefined);
		socket.write(`CONNECT files.acme.com:${port} HTTP/1.1\r\nhost: x\r\n\r\n`);
		const [head] = await once(socket, 'data');
		return { socket, head: String(head) };
	};
	for (let index = 0; index < changeRounds; index += 1) {
		const { socket } = await open();
		const closed = once(socket, 'close');
		socket.resume();
		times.push(
			await timed(async () => {
				set(false);
				await closed;
				const { socket: next, head } = await open();
				next.destroy();
				if (!head.startsWith('HTTP/1.1 403')) process.stderr.write(`bench: a denied host was answered: ${head}\n`);
			}),
		);
		set(true);
	}
	return spread(times);
}

async function timed(work: () => Promise<void>): Promise<number> {
	const begin = performance.now();
	await work();
	return performance.now() - begin;
}

function spread(times: number[]): Spread {
	times.sort((a, b) => a - b);
	const at = (part: number): number => round(times[Math.min(times.length - 1, Math.floor(times.length * part))]!);
	return { p50_ms: at(0.5), p99_ms: at(0.99), rounds: times.length };
}

function round(value: number): number {
	return Math.round(value * 100) / 100;
}
