import { join } from 'node:path';
import { TapPassError } from '@tappass/core';
import { boundsWrapper } from './bounds.ts';
import type { Run } from './launch-sandbox.ts';
import { isAlive } from './process-identity.ts';
import { systemProgram } from './programs.ts';
import type { SandboxOptions, Spawnable } from './types.ts';

interface Entry {
	readonly command: string;
	readonly args: readonly string[];
	readonly env: Readonly<Record<string, string>>;
}

/** Joins a control group ($2, when there is one), opens the filter ($1) and becomes the rest: words, never read as a script. */
const prepare = '[ -z "$2" ] || echo $$ >"$2" || exit 70; [ -z "$1" ] || exec 3<"$1" || exit 70; shift 2; exec "$@"';

/**
 * A program that enters a running sandbox: into the user namespace in which bwrap is root, under the same filter on system
 * calls (bwrap loads it; that is all it does here), into the namespaces of the agent, where all privilege is gone, and under
 * the same bounds. Its process starts as the caller, and becomes the agent's user by itself.
 *
 * @throws {TapPassError} not_found when the sandbox has ended
 */
export function enterSandbox(
	{ options, bounds, processes: [outer, inner], cgroup, filter }: Run,
	{ command, args, env }: Entry,
): Spawnable {
	if (!isAlive(outer) || !isAlive(inner))
		throw new TapPassError('not_found', { detail: `${options.name} does not run` });
	const nsenter = systemProgram('nsenter');
	const own = process.getuid?.() === options.uid;
	const inside = Object.entries({ ...fixedEnvironment(options), ...env }).map(([name, value]) => `${name}=${value}`);
	const group = cgroup === undefined ? '' : join(cgroup.directory, 'cgroup.procs');
	const become = [systemProgram('setpriv'), `--reuid=${options.uid}`, `--regid=${options.gid}`, '--clear-groups', '--'];
	return {
		command: '/bin/sh',
		args: [
			...['-c', prepare, 'tappass-enter', filter ?? '', group],
			...(own ? [] : become),
			...[nsenter, `--user=/proc/${outer.pid}/ns/user`, '--preserve-credentials', '--'],
			...[systemProgram('bwrap'), '--dev-bind', '/', '/'],
			...(filter === undefined ? [] : ['--seccomp', '3']),
			'--',
			...[nsenter, `--target=${inner.pid}`, '--user', '--mount', '--pid', '--net', '--ipc', '--uts', '--cgroup'],
			...['--preserve-credentials', '--'],
			...['/usr/bin/env', '-i', `--chdir=${workingDirectory(options)}`, ...inside],
			...boundsWrapper(bounds),
			...[command, ...args],
		],
		env: {},
	};
}

/** What the agent's own command was given by `--setenv`. */
function fixedEnvironment({ rendered, env }: SandboxOptions): Readonly<Record<string, string>> {
	const set: Record<string, string> = {};
	rendered.args.forEach((word, index) => {
		if (word === '--setenv') set[rendered.args[index + 1]!] = rendered.args[index + 2]!;
	});
	return { ...set, ...env };
}

function workingDirectory({ rendered }: SandboxOptions): string {
	const at = rendered.args.lastIndexOf('--chdir');
	return at < 0 ? '/' : rendered.args[at + 1]!;
}
