import { compare } from './compare.ts';
import { keyOf, type MapKey } from './key.ts';
import { sorted } from './sort-few.ts';
import type { Value } from './value.ts';

/** An immutable set of values; membership goes by value. */
export class RegoSet implements Iterable<Value> {
	/** The set without members. */
	static readonly empty: RegoSet = new RegoSet(new Map());

	/** The set of these values, each once. */
	static of(values: Iterable<Value>): RegoSet {
		const builder = new SetBuilder();
		for (const value of values) builder.add(value);
		return builder.build();
	}

	/** Memo of `keyOf`. */
	spelling: string | undefined;
	readonly #members: ReadonlyMap<MapKey, Value>;
	#sorted: readonly Value[] | undefined;

	/** Takes over `members`, which must not change afterwards and whose keys are `keyOf` of their values. */
	constructor(members: ReadonlyMap<MapKey, Value>) {
		this.#members = members;
	}

	get size(): number {
		return this.#members.size;
	}

	has(value: Value): boolean {
		return this.#members.has(keyOf(value));
	}

	/** The member equal to `value` in the form it was added in (`1.0` may find `1`). */
	find(value: Value): Value | undefined {
		return this.#members.get(keyOf(value));
	}

	/** Whether there is a member whose `keyOf` is `key`. */
	hasKey(key: MapKey): boolean {
		return this.#members.has(key);
	}

	/** Members in Rego order. */
	values(): readonly Value[] {
		this.#sorted ??= sorted([...this.#members.values()], compare);
		return this.#sorted;
	}

	/** Members in no promised order, without sorting: for folds whose result does not depend on it. */
	members(): Iterable<Value> {
		return this.#members.values();
	}

	/** `keyOf` of each member, in no promised order. */
	memberKeys(): Iterable<MapKey> {
		return this.#members.keys();
	}

	[Symbol.iterator](): Iterator<Value> {
		return this.values()[Symbol.iterator]();
	}
}

/** Collects members; `build` hands them over and ends the builder's use. */
export class SetBuilder {
	readonly #members: Map<MapKey, Value> = new Map();

	/** Adds a value; false when an equal one is there already (which stays). */
	add(value: Value): boolean {
		const key = keyOf(value);
		if (this.#members.has(key)) return false;
		this.#members.set(key, value);
		return true;
	}

	has(value: Value): boolean {
		return this.#members.has(keyOf(value));
	}

	get size(): number {
		return this.#members.size;
	}

	build(): RegoSet {
		return this.#members.size === 0 ? RegoSet.empty : new RegoSet(this.#members);
	}
}

/** Whether a value is a set. */
export function isSet(v: Value): v is RegoSet {
	return v instanceof RegoSet;
}
