/** Reads labelled data. A door of this package to the file system: only the programs beside it use it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface LabelledSpan {
	readonly start: number;
	readonly end: number;
	readonly class: string;
}
export interface LabelledText {
	readonly id: string;
	readonly text: string;
	readonly label: 0 | 1;
	readonly category: string;
	readonly source: string;
	readonly group?: string;
	readonly noisy?: boolean;
	readonly attack?: string;
	readonly plain?: string;
	readonly classes?: readonly string[];
	readonly spans?: readonly LabelledSpan[];
}

/** Rows of `<folder>/detectors/<name>.jsonl`. */
export function readRows(folder: string, name: string): readonly LabelledText[] {
	return readFileSync(join(folder, 'detectors', `${name}.jsonl`), 'utf8')
		.split('\n')
		.filter((line) => line !== '')
		.map((line): LabelledText => JSON.parse(line));
}
export function hasData(folder: string): boolean {
	return existsSync(join(folder, 'detectors', 'injection.jsonl'));
}

/** Fold of a row, 0 to `folds` - 1: by its group, so that a template is never both learnt from and tested on. */
export function foldOf(key: string, folds: number): number {
	let hash = 0x811c9dc5;
	for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
	hash ^= hash >>> 13;
	hash = Math.imul(hash, 0x5bd1e995);
	return ((hash ^ (hash >>> 15)) >>> 0) % folds;
}

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let value = Math.imul(state ^ (state >>> 15), 1 | state);
		value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
		return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
	};
}
export function shuffle<T>(items: readonly T[], random: () => number): T[] {
	const list = [...items];
	for (let at = list.length - 1; at > 0; at -= 1) {
		const other = Math.floor(random() * (at + 1));
		[list[at], list[other]] = [list[other]!, list[at]!];
	}
	return list;
}
