import { spawn } from 'node:child_process';
import { TapPassError } from '@tappass/core';
import { closeInherited } from '../launch/inherited.ts';
import type { CommandContext } from './context.ts';

/**
 * Runs a program inside a sandbox that runs, with this terminal: a shell when none is named. Its exit code becomes ours.
 * @throws {TapPassError} not_found, forbidden
 */
export async function shell(context: CommandContext, name: string, words: readonly string[]): Promise<number> {
	const [command = '/bin/sh', ...args] = words;
	const term = context.env['TERM'];
	const env = term === undefined ? {} : { TERM: term };
	const { daemon } = await context.daemon.status();
	const own = process.getuid?.();
	if (own !== 0 && own !== daemon.uid) {
		throw new TapPassError('forbidden', {
			detail: 'only the daemon’s own user can become the agent’s',
			hint: 'use sudo',
		});
	}
	const spawnable = await context.daemon.enter(name, { command, args, env });
	// The agent is the same user inside: it could reach through what this terminal's shell has open.
	closeInherited();
	const child = spawn(spawnable.command, spawnable.args, { stdio: 'inherit', cwd: '/', env: spawnable.env });
	// What the terminal sends goes to the program; it decides what becomes of it.
	for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
		process.removeAllListeners(signal);
		process.on(signal, () => undefined);
	}
	return new Promise((resolve, reject) => {
		child.once('error', (cause) => reject(new TapPassError('agent_failed', { detail: command, cause })));
		child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128 + 15)));
	});
}
