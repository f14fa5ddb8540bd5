import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Rendered } from '@tappass/core';
import { limits } from '../limits.ts';
import { makeOwnedDirectory } from './owned-directory.ts';
import { systemProgram } from './programs.ts';
import type { Principal } from './reachable.ts';
import { assertNotRunning } from './run-record.ts';
import type { SandboxOptions } from './types.ts';

/** A run of nono, and where things are on the host. */
interface NonoRun extends Pick<SandboxOptions, 'runDirectory'> {
	readonly rendered: Rendered;
	readonly workspaceHost: string;
	/** The program, absolute. */
	readonly nono: string;
}

/**
 * The words that start nono. It makes no namespaces of its own, so an agent that leaves its process group would outlive it,
 * with every process and the /tmp of the machine in sight. It gets a process namespace whose first process takes all others
 * along, the /proc of that, and a /tmp of its own.
 *
 * @throws {TapPassError} program_missing without bwrap
 */
export function aroundNono(run: NonoRun): readonly [string, ...string[]] {
	return [
		systemProgram('bwrap'),
		...['--dev-bind', '/', '/', '--proc', '/proc'],
		...['--unshare-user', '--disable-userns', '--unshare-pid', '--unshare-ipc'],
		...['--cap-drop', 'ALL', '--die-with-parent'],
		...ownTmp(run),
		...['--chdir', run.workspaceHost, '--', run.nono],
	];
}

/**
 * A home for nono itself, empty and apart from all that an agent is granted: it keeps its state there, and reads profiles and
 * settings from there.
 *
 * @throws {TapPassError} already_running, file_unwritable
 */
export async function nonoHome(runDirectory: string, user: Principal): Promise<string> {
	await assertNotRunning(runDirectory);
	const home = join(runDirectory, 'home');
	await rm(home, { recursive: true, force: true });
	await makeOwnedDirectory(home, user);
	return home;
}

/** Memory at /tmp, with what the run needs of the machine's in its place; none where the policy names /tmp itself. */
function ownTmp({ nono, rendered, runDirectory, workspaceHost }: NonoRun): readonly string[] {
	const { read } = grantsOf(rendered);
	const needed = [workspaceHost, runDirectory, nono, ...read];
	if (needed.some((path) => path === '/' || path === '/tmp')) return [];
	const below = [...new Set(needed)].filter((path) => path.startsWith('/tmp/')).sort();
	return [
		...['--size', String(limits.sandboxScratchBytes), '--tmpfs', '/tmp'],
		...below.flatMap((path) => ['--bind-try', path, path]),
	];
}

/** What the profile that we rendered lets be read, beside the workspace. */
function grantsOf({ files }: Rendered): { readonly read: readonly string[] } {
	const profile = files.find(({ path }) => path === 'nono-profile.json');
	const { filesystem } = JSON.parse(profile?.content ?? '{"filesystem":{"read":[]}}');
	return filesystem;
}
