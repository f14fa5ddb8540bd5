import { lstat, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A user as the kernel judges it, without supplementary groups. */
export interface Principal {
	readonly uid: number;
	readonly gid: number;
}

/** The first directory on the way to `path`, itself included, that this user cannot pass; undefined when there is none. */
export async function unreachablePart(path: string, { uid, gid }: Principal): Promise<string | undefined> {
	const real = await realpath(path);
	const way: string[] = [];
	for (let at = real; ; at = dirname(at)) {
		way.unshift(at);
		if (at === dirname(at)) break;
	}
	for (const part of way) {
		const stat = await lstat(part);
		const shift = stat.uid === uid ? 6 : stat.gid === gid ? 3 : 0;
		if (stat.isDirectory() && ((stat.mode >> shift) & 1) === 0) return part;
	}
	return undefined;
}
