import { createHash } from 'node:crypto';
import type { LogFile, LogReader } from '../log/tiles.ts';

/** RFC 6962 §2.1 written down as it stands there: slow, and nothing of it shared with the code under test. */
export const naive = {
	root(entries: readonly Uint8Array[]): Buffer {
		if (entries.length === 0) return sha256();
		if (entries.length === 1) return sha256(Buffer.of(0), entries[0]!);
		const k = split(entries.length);
		return sha256(Buffer.of(1), naive.root(entries.slice(0, k)), naive.root(entries.slice(k)));
	},
	path(m: number, entries: readonly Uint8Array[]): readonly Buffer[] {
		if (entries.length === 1) return [];
		const k = split(entries.length);
		return m < k
			? [...naive.path(m, entries.slice(0, k)), naive.root(entries.slice(k))]
			: [...naive.path(m - k, entries.slice(k)), naive.root(entries.slice(0, k))];
	},
	proof(m: number, entries: readonly Uint8Array[]): readonly Buffer[] {
		return m === 0 ? [] : subproof(m, entries, true);
	},
};

function subproof(m: number, entries: readonly Uint8Array[], isWhole: boolean): readonly Buffer[] {
	if (m === entries.length) return isWhole ? [] : [naive.root(entries)];
	const k = split(entries.length);
	return m <= k
		? [...subproof(m, entries.slice(0, k), isWhole), naive.root(entries.slice(k))]
		: [...subproof(m - k, entries.slice(k), false), naive.root(entries.slice(0, k))];
}

function split(n: number): number {
	let k = 1;
	while (k * 2 < n) k *= 2;
	return k;
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
	const hash = createHash('sha256');
	for (const part of parts) hash.update(part);
	return hash.digest();
}

/** A log's files in memory. A path that is written again must get the same bytes: files of a log never change. */
export class MemoryFiles implements LogReader {
	readonly files: Map<string, Uint8Array> = new Map();

	write(files: readonly LogFile[]): void {
		for (const { path, bytes } of files) {
			const held = this.files.get(path);
			if (held !== undefined && path !== 'checkpoint' && Buffer.compare(held, bytes) !== 0)
				throw new RangeError(`${path} has changed`);
			this.files.set(path, bytes);
		}
	}

	read: LogReader['read'] = async (path) => this.files.get(path);
}
