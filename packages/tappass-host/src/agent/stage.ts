import { hash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { type Principal, unreachablePart } from '../launch/reachable.ts';
import { stage } from '../launch/stage.ts';

/** What is shown inside a sandbox: where it lies on the host, and where the program expects it. */
export interface Mount {
	readonly from: string;
	readonly at: string;
}

/**
 * Makes what a program is made of readable to the agent's user. What that user can reach stays where it is; what lies under
 * a directory that is closed to others (a clone below `/root`) is copied, which takes the right to read it: the caller's.
 *
 * @param root directory of this sandbox for copies; those that are no longer used go
 * @throws {TapPassError} file_unreadable
 */
export async function stageProgram(paths: readonly string[], root: string, user: Principal): Promise<readonly Mount[]> {
	const mounts: Mount[] = [];
	const kept = new Set<string>();
	for (const at of paths) {
		const isReachable = (await unreachablePart(at, user)) === undefined;
		const name = hash('sha256', at, 'hex').slice(0, 16);
		if (!isReachable) kept.add(name);
		mounts.push({ from: isReachable ? at : await stage(at, root, name), at });
	}
	for (const name of await readdir(root).catch(() => [])) {
		if (!kept.has(name)) await rm(`${root}/${name}`, { recursive: true, force: true });
	}
	return mounts;
}
