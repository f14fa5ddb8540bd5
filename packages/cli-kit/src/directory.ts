import { constants } from 'node:fs';
import { lstat, mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { TapPassError } from '@tappass/core';

/**
 * Makes a directory and those above it, unless it is there. A symbolic link in its place is refused, with or without a
 * slash behind it.
 *
 * @param mode permission bits of the directories that are made, whatever the umask
 * @throws {TapPassError} file_unwritable
 */
export async function makeDirectory(path: string, mode: number): Promise<void> {
	if (path === '') throw new TapPassError('file_unwritable', { detail: 'the name of the directory is empty' });
	const absolute = resolve(path);
	try {
		await makeMissing(absolute, mode);
		if ((await lstat(absolute)).isDirectory()) return;
	} catch (cause) {
		const code = cause instanceof Error && 'code' in cause ? cause.code : cause;
		throw new TapPassError('file_unwritable', { detail: `${path}: ${code}`, cause });
	}
	throw new TapPassError('file_unwritable', { detail: `${path} is not a directory` });
}

// Not mkdir's own `recursive`: below /proc, where nothing can be made, it asks again for ever.
async function makeMissing(absolute: string, mode: number): Promise<void> {
	try {
		await makeOne(absolute, mode);
	} catch (cause) {
		const { code } = cause as NodeJS.ErrnoException;
		if (code === 'EEXIST') return;
		if (code !== 'ENOENT' || dirname(absolute) === absolute) throw cause;
		await makeMissing(dirname(absolute), mode);
		await makeOne(absolute, mode);
	}
}

async function makeOne(path: string, mode: number): Promise<void> {
	await mkdir(path, { mode });
	// By what was made, and not by its name: the umask has no say in a mode that was asked for.
	const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
	try {
		await directory.chmod(mode);
	} finally {
		await directory.close();
	}
}
