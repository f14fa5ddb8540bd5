import type { Detection } from '../detection.ts';
import { limits } from '../limits.ts';

/** Sorts detections, and of those that overlap keeps the surer, then the longer, then the earlier. */
export function settle(found: readonly Detection[]): readonly Detection[] {
	if (found.length < 2) return found;
	const ranked = [...found].sort(
		(a, b) =>
			b.confidence - a.confidence ||
			b.end - b.start - (a.end - a.start) ||
			a.start - b.start ||
			(a.class < b.class ? -1 : 1),
	);
	const kept: Detection[] = [];
	for (const one of ranked.slice(0, 4 * limits.detectionsMax)) {
		if (kept.length >= limits.detectionsMax) break;
		if (isFree(kept, one)) kept.splice(placeOf(kept, one.start), 0, one);
	}
	return kept;
}

/** Whether no detection in `kept`, sorted and free of overlaps, covers a part of `one`. */
function isFree(kept: readonly Detection[], one: Detection): boolean {
	const place = placeOf(kept, one.start);
	const before = kept[place - 1];
	const after = kept[place];
	return (before === undefined || before.end <= one.start) && (after === undefined || after.start >= one.end);
}
function placeOf(kept: readonly Detection[], start: number): number {
	let low = 0;
	let high = kept.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (kept[middle]!.start < start) low = middle + 1;
		else high = middle;
	}
	return low;
}
