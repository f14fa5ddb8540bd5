import { lstat, mkdir, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Answer, note } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { resolveAgent } from '../agent/resolve-agent.ts';
import { stageProgram } from '../agent/stage.ts';
import { userFor } from '../daemon/users.ts';
import type { SandboxView } from '../daemon/view.ts';
import type { RunRequest } from '../state/documents.ts';
import { sandboxPlaces } from '../state/places.ts';
import type { CommandContext } from './context.ts';
import { ensureDaemon } from './ensure-daemon.ts';

export interface StartOptions {
	readonly agent: string;
	readonly workspace?: string;
	readonly args: readonly string[];
}

/** Starts an agent in its sandbox. @throws {TapPassError} why it is not started */
export async function start(context: CommandContext, name: string, options: StartOptions): Promise<Answer> {
	const { directory } = sandboxPlaces(context.places.state, name);
	const { weaknesses, sandboxes } = await ensureDaemon(context);
	if (!sandboxes.some((one) => one.name === name)) {
		const known = sandboxes.map((one) => one.name).join(', ');
		throw new TapPassError('not_found', {
			detail: `no sandbox ${name} on this host`,
			hint: known === '' ? `enrol it: tappass-host init ${name} --enroll-url <url>` : `there is ${known}`,
		});
	}
	const run = await runRequest(context, name, directory, options);
	const view = await context.daemon.start(name, run);
	for (const { what, why } of weaknesses) note(context.terminal, 'warning', `weaker on this machine: ${what}: ${why}`);
	return answerOf('tappass.host.start/1', view, [
		`${name} runs ${options.agent} (process ${view.agent.pid}) under policy version ${view.loaded_version}`,
		...view.inactive.map(({ position, why }) => `not active: ${position} (${why})`),
		`workspace: ${run.workspace}`,
		`watch it: tappass-host status --watch, tappass-host logs ${name} -f`,
	]);
}

/** Ends an agent for good. */
export async function stop(context: CommandContext, name: string): Promise<Answer> {
	const view = await context.daemon.stop(name);
	return answerOf('tappass.host.stop/1', view, [`${name} is stopped`]);
}

/** Ends an agent and starts it again under what is in force now. */
export async function restart(context: CommandContext, name: string): Promise<Answer> {
	const view = await context.daemon.restart(name);
	const { agent, loaded_version } = view;
	if (agent.state !== 'running') {
		throw new TapPassError('agent_failed', {
			detail: `${name} is ${agent.state}${agent.why === null ? '' : `: ${agent.why}`}`,
		});
	}
	return answerOf('tappass.host.restart/1', view, [
		`${name} runs again (process ${agent.pid}) under version ${loaded_version}`,
	]);
}

function answerOf(schema: string, sandbox: SandboxView, lines: readonly string[]): Answer {
	return { schema, fields: { sandbox }, text: lines.join('\n') };
}

async function runRequest(
	context: CommandContext,
	name: string,
	directory: string,
	{ agent, args, workspace }: StartOptions,
): Promise<RunRequest> {
	const node = await realpath(process.execPath);
	const found = await resolveAgent(agent, { cwd: process.cwd(), path: context.env['PATH'] ?? '', node });
	const user = await userFor(context.files, context.places.state, name);
	const needed = [...(found.program[0] === node ? [node] : []), ...found.directories];
	return {
		schema: 'tappass.host-run/1',
		agent,
		name: found.name,
		program: found.program,
		args,
		mounts: await stageProgram(needed, join(directory, 'program'), user),
		workspace: await workspaceOf(workspace, directory, user),
		wanted: true,
	};
}

/** The directory that the agent works in; one of its own when none is named. @throws {TapPassError} file_unreadable */
async function workspaceOf(
	given: string | undefined,
	directory: string,
	user: { readonly uid: number; readonly gid: number },
): Promise<string> {
	if (given === undefined) {
		const own = join(directory, 'workspace');
		await mkdir(own, { recursive: true, mode: 0o700 });
		await giveTo(own, user);
		return own;
	}
	const path = await realpath(resolve(given)).catch((cause: NodeJS.ErrnoException) => {
		throw new TapPassError('file_unreadable', { detail: `${given}: ${cause.code}`, hint: `mkdir ${given}`, cause });
	});
	const stat = await lstat(path);
	if (!stat.isDirectory()) throw new TapPassError('file_unreadable', { detail: `${given} is not a directory` });
	const shift = stat.uid === user.uid ? 6 : stat.gid === user.gid ? 3 : 0;
	if (((stat.mode >> shift) & 7) !== 7) {
		throw new TapPassError('file_unreadable', {
			detail: `the agent runs as user ${user.uid}, which may not write to ${path}`,
			hint: `chown -R ${user.uid}:${user.gid} ${path}`,
		});
	}
	return path;
}

async function giveTo(path: string, user: { readonly uid: number; readonly gid: number }): Promise<void> {
	const { chown } = await import('node:fs/promises');
	if (process.getuid?.() === 0) await chown(path, user.uid, user.gid);
}
