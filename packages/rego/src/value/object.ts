import { compare, compareStrings } from './compare.ts';
import { keyOf, type MapKey } from './key.ts';
import { Decimal, toInteger } from './number.ts';
import { RegoSet } from './set.ts';
import { sorted } from './sort-few.ts';
import type { ObjectValue, PlainObject, Value } from './value.ts';

/** A key and its value. */
export type Entry = readonly [Value, Value];

/** An immutable object whose keys may be any values; keys are compared by value. */
export class RegoObject {
	/** The object without keys. */
	static readonly empty: RegoObject = new RegoObject(new Map());

	/** The object with these entries; of equal keys the last one counts. */
	static of(entries: Iterable<Entry>): RegoObject {
		const builder = new ObjectBuilder();
		for (const [key, value] of entries) builder.set(key, value);
		return builder.build();
	}

	/** Memo of `keyOf`. */
	spelling: string | undefined;
	readonly #entries: ReadonlyMap<MapKey, Entry>;
	#sorted: readonly Entry[] | undefined;
	#keys: readonly Value[] | undefined;

	/** Takes over `entries`, which must not change afterwards and whose Map keys are `keyOf` of the entries' keys. */
	constructor(entries: ReadonlyMap<MapKey, Entry>) {
		this.#entries = entries;
	}

	get size(): number {
		return this.#entries.size;
	}

	get(key: Value): Value | undefined {
		return this.#entries.get(keyOf(key))?.[1];
	}

	has(key: Value): boolean {
		return this.#entries.has(keyOf(key));
	}

	/** Keys in Rego order. */
	keys(): readonly Value[] {
		this.#keys ??= this.entries().map(([key]) => key);
		return this.#keys;
	}

	/** Entries in the Rego order of their keys. */
	entries(): readonly Entry[] {
		this.#sorted ??= sorted([...this.#entries.values()], compareEntries);
		return this.#sorted;
	}

	/** Entries in no promised order, without sorting: for folds whose result does not depend on it. */
	pairs(): Iterable<Entry> {
		return this.#entries.values();
	}
}

/** Collects entries; `build` hands them over and ends the builder's use. */
export class ObjectBuilder {
	readonly #entries: Map<MapKey, Entry> = new Map();

	/** Sets a key; the value of an equal key is replaced. */
	set(key: Value, value: Value): void {
		this.#entries.set(keyOf(key), [key, value]);
	}

	get(key: Value): Value | undefined {
		return this.#entries.get(keyOf(key))?.[1];
	}

	has(key: Value): boolean {
		return this.#entries.has(keyOf(key));
	}

	get size(): number {
		return this.#entries.size;
	}

	build(): RegoObject {
		return this.#entries.size === 0 ? RegoObject.empty : new RegoObject(this.#entries);
	}
}

function compareEntries(a: Entry, b: Entry): number {
	return compare(a[0], b[0]);
}

/** Whether a value is an object of either form. */
export function isObject(v: Value): v is ObjectValue {
	return typeof v === 'object' && v !== null && !Array.isArray(v) && !(v instanceof RegoSet) && !(v instanceof Decimal);
}

/** Whether a value is a computed object, rather than a plain one from outside. */
export function isRegoObject(v: Value): v is RegoObject {
	return v instanceof RegoObject;
}

/** The value under a key. Of a plain object only own string keys exist: `__proto__` and `constructor` are ordinary. */
export function objectGet(object: ObjectValue, key: Value): Value | undefined {
	if (object instanceof RegoObject) return object.get(key);
	return typeof key === 'string' && Object.hasOwn(object, key) ? (object as PlainObject)[key] : undefined;
}

/** How many keys an object has. */
export function objectSize(object: ObjectValue): number {
	return object instanceof RegoObject ? object.size : plainKeys(object as PlainObject).length;
}

/** The keys in Rego order. */
export function objectKeys(object: ObjectValue): readonly Value[] {
	return object instanceof RegoObject ? object.keys() : plainKeys(object as PlainObject);
}

/** The entries in the Rego order of their keys. */
export function objectEntries(object: ObjectValue): readonly Entry[] {
	if (object instanceof RegoObject) return object.entries();
	const plain = object as PlainObject;
	return plainKeys(plain).map((key): Entry => [key, plain[key]!]);
}

/**
 * What `container[key]` is: an array's item by integer, an object's value by key, a set's member by itself;
 * undefined where there is none or the container is a scalar.
 */
export function lookup(container: Value, key: Value): Value | undefined {
	if (typeof container !== 'object' || container === null) return undefined;
	if (Array.isArray(container)) return typeof key === 'number' ? container[key] : arrayItem(container, key);
	if (container instanceof RegoSet) return container.find(key);
	return container instanceof Decimal ? undefined : objectGet(container as ObjectValue, key);
}

/** An integer in another form (`1.0`) still is an index. */
function arrayItem(array: readonly Value[], key: Value): Value | undefined {
	if (!(key instanceof Decimal)) return undefined;
	const index = key.digits.point > 10 ? undefined : toInteger(key);
	return typeof index === 'number' ? array[index] : undefined;
}

/**
 * Sorted keys of plain objects, remembered while one evaluation runs, for comparing and printing them sorts anew. Its
 * host may change an object between evaluations, so only frozen ones are remembered for longer.
 */
let plainKeysMemo = new WeakMap<PlainObject, readonly string[]>();
let plainKeysUsed = false;
const frozenKeysMemo = new WeakMap<PlainObject, readonly string[]>();

/** Forgets what is remembered of plain objects that may have changed: called when an evaluation begins. */
export function forgetPlainKeys(): void {
	if (!plainKeysUsed) return;
	plainKeysMemo = new WeakMap();
	plainKeysUsed = false;
}

/** Objects of so few keys are sorted anew each time, which is quicker than remembering them. */
const keysSortedAnewMax = 8;

/** Sorts the keys of a small object in place; those whose value is undefined are left out. */
function fewKeys(object: PlainObject, keys: string[]): readonly string[] {
	let count = 0;
	for (let i = 0; i < keys.length; i++) {
		const key = keys[i]!;
		if (object[key] === undefined) continue;
		let at = count++;
		for (; at > 0 && compareStrings(keys[at - 1]!, key) > 0; at--) keys[at] = keys[at - 1]!;
		keys[at] = key;
	}
	keys.length = count;
	return keys;
}

function plainKeys(object: PlainObject): readonly string[] {
	// To list the keys of a large object takes far longer than to find them here.
	let keys = plainKeysUsed ? plainKeysMemo.get(object) : undefined;
	if (keys !== undefined) return keys;
	const own = Object.keys(object);
	if (own.length <= keysSortedAnewMax) return fewKeys(object, own);
	keys = frozenKeysMemo.get(object);
	if (keys === undefined) {
		// A host may hand in `{ a: undefined }`: in JSON, and so here, that key is absent.
		keys = own.filter((key) => object[key] !== undefined).sort(compareStrings);
		if (Object.isFrozen(object)) frozenKeysMemo.set(object, keys);
		else {
			plainKeysMemo.set(object, keys);
			plainKeysUsed = true;
		}
	}
	return keys;
}
