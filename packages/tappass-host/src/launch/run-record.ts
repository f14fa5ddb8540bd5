import { chmod, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '@tappass/cli-kit';
import { type RenderedFile, TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';
import { removeCgroup } from './cgroup.ts';
import { membersOf } from './process-group.ts';
import { isAlive, type ProcessIdentity, signalProcess, waitGone } from './process-identity.ts';

/** What runs of a sandbox, kept beside it so that whoever comes after a crash can end it. */
export interface RunRecord {
	readonly schema: 'tappass.sandbox-run/1';
	readonly name: string;
	readonly processes: readonly ProcessIdentity[];
	/** Set when the first of `processes` leads a process group that ends with it. */
	readonly group?: number;
	readonly cgroup: string | null;
}
const fileName = 'run.json';
const filesName = 'files';

/** Directory of one run: others may pass through it, to what is mounted, and list nothing. */
export async function prepareRunDirectory(path: string): Promise<void> {
	await makeDirectory(path, 0o711);
}

/**
 * Writes what is mounted into the sandbox, and gives its directory. Not to the disk: after a power failure nothing runs that
 * would need it, and waiting for a disk is most of what a start would take.
 */
export async function writeRunFiles(runDirectory: string, files: readonly RenderedFile[]): Promise<string> {
	const directory = join(runDirectory, filesName);
	await rm(directory, { recursive: true, force: true });
	await makeDirectory(directory, 0o755);
	for (const { path, content, mode } of files) {
		if (path.includes('/')) throw new TapPassError('internal', { detail: `a file of the kernel ring is at ${path}` });
		const place = join(directory, path);
		await writeFile(place, content, { mode, flag: 'wx' });
		// The agent's own user mounts it: the umask has no say in that.
		await chmod(place, mode);
	}
	return directory;
}

/** Keeps the record; from now on a crash of the daemon leaves nothing that is not found again. */
export async function keepRecord(runDirectory: string, record: RunRecord): Promise<void> {
	const path = join(runDirectory, fileName);
	const fresh = `${path}.new`;
	await writeFile(fresh, `${JSON.stringify(record)}\n`, { mode: 0o600 });
	await rename(fresh, path);
}

/** @throws {TapPassError} already_running when a sandbox runs from this directory */
export async function assertNotRunning(runDirectory: string): Promise<void> {
	const record = await readRecord(runDirectory);
	if (record?.processes.some(isAlive))
		throw new TapPassError('already_running', { detail: `the sandbox ${record.name} runs from ${runDirectory}` });
}

/** Forgets a run that has ended. */
export async function forgetRecord(runDirectory: string): Promise<void> {
	await rm(join(runDirectory, fileName), { force: true });
}

/** What was swept. */
export interface Swept {
	readonly name: string;
	/** Processes of a daemon that has died, ended now. */
	readonly ended: number;
}

/**
 * Ends what an earlier daemon left behind below `runRoot` (one directory for each sandbox), by number and start time: never a
 * process that only happens to have the number now. Call it while no other daemon of this host runs.
 *
 * @throws {TapPassError} already_running when something could not be ended
 */
export async function sweepRuns(runRoot: string): Promise<readonly Swept[]> {
	const names = await readdir(runRoot).catch((cause: NodeJS.ErrnoException) => {
		if (cause.code === 'ENOENT') return [];
		throw cause;
	});
	const swept: Swept[] = [];
	for (const name of names) {
		const directory = join(runRoot, name);
		const record = await readRecord(directory);
		if (record === undefined) continue;
		const group = record.group === undefined ? [] : membersOf(record.processes[0]!);
		const left = [...record.processes.filter(isAlive), ...group];
		for (const one of left) signalProcess(one, 'SIGKILL');
		if (!(await waitGone(left, limits.sandboxKillMs)))
			throw new TapPassError('already_running', { detail: `processes of ${name} do not end`, fields: { name } });
		if (record.cgroup !== null) await removeCgroup(record.cgroup);
		await forgetRecord(directory);
		await rm(join(directory, filesName), { recursive: true, force: true });
		swept.push({ name: record.name, ended: left.length });
	}
	return swept;
}

async function readRecord(directory: string): Promise<RunRecord | undefined> {
	const text = await readFile(join(directory, fileName), 'utf8').catch((cause: NodeJS.ErrnoException) => {
		if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
		throw cause;
	});
	// Written whole or not at all, by us, where only we can write.
	return text === undefined ? undefined : (JSON.parse(text) as RunRecord);
}
