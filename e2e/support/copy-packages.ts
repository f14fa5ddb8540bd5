/** Puts packages of this repository, with all that they need, where an agent of a test is installed, as npm would. */
import { cp, mkdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { root } from './repository.ts';

/**
 * Copies packages and their dependencies, to the end, into `directory/node_modules`.
 * @param names as in the root's own `node_modules`
 */
export async function copyPackages(directory: string, ...names: readonly string[]): Promise<void> {
	const done = new Set<string>();
	const copy = async (name: string, from: string): Promise<void> => {
		if (done.has(name)) return;
		const source = await find(name, from);
		if (source === undefined) return;
		done.add(name);
		const place = join(directory, 'node_modules', name);
		await mkdir(dirname(place), { recursive: true });
		const own = join(source, 'node_modules');
		await cp(source, place, { recursive: true, filter: (path) => !path.startsWith(own) });
		const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
			await readFile(join(source, 'package.json'), 'utf8'),
		) as Readonly<Record<string, Readonly<Record<string, string>>>>;
		// Of the optional ones those of this machine are there.
		for (const needed of Object.keys({ ...dependencies, ...optionalDependencies })) await copy(needed, source);
	};
	for (const name of names) await copy(name, root);
}

async function find(name: string, from: string): Promise<string | undefined> {
	for (const folder of [from, root]) {
		const real = await realpath(join(folder, 'node_modules', name)).catch(() => undefined);
		if (real !== undefined) return real;
	}
	return undefined;
}
