import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
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
	/** Words before `--` by which the program only looks at what was rendered; what it refuses then is not started. */
	readonly rehearsal?: readonly string[];
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
	if (options.rehearsal !== undefined) await rehearse(target, options, directory);
	const [command, ...words] = wordsOf(options, directory);
	const start = (): ChildProcess =>
		spawn(command, words, {
			...processOf(options),
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

/** Has the program look at what was rendered, as it will be started. @throws {TapPassError} sandbox_failed, in its words */
async function rehearse(target: OtherTarget, options: LaunchWithOptions, directory: string): Promise<void> {
	const [command, ...words] = wordsOf(options, directory, options.rehearsal);
	await promisify(execFile)(command, words, { ...processOf(options), timeout: limits.sandboxStartMs }).catch(
		({ message, stderr }: Error & { readonly stderr?: string }) => {
			const said = (stderr?.trim() || message).replaceAll(/\s+/g, ' ').slice(0, 500);
			// It has not come as far as looking: what it is started in could not be made.
			if (said.startsWith('bwrap: '))
				throw new TapPassError('sandbox_failed', { detail: said, hint: 'tappass-host doctor' });
			const hint = `what it was given is in ${directory}`;
			throw new TapPassError('sandbox_failed', { detail: `${target} refuses what was rendered: ${said}`, hint });
		},
	);
}

/** The program with what was rendered, its files where we wrote them, then the agent's own words as they are. */
function wordsOf(
	{ args, command, program, rendered }: LaunchWithOptions,
	directory: string,
	further: readonly string[] = [],
): readonly [string, ...string[]] {
	const words = [...program, ...placed(rendered, directory), ...further, '--', command, ...args];
	// With the daemon goes the program, and with that its proxies: an agent that nobody watches over has no way out.
	return [systemProgram('setpriv'), '--pdeathsig', 'KILL', '--', ...words];
}

/** As whom, where and with which variables the program is started. */
function processOf({ env, gid, rendered, uid, workspaceHost }: LaunchWithOptions): {
	readonly uid?: number;
	readonly gid?: number;
	readonly cwd: string;
	readonly env: Readonly<Record<string, string>>;
} {
	return {
		...(process.getuid?.() === uid ? {} : { uid, gid }),
		cwd: workspaceHost,
		env: { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8', ...rendered.env, ...env },
	};
}

function placed({ args, files }: Rendered, directory: string): readonly string[] {
	const names = new Set(files.map(({ path }) => path));
	return args.map((word) => (names.has(word) ? join(directory, word) : word));
}
