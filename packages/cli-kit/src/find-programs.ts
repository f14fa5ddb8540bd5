import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Programs that targets start or name. */
const programs: readonly string[] = ['bash', 'bwrap', 'curl', 'git', 'node', 'python3', 'sh', 'socat'];

/** Program → the first executable of that name in absolute folders of `path`. */
export async function findPrograms(path: string): Promise<Readonly<Record<string, string>>> {
	const folders = path.split(delimiter).filter((folder) => folder.startsWith('/'));
	const found = await Promise.all(programs.map(async (name) => [name, await firstExecutable(folders, name)] as const));
	return Object.fromEntries(found.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
}

async function firstExecutable(folders: readonly string[], name: string): Promise<string | undefined> {
	for (const folder of folders) {
		const there = await access(join(folder, name), constants.X_OK).then(
			() => true,
			// Not there, or not ours to run: the next folder may have it.
			() => false,
		);
		if (there) return join(folder, name);
	}
	return undefined;
}
