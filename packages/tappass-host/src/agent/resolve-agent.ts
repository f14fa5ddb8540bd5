import { constants } from 'node:fs';
import { access, readFile, realpath, stat } from 'node:fs/promises';
import { basename, delimiter, dirname, extname, join, resolve } from 'node:path';
import { TapPassError } from '@tappass/core';

/** A program that can be run as an agent. */
export interface ResolvedAgent {
	/** Its name, as a harness is known by it. */
	readonly name: string;
	/** What is run, absolute. */
	readonly program: readonly string[];
	/** Directories that it is made of, absolute, outermost only; empty for a program of the system. */
	readonly directories: readonly string[];
}

/** Where agents are looked for. */
export interface AgentSearch {
	readonly cwd: string;
	readonly path: string;
	/** The Node that runs packages. */
	readonly node: string;
}

/**
 * Finds an agent by what a person types: a directory or file, the name of an npm package that is installed here or
 * globally, or a program in PATH.
 * @throws {TapPassError} not_found, and where it was looked for
 */
export async function resolveAgent(text: string, search: AgentSearch): Promise<ResolvedAgent> {
	const found =
		text.includes('/') && !text.startsWith('@')
			? await byPath(resolve(search.cwd, text), search)
			: await byName(text, search);
	if (found !== undefined) return found;
	throw new TapPassError('not_found', {
		detail: `no agent ${text}: neither a package in a node_modules here or beside ${search.node}, nor a program in PATH`,
		hint: `npm install ${text}, or give the path of its directory or program`,
	});
}

async function byPath(path: string, search: AgentSearch): Promise<ResolvedAgent | undefined> {
	const real = await realpath(path).catch(() => undefined);
	if (real === undefined) throw new TapPassError('not_found', { detail: `${path} is not there` });
	if ((await stat(real)).isDirectory()) {
		const found = await packageAt(real, search);
		if (found !== undefined) return found;
		throw new TapPassError('not_found', { detail: `${path} has no package.json with a bin` });
	}
	return fileAt(real, basename(path), search);
}

async function byName(name: string, search: AgentSearch): Promise<ResolvedAgent | undefined> {
	const folders = [...above(search.cwd), join(dirname(dirname(search.node)), 'lib')];
	for (const folder of folders) {
		const real = await realpath(join(folder, 'node_modules', name)).catch(() => undefined);
		const found = real === undefined ? undefined : await packageAt(real, search);
		if (found !== undefined) return found;
	}
	for (const folder of search.path.split(delimiter).filter((one) => one.startsWith('/'))) {
		const real = await realpath(join(folder, name)).catch(() => undefined);
		if (real !== undefined && (await isExecutable(real))) return fileAt(real, name, search);
	}
	return undefined;
}

async function packageAt(directory: string, search: AgentSearch): Promise<ResolvedAgent | undefined> {
	const manifest = await manifestOf(directory);
	if (manifest === undefined) return undefined;
	const { bin, name } = manifest;
	const short = (name ?? basename(directory)).replace(/^@[^/]*\//, '');
	const [command, file] =
		typeof bin === 'string'
			? [short, bin]
			: (Object.entries(bin ?? {}).find(([one]) => one === short) ?? Object.entries(bin ?? {})[0] ?? []);
	if (command === undefined || file === undefined) return undefined;
	const real = await realpath(join(directory, file)).catch(() => undefined);
	if (real === undefined)
		throw new TapPassError('not_found', { detail: `${directory} names ${file}, which is not there: build it` });
	return { ...(await fileAt(real, command, search)), directories: await closure(directory) };
}

/** A file of a package runs by Node; any other by itself. */
async function fileAt(real: string, name: string, search: AgentSearch): Promise<ResolvedAgent> {
	const own = await packageAbove(dirname(real));
	const directories = own === undefined || isSystem(real) ? [] : await closure(own);
	const isScript = ['.js', '.mjs', '.cjs'].includes(extname(real)) || (await firstLine(real)).includes('node');
	if (isScript)
		return { name, program: [search.node, real], directories: directories.length > 0 ? directories : [dirname(real)] };
	if (!(await isExecutable(real))) throw new TapPassError('not_found', { detail: `${real} is not a program` });
	return {
		name,
		program: [real],
		directories: directories.length > 0 || isSystem(real) ? directories : [dirname(real)],
	};
}

/** The package's own directory, every `node_modules` above it, and what links in there lead to. */
async function closure(directory: string): Promise<readonly string[]> {
	const found = new Set<string>();
	const visit = async (at: string): Promise<void> => {
		if (found.has(at)) return;
		found.add(at);
		const { dependencies = {}, optionalDependencies = {} } = (await manifestOf(at)) ?? {};
		for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
			for (const folder of above(at)) {
				const listed = join(folder, 'node_modules', name);
				const real = await realpath(listed).catch(() => undefined);
				if (real === undefined) continue;
				found.add(join(folder, 'node_modules'));
				await visit(real);
				break;
			}
		}
	};
	await visit(directory);
	return [...found].filter((one) => ![...found].some((other) => other !== one && one.startsWith(`${other}/`))).sort();
}

interface Manifest {
	readonly name?: string;
	readonly bin?: string | Readonly<Record<string, string>>;
	readonly dependencies?: Readonly<Record<string, string>>;
	readonly optionalDependencies?: Readonly<Record<string, string>>;
}

async function manifestOf(directory: string): Promise<Manifest | undefined> {
	const text = await readFile(join(directory, 'package.json'), 'utf8').catch(() => undefined);
	if (text === undefined) return undefined;
	try {
		return JSON.parse(text) as Manifest;
	} catch (cause) {
		throw new TapPassError('json_malformed', { detail: join(directory, 'package.json'), cause });
	}
}

async function packageAbove(directory: string): Promise<string | undefined> {
	for (const folder of above(directory)) if ((await manifestOf(folder))?.name !== undefined) return folder;
	return undefined;
}

function above(directory: string): readonly string[] {
	const parent = dirname(directory);
	return parent === directory ? [directory] : [directory, ...above(parent)];
}

function isSystem(path: string): boolean {
	return /^\/(?:usr\/(?!local\/)|bin\/|sbin\/|lib)/.test(path);
}

async function isExecutable(path: string): Promise<boolean> {
	if (!(await stat(path)).isFile()) return false;
	return access(path, constants.X_OK).then(
		() => true,
		() => false,
	);
}

async function firstLine(path: string): Promise<string> {
	const text = (await readFile(path)).subarray(0, 128).toString('latin1');
	return text.startsWith('#!') ? (text.split('\n')[0] ?? '') : '';
}
