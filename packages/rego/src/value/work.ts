/**
 * How much comparing and spelling out of values one evaluation may do. A value that holds the same part twice at each of
 * forty levels is quickly built, but has a million million leaves for whoever walks through all of it: neither the steps
 * nor the clock of an evaluation are looked at on that way.
 */

/** Items that one evaluation may pass while it compares values: some two seconds' worth. */
export const itemsComparedMax: number = 1 << 26;

/** A part of a text costs this many times what a comparison does, in time and in memory. */
const textWeight = 4;

let left = Number.POSITIVE_INFINITY;

/** Thrown when the work is used up; a `RangeError`, as the stack's end is. */
export class ValueWorkError extends RangeError {
	override readonly name = 'ValueWorkError';
}

/** Runs an evaluation (or a part of one) with its share of work; outside of any, work is not limited. */
export function withLimitedWork<T>(run: () => T): T {
	const before = left;
	left = itemsComparedMax;
	try {
		return run();
	} finally {
		left = before;
	}
}

/** Counts items about to be compared. @throws {ValueWorkError} when that is more than the evaluation may do */
export function spendCompared(items: number): void {
	left -= items;
	if (left < 0) throw new ValueWorkError('too much work on large values');
}

/** Counts items about to be written as text. @throws {ValueWorkError} when that is more than the evaluation may do */
export function spendWritten(items: number): void {
	spendCompared((items + 1) * textWeight);
}
