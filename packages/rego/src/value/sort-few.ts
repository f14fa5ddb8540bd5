/** Lists of so few items are sorted by insertion, without the bookkeeping of a general sort. */
const fewMax = 8;

/** Sorts a list in place, stably, and returns it. */
export function sorted<T>(items: T[], order: (a: T, b: T) => number): T[] {
	const { length } = items;
	if (length > fewMax) return items.sort(order);
	for (let i = 1; i < length; i++) {
		const item = items[i]!;
		let at = i;
		for (; at > 0 && order(items[at - 1]!, item) > 0; at--) items[at] = items[at - 1]!;
		items[at] = item;
	}
	return items;
}
