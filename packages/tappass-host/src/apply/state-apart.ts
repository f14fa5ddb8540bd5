import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import {
	coversPath,
	type FilesystemAspect,
	type PathPattern,
	parsePathPattern,
	pathText,
	resolveHome,
	TapPassError,
} from '@tappass/core';

/** What an agent would be shown, and where the daemon keeps things. */
export interface Shown {
	readonly filesystem: FilesystemAspect;
	/** Directory of the host that becomes the workspace. */
	readonly workspace: string;
	/** Directory in which every sandbox of this host has its own. */
	readonly state: string;
	/** The sandbox's own, in `state`. */
	readonly directory: string;
}

/**
 * Refuses to show an agent of the daemon's own user what the daemon keeps: it could read the keys of this host, and every
 * other sandbox's. Its own workspace there is its own.
 *
 * @throws {TapPassError} runtime_unenforced
 */
export async function assertStateApart({ directory, filesystem, state, workspace }: Shown): Promise<void> {
	const [kept, own, work] = await Promise.all([state, join(directory, 'workspace'), workspace].map(placeOf));
	const denied = await Promise.all(hostPaths(filesystem.deny_paths).map(placeOf));
	// What is denied is taken out of what is read; the workspace stands under another name inside, where it would be there still.
	const isDenied = denied.some((path) => coversPath(path, kept!));
	const read = isDenied ? [] : await Promise.all(hostPaths(filesystem.read_only).map(placeOf));
	const shown = coversPath(own!, work!) ? read : [work!, ...read];
	const around = shown.find((path) => coversPath(path, kept!) || coversPath(kept!, path));
	if (around === undefined) return;
	throw new TapPassError('runtime_unenforced', {
		detail: `${pathText(around)} would be shown, where the daemon keeps its keys in ${state}, and the agent is the daemon's own user`,
		hint: 'run the daemon as root, or keep its state elsewhere (TAPPASS_HOST_STATE)',
	});
}

/** Paths of a policy that are the host's; `~` is the agent's home inside, and what is in the workspace lies in that. */
function hostPaths(texts: readonly string[]): readonly string[] {
	const home: PathPattern = { root: '/', segments: ['home', 'agent'] };
	const read = texts.map((text) => parsePathPattern(text).pattern).filter((pattern) => pattern !== undefined);
	return read.map((pattern) => pathText(resolveHome(pattern, home)));
}

/** Where a path leads, link by link; one that is not there leads to itself. */
async function placeOf(path: string): Promise<PathPattern> {
	const real = await realpath(path).catch(() => path);
	return { root: '/', segments: real.split('/').filter((segment) => segment !== '') };
}
