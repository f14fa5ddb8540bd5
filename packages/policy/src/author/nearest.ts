import { policyLimits } from '../limits.ts';

/**
 * The candidate that a wrong name most likely meant, or undefined when none is near: fewest edits (insert, delete,
 * replace, swap neighbours), at most a third of the name; ties by alphabet.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
	const most = Math.min(policyLimits.nearestEditsMax, Math.max(1, Math.floor(name.length / 3)));
	let best: string | undefined;
	let fewest = most + 1;
	for (const candidate of candidates) {
		if (Math.abs(candidate.length - name.length) > most) continue;
		const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
		if (distance < fewest || (distance === fewest && best !== undefined && candidate < best)) {
			best = candidate;
			fewest = distance;
		}
	}
	return best;
}

/** A hint for an unknown name: the nearest valid one, or all of them when they are few. */
export function nameHint(name: string, candidates: Iterable<string>): string | undefined {
	const all = [...candidates];
	const nearest = nearestName(name, all);
	if (nearest !== undefined) return `did you mean ${nearest}?`;
	return all.length > 0 && all.length <= 16 ? `expected one of: ${[...all].sort().join(', ')}` : undefined;
}

function editDistance(a: string, b: string): number {
	let beforeLast: number[] = [];
	let last = Array.from({ length: b.length + 1 }, (_, j) => j);
	for (let i = 1; i <= a.length; i += 1) {
		const row = [i];
		for (let j = 1; j <= b.length; j += 1) {
			const same = a[i - 1] === b[j - 1];
			let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
			if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
				cost = Math.min(cost, beforeLast[j - 2]! + 1);
			row.push(cost);
		}
		beforeLast = last;
		last = row;
	}
	return last[b.length]!;
}
