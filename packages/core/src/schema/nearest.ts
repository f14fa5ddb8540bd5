import { limits } from '../limits.ts';

/** The known word that someone most likely meant, or undefined when none is near. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
	if (word.length > limits.nearestLengthMax) return undefined;
	let best: string | undefined;
	let least = Math.min(limits.nearestDistanceMax, Math.ceil(word.length / 2)) + 1;
	for (const candidate of known) {
		const away = distance(word.toLowerCase(), candidate.toLowerCase(), least);
		if (away < least) [best, least] = [candidate, away];
	}
	return best;
}

/** Edits (insert, delete, replace, swap of neighbours) from one word to another; at most `bound`. */
function distance(a: string, b: string, bound: number): number {
	if (Math.abs(a.length - b.length) >= bound) return bound;
	let before: number[] = [];
	let last = Array.from({ length: b.length + 1 }, (_, j) => j);
	for (let i = 1; i <= a.length; i += 1) {
		const row = [i];
		for (let j = 1; j <= b.length; j += 1) {
			const same = a[i - 1] === b[j - 1];
			let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
			if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1);
			row.push(cost);
		}
		[before, last] = [last, row];
	}
	return last[b.length]!;
}
