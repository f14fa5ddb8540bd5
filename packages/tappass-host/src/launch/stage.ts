import { constants } from 'node:fs';
import { chmod, cp, lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';

/**
 * Copies a program or a package to where the agent's own user can read it: a checkout below a home directory of mode 0700
 * is not. The copy belongs to us, others may read and run it, nobody else may write it; special files are left out.
 *
 * @param root directory for staged things; made with mode 0755
 * @param name name of the copy below it; an earlier one of that name is replaced
 * @returns path of the copy
 * @throws {TapPassError} file_unreadable
 */
export async function stage(source: string, root: string, name: string): Promise<string> {
	await makeDirectory(root, 0o755);
	const place = join(root, name);
	const fresh = `${place}.new-${process.pid}`;
	try {
		await rm(fresh, { recursive: true, force: true });
		await cp(source, fresh, {
			recursive: true,
			verbatimSymlinks: true,
			mode: constants.COPYFILE_FICLONE,
			filter: async (path) => {
				const stat = await lstat(path);
				return stat.isFile() || stat.isDirectory() || stat.isSymbolicLink();
			},
		});
		await open(fresh);
		await rm(place, { recursive: true, force: true });
		await rename(fresh, place);
	} catch (cause) {
		await rm(fresh, { recursive: true, force: true });
		const { code, message } = cause as NodeJS.ErrnoException;
		throw new TapPassError('file_unreadable', { detail: `${source} could not be staged: ${code ?? message}`, cause });
	}
	return place;
}

/** Readable for everyone, writable for us alone, no set-user-id. */
async function open(path: string): Promise<void> {
	const stat = await lstat(path);
	if (stat.isSymbolicLink()) return;
	await chmod(path, stat.isDirectory() || (stat.mode & 0o100) !== 0 ? 0o755 : 0o644);
	if (!stat.isDirectory()) return;
	for (const name of await readdir(path)) await open(join(path, name));
}
