import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/**
 * Writes a file that only its owner may read, in a directory that only its owner may enter: temporary name, synced,
 * renamed, directory synced. Nothing is left behind on failure, and no link is followed.
 */
export async function writeSecret(file: string, content: string | Uint8Array): Promise<void> {
	const directory = path.dirname(file);
	await mkdir(directory, { recursive: true, mode: 0o700 });
	const temporary = `${file}.${randomBytes(8).toString('hex')}`;
	try {
		const handle = await open(temporary, 'wx', 0o600);
		try {
			await handle.writeFile(content);
			await handle.sync();
		} finally {
			await handle.close();
		}
		await rename(temporary, file);
	} catch (error) {
		await rm(temporary, { force: true });
		throw error;
	}
	const folder = await open(directory, 'r');
	try {
		await folder.sync();
	} finally {
		await folder.close();
	}
}
