import { join } from 'node:path';
import { type RenderedFile, TapPassError } from '@tappass/core';
import { writeFileAtomic } from './atomic-file.ts';
import { makeDirectory } from './directory.ts';

/** A rendered file and where it was put. */
export interface WrittenFile {
	/** Path where the target reads it. */
	readonly path: string;
	readonly written: string;
	/** Permission bits, four octal digits. */
	readonly mode: string;
}

/**
 * Writes rendered files below a directory, absolute paths and the agent's home (`home/…`) included.
 * @throws {TapPassError} file_unwritable; internal when a path would lead out of the directory
 */
export async function writeBelow(directory: string, files: readonly RenderedFile[]): Promise<readonly WrittenFile[]> {
	await makeDirectory(directory, 0o755);
	const written: WrittenFile[] = [];
	for (const { path, content, mode } of files) {
		const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
		if (segments.includes('..') || segments.length === 0)
			throw new TapPassError('internal', { detail: `a rendered path leads out of its directory: ${path}` });
		const below = segments.map((segment) => segment.replace(/^~$/, 'home'));
		for (let depth = 1; depth < below.length; depth += 1)
			await makeDirectory(join(directory, ...below.slice(0, depth)), 0o755);
		const place = join(directory, ...below);
		await writeFileAtomic(place, content, { mode });
		written.push({ path, written: place, mode: mode.toString(8).padStart(4, '0') });
	}
	return written;
}
