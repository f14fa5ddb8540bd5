import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { limits } from '../limits.ts';

/**
 * Looks now and then at how much a workspace holds, and says once when it is more than it may. It is measured only when the
 * file system has lost room since: measuring walks the whole tree.
 *
 * @param du path of du(1)
 * @returns what ends the watch
 */
export function watchWorkspace(du: string, path: string, bytesMax: number, onFull: () => void): () => void {
	let measuredAt = Number.POSITIVE_INFINITY;
	let stopped = false;
	const look = async (): Promise<void> => {
		const { bavail, bsize } = await statfs(path);
		const free = bavail * bsize;
		if (measuredAt - free < bytesMax / 8) return;
		measuredAt = free;
		if ((await bytesHeld(du, path)) > bytesMax && !stopped) onFull();
	};
	let looking = false;
	const timer = setInterval(() => {
		if (looking) return;
		looking = true;
		look()
			// A workspace that cannot be looked at cannot be held to its bound.
			.catch(() => !stopped && onFull())
			.finally(() => {
				looking = false;
			});
	}, limits.workspaceLookMs).unref();
	return () => {
		stopped = true;
		clearInterval(timer);
	};
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
