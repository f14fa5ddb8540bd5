import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { writeBelow } from '@tappass/cli-kit';
import { type Rendered, TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';
import { underUmask } from '../state/umask.ts';
import { closeInherited } from './inherited.ts';
import { agentUmask } from './launch-sandbox.ts';
import type { OtherTarget } from './other-programs.ts';
import { endGroup } from './process-group.ts';
import { identify, signalProcess, waitGone } from './process-identity.ts';
import { systemProgram } from './programs.ts';
import { assertNotRunning, forgetRecord, keepRecord, prepareRunDirectory } from './run-record.ts';
import type { SandboxExit, SandboxOptions } from './types.ts';

/** What another program is started with; it makes the sandbox itself, and its own proxy holds the network. */
export interface LaunchWithOptions
	extends Pick<
		SandboxOptions,
		'name' | 'command' | 'args' | 'rendered' | 'runDirectory' | 'uid' | 'gid' | 'env' | 'stdio' | 'onExit'
	> {
	/** Where the workspace is on the host. */
	readonly workspaceHost: string;
	/** The program and what goes before our arguments: `['/usr/bin/node', '…/cli.js']`, `['/usr/bin/nono']`. */
	readonly program: readonly [string, ...string[]];
}

/** A sandbox that another program made. */
export interface OtherSandbox {
	readonly pid: number;
	readonly process: import('node:child_process').ChildProcess;
	/** Ends the program and what it started; returns when its processes are gone. */
	readonly kill: () => Promise<void>;
}

/**
 * Starts an agent through another sandbox program on what its Provider rendered. The program gets a process group of its
 * own: one that is killed may leave the agent running, so all of the group is ended.
 *
 * @throws {TapPassError} sandbox_failed, file_unwritable, already_running
 */
export async function launchWith(target: OtherTarget, options: LaunchWithOptions): Promise<OtherSandbox> {
	closeInherited();
	await prepareRunDirectory(options.runDirectory);
	await assertNotRunning(options.runDirectory);
	const directory = join(options.runDirectory, 'files');
	await writeBelow(directory, options.rendered.files);
	const own = process.getuid?.() === options.uid;
	const words = [...options.program, ...programArguments(options, directory)];
	// With the daemon goes the program, and with that its proxies: an agent that nobody watches over has no way out.
	const start = (): ChildProcess =>
		spawn(systemProgram('setpriv'), ['--pdeathsig', 'KILL', '--', ...words], {
			...(own ? {} : { uid: options.uid, gid: options.gid }),
			cwd: options.workspaceHost,
			env: { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8', ...options.rendered.env, ...options.env },
			stdio: [...(options.stdio ?? (['ignore', 'pipe', 'pipe'] as const))],
			detached: true,
		});
	const child = underUmask(agentUmask, start);
	// From the start on: one that refuses what was rendered ends before anything else is done here.
	const exited = new Promise<Pick<SandboxExit, 'code' | 'signal'>>((resolve) => {
		child.once('exit', (code, signal) => resolve({ code, signal }));
	});
	const identity = child.pid === undefined ? undefined : identify(child.pid);
	if (identity === undefined) {
		const reason = await new Promise<string>((resolve) => {
			child.once('error', ({ message }) => resolve(message)).once('exit', () => resolve('it ended at once'));
		});
		throw new TapPassError('sandbox_failed', { detail: `${target}: ${reason}` });
	}
	const record = { schema: 'tappass.sandbox-run/1', name: options.name, group: identity.pid, cgroup: null } as const;
	await keepRecord(options.runDirectory, { ...record, processes: [identity] }).catch((cause: unknown) => {
		// Nobody would find it after a crash.
		endGroup(identity);
		throw cause;
	});
	let why: SandboxExit['why'];
	const gone = exited.then(async (exit) => {
		endGroup(identity);
		await forgetRecord(options.runDirectory);
		options.onExit({ ...exit, ...(why !== undefined && { why }) });
	});
	return {
		pid: identity.pid,
		process: child,
		kill: async () => {
			why ??= 'killed';
			// Asked first: the program takes its own helpers and placeholders away.
			signalProcess(identity, 'SIGTERM');
			if (!(await waitGone([identity], limits.sandboxKillMs))) endGroup(identity);
			await gone;
		},
	};
}

/** The words behind the program: what was rendered, with its files where we wrote them, then the agent's own, as they are. */
function programArguments({ rendered, command, args }: LaunchWithOptions, directory: string): readonly string[] {
	return [...placed(rendered, directory), '--', command, ...args];
}

function placed({ args, files }: Rendered, directory: string): readonly string[] {
	const names = new Set(files.map(({ path }) => path));
	return args.map((word) => (names.has(word) ? join(directory, word) : word));
}
