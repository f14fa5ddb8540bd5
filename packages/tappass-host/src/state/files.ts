import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, symlink, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeDirectory, writeFileAtomic } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';

/** What the daemon does to a disk; tests hand in one that is full, read-only or failing. */
export interface Files {
	/** Bytes of a regular file; undefined when nothing is there. @throws {TapPassError} file_unreadable */
	readonly read: (path: string) => Promise<Buffer | undefined>;
	/** Replaces a file whole and durably; a symbolic link in its place is replaced, its target untouched. @throws {TapPassError} file_unwritable */
	readonly write: (path: string, content: Uint8Array | string, mode?: number) => Promise<void>;
	/** Adds to a file; what it holds may be lost in a crash, and no more than that. @throws {TapPassError} file_unwritable */
	readonly append: (path: string, content: string) => Promise<void>;
	readonly makeDirectory: (path: string, mode: number) => Promise<void>;
	/** Makes `link` point to `target` in one step. */
	readonly switchLink: (link: string, target: string) => Promise<void>;
	/** Moves a directory to a name that is free, durably. */
	readonly moveDirectory: (from: string, to: string) => Promise<void>;
	/** Moves a file or a directory that is durable already to a name that is free. @throws {TapPassError} file_unwritable */
	readonly move: (from: string, to: string) => Promise<void>;
	readonly list: (path: string) => Promise<readonly string[]>;
	readonly remove: (path: string) => Promise<void>;
}

export const diskFiles: Files = {
	read,
	write: async (path, content, mode = 0o600) => {
		await removeLink(path);
		await writeFileAtomic(path, content, { mode });
	},
	append: (path, content) =>
		told(path, async () => {
			const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
			const file = await open(path, flags, 0o600);
			try {
				await file.writeFile(content);
			} finally {
				await file.close();
			}
		}),
	makeDirectory,
	switchLink: (link, target) =>
		told(link, async () => {
			const temporary = join(dirname(link), `.${basename(link)}.${process.pid}.link`);
			await rm(temporary, { force: true });
			await symlink(target, temporary);
			await rename(temporary, link);
			await syncDirectory(dirname(link));
		}),
	moveDirectory: (from, to) =>
		told(to, async () => {
			await syncDirectory(from);
			await move(from, to);
		}),
	move: (from, to) => told(to, () => move(from, to)),
	list: async (path) =>
		readdir(path).catch((cause: NodeJS.ErrnoException) => {
			if (cause.code === 'ENOENT') return [];
			throw failed('file_unreadable', path, cause);
		}),
	remove: (path) => told(path, () => rm(path, { recursive: true, force: true })),
};

/** Removes what a crash left between two steps of a write. */
export async function sweepTemporaries(files: Files, directory: string): Promise<void> {
	for (const name of await files.list(directory)) {
		if (/^\..+\.(?:[0-9a-f]{24}\.tmp|\d+\.link)$/.test(name)) await files.remove(join(directory, name));
	}
}

/** Makes a directory that only its owner may enter. */
export async function makePrivateDirectory(path: string): Promise<void> {
	const own = process.getuid?.() ?? 0;
	// What lies around it is a person's own, unless it is the machine's.
	await makeDirectory(dirname(path), own === 0 ? 0o755 : 0o700);
	await mkdir(path, { mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
		if (cause.code !== 'EEXIST') throw failed('file_unwritable', path, cause);
	});
	const stat = await lstat(path);
	if (!stat.isDirectory() || stat.uid !== own || (stat.mode & 0o022) !== 0) {
		throw new TapPassError('file_unwritable', {
			detail: `${path} is not a directory that only uid ${own} may write to`,
			hint: `remove it, or run: chmod go-w ${path}`,
		});
	}
}

async function read(path: string): Promise<Buffer | undefined> {
	const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
	const file = await open(path, flags).catch((cause: NodeJS.ErrnoException) => {
		if (cause.code === 'ENOENT') return undefined;
		throw failed('file_unreadable', path, cause);
	});
	if (file === undefined) return undefined;
	try {
		const stat = await file.stat();
		if (!stat.isFile() || stat.size > limits.stateFileBytesMax)
			throw new TapPassError('file_unreadable', { detail: `${path} is no regular file of ours` });
		return await file.readFile();
	} finally {
		await file.close();
	}
}

// The directory is ours alone: whoever put a link there could have replaced the file as well.
async function removeLink(path: string): Promise<void> {
	const stat = await lstat(path).catch(() => undefined);
	if (stat?.isSymbolicLink() === true) await told(path, () => unlink(path));
}

async function move(from: string, to: string): Promise<void> {
	await rename(from, to);
	await syncDirectory(dirname(to));
	if (dirname(from) !== dirname(to)) await syncDirectory(dirname(from));
}

async function syncDirectory(path: string): Promise<void> {
	const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
	try {
		await directory.sync();
	} finally {
		await directory.close();
	}
}

async function told(path: string, run: () => Promise<void>): Promise<void> {
	await run().catch((cause: unknown) => {
		throw failed('file_unwritable', path, cause);
	});
}

function failed(code: 'file_unreadable' | 'file_unwritable', path: string, cause: unknown): TapPassError {
	const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
	return new TapPassError(code, { detail: `${path}: ${why}`, cause });
}
