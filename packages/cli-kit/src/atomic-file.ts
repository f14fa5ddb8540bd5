import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TapPassError } from '@tappass/core';

/** How a file is written. */
export interface AtomicWriteOptions {
	/** Permission bits of the new file; 0600 unless told. */
	readonly mode?: number;
	/** Called after each step; a test may fail there to stand for a full disk or a crash. */
	readonly after?: (step: 'open' | 'write' | 'sync' | 'rename' | 'sync_directory') => void | Promise<void>;
}

/**
 * Puts `content` at `path` so that every reader, and every crash, sees the old file or the new one, whole.
 * Temporary name of its own (O_EXCL, random, beside the target), fsync, rename, fsync of the directory. A symlink at `path`
 * is refused, never followed; on failure the temporary file is removed and the old file stands.
 *
 * @throws {TapPassError} file_unwritable
 */
export async function writeFileAtomic(
	path: string,
	content: Uint8Array | string,
	options: AtomicWriteOptions = {},
): Promise<void> {
	await refuseSymlink(path);
	const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(12).toString('hex')}.tmp`);
	let renamed = false;
	try {
		await writeWhole(temporary, content, options);
		await rename(temporary, path);
		renamed = true;
		await options.after?.('rename');
		await syncDirectory(dirname(path));
		await options.after?.('sync_directory');
	} catch (cause) {
		// After the rename the new file is in place; only its name may not have reached the disk yet.
		if (!renamed) await removeTemporary(temporary);
		throw unwritable(path, cause);
	}
}

async function writeWhole(temporary: string, content: Uint8Array | string, options: AtomicWriteOptions): Promise<void> {
	const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
	const file: FileHandle = await open(temporary, flags, 0o600);
	try {
		await options.after?.('open');
		await file.writeFile(content);
		await options.after?.('write');
		// After the content, and by descriptor: the umask has no say in a mode that was asked for.
		await file.chmod(options.mode ?? 0o600);
		await file.sync();
		await options.after?.('sync');
	} finally {
		await file.close();
	}
}

async function refuseSymlink(path: string): Promise<void> {
	const stat = await lstat(path).catch((cause: NodeJS.ErrnoException) => {
		if (cause.code === 'ENOENT') return undefined;
		throw unwritable(path, cause);
	});
	if (stat === undefined || stat.isFile()) return;
	throw new TapPassError('file_unwritable', {
		detail: `${path} is ${stat.isSymbolicLink() ? 'a symbolic link' : 'not a regular file'}`,
		hint: 'remove it, or name another path',
	});
}

async function syncDirectory(path: string): Promise<void> {
	const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
	try {
		await directory.sync();
	} finally {
		await directory.close();
	}
}

async function removeTemporary(path: string): Promise<void> {
	await unlink(path).catch((cause: NodeJS.ErrnoException) => {
		// It may never have come to be; anything else is told by the error that brought us here.
		if (cause.code !== 'ENOENT') process.emitWarning(`could not remove ${path}: ${cause.code}`);
	});
}

function unwritable(path: string, cause: unknown): TapPassError {
	if (cause instanceof TapPassError) return cause;
	const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
	return new TapPassError('file_unwritable', { detail: `${path}: ${code}`, cause });
}
