import { compareDoubles, compareNumbers, Decimal, equalNumbers } from './number.ts';
import { type Entry, objectEntries, objectGet, objectKeys, objectSize, RegoObject } from './object.ts';
import { RegoSet } from './set.ts';
import type { NumberValue, ObjectValue, TypeName, Value } from './value.ts';
import { spendCompared } from './work.ts';

/** The name of a value's type, as `type_name` gives it. */
export function typeName(v: Value): TypeName {
	switch (typeof v) {
		case 'string':
			return 'string';
		case 'number':
		case 'bigint':
			return 'number';
		case 'boolean':
			return 'boolean';
		default:
			if (v === null) return 'null';
			if (Array.isArray(v)) return 'array';
			if (v instanceof RegoSet) return 'set';
			return v instanceof Decimal ? 'number' : 'object';
	}
}

/** Whether a value is a number in any of its forms. */
export function isNumber(v: Value): v is NumberValue {
	return typeof v === 'number' || typeof v === 'bigint' || v instanceof Decimal;
}

/** Whether a value is an array. */
export function isArray(v: Value): v is readonly Value[] {
	return Array.isArray(v);
}

const rank: Readonly<Record<TypeName, number>> = {
	null: 0,
	boolean: 1,
	number: 2,
	string: 3,
	array: 4,
	object: 5,
	set: 6,
};

/**
 * Rego's total order: null < boolean < number < string < array < object < set; within a type by value, strings by code
 * point, composites by their first difference (objects: sorted keys, each with its value), then by size.
 */
export function compare(a: Value, b: Value): number {
	if (typeof a === 'number' && typeof b === 'number') return compareDoubles(a, b);
	if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
	if (a === b) return 0;
	const type = typeName(a);
	const order = rank[type] - rank[typeName(b)];
	if (order !== 0) return order;
	switch (type) {
		case 'boolean':
			return a === false ? -1 : 1;
		case 'number':
			return compareNumbers(a as NumberValue, b as NumberValue);
		case 'array':
			return compareLists(a as readonly Value[], b as readonly Value[]);
		case 'set':
			return compareLists((a as RegoSet).values(), (b as RegoSet).values());
		default:
			return compareEntries(objectEntries(a as ObjectValue), objectEntries(b as ObjectValue));
	}
}

/** Orders strings by code point, as UTF-8 bytes would: JavaScript's own order puts U+FF61 after U+1F600. */
export function compareStrings(a: string, b: string): number {
	if (a === b) return 0;
	const length = Math.min(a.length, b.length);
	for (let i = 0; i < length; i++) {
		const x = a.charCodeAt(i);
		const y = b.charCodeAt(i);
		if (x !== y) return codePointRank(x) - codePointRank(y);
	}
	return a.length - b.length;
}

/** Moves surrogates (parts of code points above U+FFFF) behind the rest. */
function codePointRank(unit: number): number {
	return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** Objects are slower to look into than lists. */
const objectWeight = 4;

function compareLists(a: readonly Value[], b: readonly Value[]): number {
	const length = Math.min(a.length, b.length);
	spendCompared(1);
	for (let i = 0; i < length; i++) {
		const order = compare(a[i]!, b[i]!);
		if (order !== 0) return order;
	}
	return a.length - b.length;
}

function compareEntries(a: readonly Entry[], b: readonly Entry[]): number {
	const length = Math.min(a.length, b.length);
	spendCompared(objectWeight);
	for (let i = 0; i < length; i++) {
		const order = compare(a[i]![0], b[i]![0]) || compare(a[i]![1], b[i]![1]);
		if (order !== 0) return order;
	}
	return a.length - b.length;
}

/** Whether two values are the same: numbers by value (`1` is `1.0`), objects whatever their form. */
export function equal(a: Value, b: Value): boolean {
	if (a === b) return true;
	if (typeof a === 'string' || typeof b === 'string' || typeof a === 'boolean' || typeof b === 'boolean') return false;
	if (a === null || b === null) return false;
	if (isNumber(a)) return isNumber(b) && equalNumbers(a, b);
	if (Array.isArray(a)) return Array.isArray(b) && equalLists(a, b);
	if (a instanceof RegoSet) return b instanceof RegoSet && equalSets(a, b);
	if (isNumber(b) || Array.isArray(b) || b instanceof RegoSet) return false;
	return equalObjects(a as ObjectValue, b as ObjectValue);
}

function equalLists(a: readonly Value[], b: readonly Value[]): boolean {
	if (a.length !== b.length) return false;
	spendCompared(a.length);
	for (let i = 0; i < a.length; i++) if (!equal(a[i]!, b[i]!)) return false;
	return true;
}

function equalSets(a: RegoSet, b: RegoSet): boolean {
	if (a.size !== b.size) return false;
	for (const key of a.memberKeys()) if (!b.hasKey(key)) return false;
	return true;
}

function equalObjects(a: ObjectValue, b: ObjectValue): boolean {
	const [size, other] = [objectSize(a), objectSize(b)];
	// How many keys a plain object has is not known until they are listed.
	const listed = (a instanceof RegoObject ? 0 : size) + (b instanceof RegoObject ? 0 : other);
	spendCompared(objectWeight * listed);
	if (size !== other) return false;
	spendCompared(objectWeight * (size + 1));
	if (a instanceof RegoObject) return equalEntries(a.pairs(), b);
	if (b instanceof RegoObject) return equalEntries(b.pairs(), a);
	for (const key of objectKeys(a)) {
		const other = objectGet(b, key);
		if (other === undefined || !equal(objectGet(a, key)!, other)) return false;
	}
	return true;
}

function equalEntries(entries: Iterable<Entry>, other: ObjectValue): boolean {
	for (const [key, value] of entries) {
		const found = objectGet(other, key);
		if (found === undefined || !equal(value, found)) return false;
	}
	return true;
}
