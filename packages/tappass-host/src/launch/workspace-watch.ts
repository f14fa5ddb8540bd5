import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { limits } from '../limits.ts';

/**
 * Looks now and then at how much a workspace holds, and says once when it is more than it may.
 *
 * @param du path of du(1)
 * @returns what ends the watch
 */
export function watchWorkspace(du: string, path: string, bytesMax: number, onFull: () => void): () => void {
	let stopped = false;
	let looking = false;
	const isFull = workspaceLook(du, path, bytesMax);
	const timer = setInterval(() => {
		if (looking) return;
		looking = true;
		isFull()
			// A workspace that cannot be looked at cannot be held to its bound.
			.catch(() => true)
			.then((full) => {
				looking = false;
				if (full && !stopped) onFull();
			});
	}, limits.workspaceLookMs).unref();
	return () => {
		stopped = true;
		clearInterval(timer);
	};
}

/**
 * Says whether a workspace holds more than it may. Measuring walks the whole tree, so it is done when the file system has lost
 * room since the most that it had, and every so often whatever that says: who else frees room there hides what is taken.
 *
 * @param freeBytes of a path's file system
 */
export function workspaceLook(
	du: string,
	path: string,
	bytesMax: number,
	freeBytes: (path: string) => Promise<number> = freeOf,
): () => Promise<boolean> {
	let most = Number.POSITIVE_INFINITY;
	let unmeasured = 0;
	return async () => {
		const free = await freeBytes(path);
		unmeasured += 1;
		if (Number.isFinite(most) && free > most) most = free;
		if (most - free < bytesMax / 8 && unmeasured < limits.workspaceLooksUnmeasured) return false;
		most = free;
		unmeasured = 0;
		return (await bytesHeld(du, path)) > bytesMax;
	};
}

async function freeOf(path: string): Promise<number> {
	const { bavail, bsize } = await statfs(path);
	return bavail * bsize;
}

/** Bytes of the blocks below a directory, other file systems left out. */
function bytesHeld(du: string, path: string): Promise<number> {
	return new Promise((resolve, reject) => {
		// Files come and go while it walks: it complains of those and still gives the sum.
		execFile(du, ['-s', '-x', '-B1', '--', path], { env: {}, timeout: 60_000 }, (error, stdout) => {
			const sum = Number.parseInt(stdout, 10);
			if (Number.isNaN(sum)) reject(error ?? new Error('du gave no number'));
			else resolve(sum);
		});
	});
}
