import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { chown, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { TapPassError } from '@tappass/core';
import { bubblewrapCommand } from '@tappass/providers';
import { limits } from '../limits.ts';
import { underUmask } from '../state/umask.ts';
import { type Bounds, boundProcess, boundsOf } from './bounds.ts';
import { makeCgroup, type SandboxCgroup } from './cgroup.ts';
import { enterSandbox } from './enter.ts';
import { watchExhaustion } from './exhaustion-watch.ts';
import { firstWords, holdOutput } from './held-output.ts';
import { closeInherited } from './inherited.ts';
import { identify, isAlive, type ProcessIdentity, signalProcess, waitGone } from './process-identity.ts';
import { systemProgram } from './programs.ts';
import { unreachablePart } from './reachable.ts';
import { startRelay } from './relay.ts';
import { assertNotRunning, forgetRecord, keepRecord, prepareRunDirectory, writeRunFiles } from './run-record.ts';
import { seccompFilter } from './seccomp.ts';
import type { Sandbox, SandboxExit, SandboxOptions } from './types.ts';
import { showsHostDirectories } from './wide-mounts.ts';
import { watchWorkspace } from './workspace-watch.ts';

/**
 * Starts an agent in the kernel ring: namespaces and allow-list mounts by bwrap, a user of its own, a filter on system calls,
 * bounds on what it may use. Returns when everything is in place and the command begins; nothing of it runs before.
 *
 * @throws {TapPassError} sandbox_failed, program_missing, file_unwritable, file_unreadable
 */
export async function launchSandbox(options: SandboxOptions): Promise<Sandbox> {
	closeInherited();
	const bounds = boundsOf(options.limits);
	await assertReachable(options);
	await prepareRunDirectory(options.runDirectory);
	await assertNotRunning(options.runDirectory);
	const cgroup = options.cgroup === undefined ? undefined : await makeCgroup(options.cgroup, options.name, bounds);
	const wide = showsHostDirectories(options.rendered, options.workspaceHost);
	const filter = await writeFilter(options.runDirectory, !wide);
	const args = await bwrapArguments(options, bounds);
	const child = start(options, args, filter);
	const release = holdOutput(child);
	const exited = exitOf(child);
	let relaying: Promise<readonly ProcessIdentity[]> = Promise.resolve([]);
	try {
		// Kept before anything else, so that one that a crash leaves half started is found too.
		await keepProcesses(options, [identify(child.pid ?? 0)], cgroup);
		const pair = await identities(child, await innerProcess(child, exited));
		for (const { pid } of pair) await cgroup?.take(pid);
		relaying = relayFor(options, pair);
		const [relay] = await Promise.all([relaying, boundProcess(pair[1].pid, bounds, otherUser(options))]);
		const run: Run = { options, bounds, child, exited, processes: [...pair, ...relay], cgroup, filter };
		await keepProcesses(options, run.processes, cgroup);
		await letGo(child, pair[1]);
		release();
		return supervise(run);
	} catch (cause) {
		endHalfStarted(child);
		// With the sandbox gone this ends by itself, or gives the relay that had just begun.
		for (const one of await relaying.catch(() => [])) signalProcess(one, 'SIGKILL');
		await cgroup?.remove();
		await forgetRecord(options.runDirectory);
		await exited;
		// What bwrap itself says is why; the rest failed for want of it.
		const said = child.pid === undefined ? '' : await firstWords(child.stderr);
		throw said.startsWith('bwrap: ') ? failed(said) : cause;
	}
}

/** What is known of a sandbox that runs. */
export interface Run {
	readonly options: SandboxOptions;
	readonly bounds: Bounds;
	readonly child: ChildProcess;
	readonly exited: Promise<Exit>;
	/** bwrap outside, the first process inside, and the relay. */
	readonly processes: readonly [ProcessIdentity, ProcessIdentity, ...ProcessIdentity[]];
	readonly cgroup: SandboxCgroup | undefined;
	/** Path of the filter on system calls. */
	readonly filter: string | undefined;
}

type Exit = Pick<SandboxExit, 'code' | 'signal'>;

/** From the start on: a command may have ended before anybody asks. */
function exitOf(child: ChildProcess): Promise<Exit> {
	return new Promise((resolve) => {
		child.once('exit', (code, signal) => resolve({ code, signal }));
		child.once('error', () => resolve({ code: null, signal: null }));
	});
}

async function identities(child: ChildProcess, innerPid: number): Promise<readonly [ProcessIdentity, ProcessIdentity]> {
	const [outer, inner] = [identify(child.pid!), identify(innerPid)];
	if (outer !== undefined && inner !== undefined) return [outer, inner];
	throw failed((await firstWords(child.stderr)) || 'it ended at once');
}

async function keepProcesses(
	{ name, runDirectory }: SandboxOptions,
	processes: readonly (ProcessIdentity | undefined)[],
	cgroup: SandboxCgroup | undefined,
): Promise<void> {
	await keepRecord(runDirectory, {
		schema: 'tappass.sandbox-run/1',
		name,
		processes: processes.filter((one) => one !== undefined),
		cgroup: cgroup?.directory ?? null,
	});
}

async function relayFor(
	options: SandboxOptions,
	pair: readonly [ProcessIdentity, ProcessIdentity],
): Promise<readonly ProcessIdentity[]> {
	if (options.egressSocket === null) return [];
	// The relay connects as the agent's user; nobody else of the machine may, or they would use the sandbox's token.
	if (process.getuid?.() !== options.uid) await chown(options.egressSocket, options.uid, options.gid);
	return [await startRelay(pair, options.egressSocket, otherUser(options))];
}

/** The user to start as, when it is not our own. */
function otherUser({ uid, gid }: SandboxOptions): { readonly uid?: number; readonly gid?: number } {
	return process.getuid?.() === uid ? {} : { uid, gid };
}

/** What waits inside is ended first: it would take the end of the one outside for the word to go on. */
function endHalfStarted(child: ChildProcess): void {
	const outer = child.pid === undefined ? undefined : identify(child.pid);
	if (outer === undefined) return;
	for (const pid of readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, 'latin1')
		.split(' ')
		.filter(Boolean)) {
		const inner = identify(Number(pid));
		if (inner !== undefined) signalProcess(inner, 'SIGKILL');
	}
	signalProcess(outer, 'SIGKILL');
}

/** The agent's own user opens what is mounted: what it cannot reach is said before bwrap says it in fewer words. */
async function assertReachable({
	keyringDirectory,
	egressSocket,
	workspaceHost,
	uid,
	gid,
}: SandboxOptions): Promise<void> {
	const paths = [keyringDirectory, workspaceHost, egressSocket === null ? null : dirname(egressSocket)];
	for (const path of paths.filter((one) => typeof one === 'string')) {
		const part = await unreachablePart(path, { uid, gid });
		if (part === undefined) continue;
		const detail = `user ${uid} cannot reach ${path}: ${part} does not let it`;
		throw new TapPassError('sandbox_failed', { detail, hint: `chmod o+x ${part}` });
	}
}

async function writeFilter(runDirectory: string, unixSockets: boolean): Promise<string | undefined> {
	const filter = seccompFilter({ architecture: process.arch, unixSockets });
	if (filter === undefined) return undefined;
	const path = join(runDirectory, 'seccomp.bpf');
	await writeFile(path, filter, { mode: 0o644 });
	return path;
}

async function bwrapArguments(options: SandboxOptions, bounds: Bounds): Promise<readonly string[]> {
	const files_dir = await writeRunFiles(options.runDirectory, options.rendered.files);
	return bubblewrapCommand(options.rendered, {
		files_dir,
		// The relay is outside: one inside could be filled up with processes, taken over, and needs unix sockets.
		egress_socket: null,
		keyring_dir: options.keyringDirectory,
		env: options.env,
		scratch_bytes: bounds.scratchBytes,
		command: [options.command, ...options.args],
	});
}

/** What an agent makes in its workspace is for its owner to read, whatever the daemon's own mask. */
export const agentUmask = 0o022;

/** Descriptors of bwrap beside the standard three: what it tells, what it waits for, what it loads. */
const [infoFd, blockFd, filterFd] = [3, 4, 5];

/**
 * bwrap runs in a user namespace of its own, in which it is root and the agent's user is all there is. `shell` comes in by
 * that namespace, with no privilege on the host.
 */
function start(options: SandboxOptions, args: readonly string[], filter: string | undefined): ChildProcess {
	const fd = filter === undefined ? undefined : openSync(filter, 'r');
	try {
		const program = systemProgram('unshare');
		const words = [
			'--user',
			'--map-root-user',
			'--',
			systemProgram('bwrap'),
			...['--uid', String(options.uid), '--gid', String(options.gid)],
			...['--info-fd', String(infoFd), '--block-fd', String(blockFd)],
			...(fd === undefined ? [] : ['--seccomp', String(filterFd)]),
			...args,
		];
		return underUmask(agentUmask, () =>
			spawn(program, words, {
				...otherUser(options),
				cwd: '/',
				env: {},
				stdio: [...standard(options.stdio), 'pipe', 'pipe', ...(fd === undefined ? [] : [fd])],
			}),
		);
	} finally {
		if (fd !== undefined) closeSync(fd);
	}
}

function standard(stdio: SandboxOptions['stdio']): ('pipe' | 'ignore' | 'inherit' | number)[] {
	return [...(stdio ?? ['ignore', 'pipe', 'pipe'])];
}

/** Waits until bwrap tells the number of its first process inside. */
async function innerProcess(child: ChildProcess, exited: Promise<Exit>): Promise<number> {
	const told = new Promise<number>((resolve, reject) => {
		let text = '';
		child.once('error', (cause) => reject(failed(cause.message)));
		(child.stdio[infoFd] as Readable | undefined)?.setEncoding('utf8').on('data', (part) => {
			text += part;
			const [, pid] = /"child-pid": (\d+)/.exec(text) ?? [];
			if (pid !== undefined && text.includes('}')) resolve(Number(pid));
		});
		exited.then(async () => reject(failed((await firstWords(child.stderr)) || 'bwrap ended at once')), reject);
	});
	const timer = setTimeout(() => endHalfStarted(child), limits.sandboxStartMs);
	return told.finally(() => clearTimeout(timer));
}

/**
 * Lets the command begin, and waits until it does: bwrap reads this descriptor when all is mounted, and closes it before the
 * command. One that could not mount something closes it by ending, and says so; a command that has ended by now did begin.
 */
async function letGo(child: ChildProcess, inner: ProcessIdentity): Promise<void> {
	const gate = child.stdio[blockFd] as Duplex;
	const passed = new Promise<void>((resolve) => {
		if (gate.closed) resolve();
		gate.once('error', () => resolve()).once('close', () => resolve());
	});
	gate.resume().end('go');
	const timer = setTimeout(() => endHalfStarted(child), limits.sandboxStartMs);
	await passed.finally(() => clearTimeout(timer));
	if (isAlive(inner)) return;
	const said = await firstWords(child.stderr);
	if (said.startsWith('bwrap: ')) throw failed(said);
}

function failed(detail: string): TapPassError {
	return new TapPassError('sandbox_failed', { detail, hint: 'tappass-host doctor' });
}

function supervise(run: Run): Sandbox {
	const { options, bounds, child, exited, processes, cgroup } = run;
	const [outer, inner, ...others] = processes;
	let why: SandboxExit['why'];
	const end = (reason: NonNullable<SandboxExit['why']>): void => {
		why ??= reason;
		// The first process of a pid namespace takes all others with it.
		signalProcess(inner, 'SIGKILL');
		signalProcess(outer, 'SIGKILL');
		for (const one of others) signalProcess(one, 'SIGKILL');
	};
	const stopWatch =
		options.workspaceHost === undefined
			? (): void => undefined
			: watchWorkspace(systemProgram('du'), options.workspaceHost, bounds.workspaceBytes, () => {
					options.onExhausted?.('workspace');
					end('workspace_full');
				});
	const stopCounting =
		cgroup === undefined || options.onExhausted === undefined
			? async (): Promise<void> => undefined
			: watchExhaustion(cgroup.directory, options.onExhausted);
	const gone = exited.then(async (exit) => {
		stopWatch();
		await stopCounting();
		for (const one of [inner, ...others]) signalProcess(one, 'SIGKILL');
		await waitGone(processes, limits.sandboxKillMs);
		await cgroup?.remove();
		await forgetRecord(options.runDirectory);
		options.onExit({ ...exit, ...(why !== undefined && { why }) });
	});
	return {
		pid: outer.pid,
		innerPid: inner.pid,
		process: child,
		kill: async () => {
			end('killed');
			await gone;
		},
		enter: (command, args, env = {}) => enterSandbox(run, { command, args, env }),
	};
}
