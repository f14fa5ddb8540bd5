/** The size of results. */
import { isObject, isSet, objectEntries, type Value } from '../value/index.ts';

/** Adds up the length of a value's JSON text, roughly, and stops once it is beyond `max`. */
export function measure(value: Value, max: number): number {
	switch (typeof value) {
		case 'string':
			return value.length + 2;
		case 'object':
			break;
		default:
			return 5;
	}
	if (value === null) return 4;
	let total = 2;
	if (Array.isArray(value) || isSet(value)) {
		for (const item of value as Iterable<Value>) {
			total += measure(item, max - total) + 1;
			if (total > max) return total;
		}
		return total;
	}
	if (!isObject(value)) return 20;
	for (const [key, item] of objectEntries(value)) {
		total += measure(key, max - total) + measure(item, max - total) + 2;
		if (total > max) return total;
	}
	return total;
}
