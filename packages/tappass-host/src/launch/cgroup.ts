import { constants } from 'node:fs';
import { access, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bounds } from './bounds.ts';

/** Where the kernel shows control groups; tests put a directory of their own there. */
export interface CgroupPlaces {
	readonly mount: string;
	/** This process's groups, `/proc/self/cgroup`. */
	readonly own: string;
}
const places: CgroupPlaces = { mount: '/sys/fs/cgroup', own: '/proc/self/cgroup' };

/** The cgroup v2 directory that was delegated to us with memory and process counts (`Delegate=yes` in the unit), or undefined. */
export async function offeredCgroup({ mount, own }: CgroupPlaces = places): Promise<string | undefined> {
	try {
		const line = (await readFile(own, 'utf8')).split('\n').find((text) => text.startsWith('0::/'));
		if (line === undefined) return undefined;
		const base = join(mount, line.slice(3).replace(/\/daemon$/, ''));
		const controllers = (await readFile(join(base, 'cgroup.controllers'), 'utf8')).trim().split(' ');
		await access(base, constants.W_OK);
		return ['memory', 'pids'].every((name) => controllers.includes(name)) ? base : undefined;
	} catch {
		// Nothing is lost: without delegation each process has its bounds, and `weaknesses` says what that leaves open.
		return undefined;
	}
}

/**
 * Makes what was delegated ready for sandboxes, or gives undefined. What runs there moves into a group beside them: the kernel
 * gives controllers only to children of a group without processes, and this process is not the only one (a helper speaks to
 * systemd). The daemon calls it once.
 */
export async function delegatedCgroup(where: CgroupPlaces = places): Promise<string | undefined> {
	const base = await offeredCgroup(where);
	if (base === undefined) return undefined;
	try {
		await mkdir(join(base, 'daemon'), { recursive: true });
		await moveAll(base, join(base, 'daemon'));
		await writeFile(join(base, 'cgroup.subtree_control'), '+memory +pids');
		return base;
	} catch {
		// Offered and not given: as good as not offered.
		return undefined;
	}
}

/** Moves every process of a group; one that begins meanwhile is moved with the next look. */
async function moveAll(from: string, to: string): Promise<void> {
	const own = String(process.pid);
	await writeFile(join(to, 'cgroup.procs'), own);
	for (let look = 0; look < 5; look += 1) {
		const pids = (await readFile(join(from, 'cgroup.procs'), 'utf8'))
			.split('\n')
			.filter((pid) => pid !== '' && pid !== own);
		if (pids.length === 0) return;
		// One that has ended is not there to be moved.
		for (const pid of pids) await writeFile(join(to, 'cgroup.procs'), pid).catch(() => undefined);
	}
}

/** A sandbox's own group. */
export interface SandboxCgroup {
	readonly directory: string;
	/** Takes a process, and all that it starts from now on, into the group. */
	readonly take: (pid: number) => Promise<void>;
	/** Ends every process in it and removes it. */
	readonly remove: () => Promise<void>;
}

/** Makes the group of one sandbox. A bound that cannot be set is an error: the sandbox does not start. */
export async function makeCgroup(base: string, name: string, bounds: Bounds): Promise<SandboxCgroup> {
	const directory = join(base, `sandbox-${name}`);
	await mkdir(directory, { recursive: true });
	const set = (file: string, value: string): Promise<void> => writeFile(join(directory, file), value);
	await set('memory.max', String(bounds.memoryBytes));
	await set('pids.max', String(bounds.processes));
	// One process out of memory ends the sandbox as a whole: half an agent is none.
	await set('memory.oom.group', '1');
	// Without swap accounting the file is not there.
	await set('memory.swap.max', '0').catch(ignoreMissing);
	return {
		directory,
		take: (pid) => set('cgroup.procs', String(pid)),
		remove: () => removeCgroup(directory),
	};
}

/** Ends every process of a group and removes it. */
export async function removeCgroup(directory: string): Promise<void> {
	await writeFile(join(directory, 'cgroup.kill'), '1').catch(ignoreMissing);
	await rmdir(directory).catch(ignoreMissing);
}

function ignoreMissing(cause: unknown): void {
	const { code } = cause as NodeJS.ErrnoException;
	// EACCES: on a kernel's file system nothing can be made, so a file that is not there is refused that way.
	if (!['ENOENT', 'EACCES', 'EBUSY', 'ENOTEMPTY'].includes(code ?? '')) throw cause;
}
