import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { TapPassError } from '@tappass/core';
import type { Principal } from './reachable.ts';

/**
 * Makes a directory that belongs to the agent's user alone. Its parent may be that user's too, so nothing is followed: what
 * stands there is opened first, and looked at and given away through that.
 *
 * @throws {TapPassError} file_unwritable
 */
export async function makeOwnedDirectory(path: string, { uid, gid }: Principal): Promise<void> {
	try {
		await mkdir(path, { mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
			if (cause.code !== 'EEXIST') throw cause;
		});
		const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
		await using directory = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
		const stat = await directory.stat();
		if (stat.uid === uid) return;
		// Ours, from a moment ago or from a start that was cut short; anybody else's is left alone.
		if (stat.uid !== process.getuid?.()) throw new TapPassError('file_unwritable', { detail: `${path} is another's` });
		await directory.chown(uid, gid);
	} catch (cause) {
		if (cause instanceof TapPassError) throw cause;
		const { code, message } = cause as NodeJS.ErrnoException;
		throw new TapPassError('file_unwritable', { detail: `${path}: ${code ?? message}`, cause });
	}
}
