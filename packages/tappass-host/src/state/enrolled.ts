import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Files } from './files.ts';

/**
 * Names of the sandboxes of this host, sorted. A directory with any one of our files is a sandbox: one whose marker is lost
 * is shown and denies; it is not passed over.
 */
export async function enrolledNames(files: Files, state: string): Promise<readonly string[]> {
	const entries = await readdir(state, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
		if (cause.code === 'ENOENT') return [];
		throw cause;
	});
	const names: string[] = [];
	for (const { name } of entries.filter((one) => one.isDirectory() && !one.name.startsWith('.'))) {
		const own = await files.list(join(state, name));
		if (own.some((one) => ['enrolment.json', 'credentials.json', 'floor.json'].includes(one))) names.push(name);
	}
	return names.sort();
}

/** Names of the sandboxes that were being enrolled anew when something cut it off, sorted. */
export async function setAsideNames(state: string): Promise<readonly string[]> {
	const entries = await readdir(state, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
		if (cause.code === 'ENOENT') return [];
		throw cause;
	});
	return entries
		.filter((one) => one.isDirectory())
		.map(({ name }) => /^\.([a-z0-9_-]+)\.replaced$/.exec(name)?.[1])
		.filter((name) => name !== undefined)
		.sort();
}
