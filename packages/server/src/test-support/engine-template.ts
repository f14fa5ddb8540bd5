/** The embedded engine's files, made once for a run of tests: what takes longest of a start is making them. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { openDatabase } from '../store/database.ts';

/** As root the engine runs as `nobody`, so that tests make no user of the system. */
export const engineUser: string | undefined = process.getuid?.() === 0 ? 'nobody' : undefined;

const variable = 'ENGINE_TEMPLATE';

/** Makes the template, migrated; vitest calls this before the first test of a run, and `teardown` after the last. */
export async function setup(): Promise<void> {
	const directory = await mkdtemp(path.join(tmpdir(), 'tappass-template-'));
	process.env[variable] = directory;
	const database = await openDatabase({ directory, ...(engineUser === undefined ? {} : { engineUser }) });
	await database.close();
}

/** Removes the template. */
export async function teardown(): Promise<void> {
	await rm(process.env[variable]!, { recursive: true, force: true });
}

/** A new temporary data directory: a copy of the template, or empty where there is none (a benchmark), so that it is made anew. */
export async function engineDirectory(prefix: string): Promise<string> {
	const directory = await mkdtemp(path.join(tmpdir(), prefix));
	const template = process.env[variable];
	// Not Node's copy: the files are of the engine's user, and stay so.
	if (template !== undefined) await promisify(execFile)('cp', ['-a', `${template}/.`, directory]);
	return directory;
}
