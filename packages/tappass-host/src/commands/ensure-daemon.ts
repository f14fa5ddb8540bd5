import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { note } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import type { DaemonView } from '../daemon/view.ts';
import { limits } from '../limits.ts';
import { makePrivateDirectory } from '../state/files.ts';
import type { CommandContext } from './context.ts';

/** The daemon's view; one is brought up, and said, when none runs. @throws {TapPassError} daemon_unreachable */
export async function ensureDaemon(context: CommandContext): Promise<DaemonView> {
	try {
		return await context.daemon.status();
	} catch (error) {
		const { code } = ((error as TapPassError).cause ?? {}) as NodeJS.ErrnoException;
		if (code !== 'ENOENT' && code !== 'ECONNREFUSED') throw error;
	}
	const { pid, log } = await startInBackground(context);
	note(context.terminal, 'note', `no daemon ran; started one (process ${pid}), which logs to ${log}`);
	return untilItAnswers(context, log);
}

/** Node's options for a daemon: a small young generation, since it idles most of its life. */
export const daemonNodeOptions: readonly string[] = ['--max-semi-space-size=1'];

/** Starts a daemon that outlives this command. */
export async function startInBackground({
	places,
	program,
}: CommandContext): Promise<{ readonly pid: number; readonly log: string }> {
	await makePrivateDirectory(places.state);
	const log = join(places.state, 'daemon.log');
	const file = openSync(log, 'a', 0o600);
	const child = spawn(process.execPath, [...daemonNodeOptions, program, 'daemon', '--foreground'], {
		detached: true,
		cwd: '/',
		stdio: ['ignore', file, file],
	});
	child.unref();
	return { pid: child.pid ?? 0, log };
}

/** @throws {TapPassError} daemon_unreachable */
export async function untilItAnswers({ daemon }: CommandContext, log: string): Promise<DaemonView> {
	const until = performance.now() + limits.daemonStartMs;
	for (;;) {
		try {
			return await daemon.status();
		} catch (error) {
			if (performance.now() > until) {
				throw new TapPassError('daemon_unreachable', {
					detail: 'it did not come up',
					hint: `read ${log}`,
					cause: error,
				});
			}
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
	}
}
