import { stat } from 'node:fs/promises';
import { writeFileAtomic } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';

/** Puts other content into a file of the user's: who may read it stays as it was. @throws {TapPassError} file_unwritable */
export async function replaceFile(path: string, content: string): Promise<void> {
	const { mode } = await stat(path).catch((cause: NodeJS.ErrnoException) => {
		throw new TapPassError('file_unwritable', { detail: `${path}: ${cause.code}`, cause });
	});
	await writeFileAtomic(path, content, { mode: mode & 0o777 });
}
