/** Order, equality and union of types. */
import { compare as compareValues, type Value } from '../value/index.ts';
import type { FunctionType, Type } from './type.ts';

/** A type with properties at keys known beforehand. */
export type ObjectType = Extract<Type, { type: 'object' }>;
/** A type with items at known positions, and possibly more of one type. */
export type ArrayType = Extract<Type, { type: 'array' }>;
/** One of several types; of any type at all when `of` is missing or empty. */
export type AnyType = Extract<Type, { type: 'any' }>;

const rank: Readonly<Record<Type['type'], number>> = {
	unknown: -1,
	null: 0,
	boolean: 1,
	number: 2,
	string: 3,
	array: 4,
	object: 5,
	set: 6,
	any: 7,
	function: 8,
};

/** OPA's total order of types, in which the members of a union are kept and printed. */
export function compareTypes(a: Type, b: Type): number {
	if (a === b) return 0;
	if (a.type !== b.type) return rank[a.type] - rank[b.type];
	switch (a.type) {
		case 'array':
			return compareArrays(a, b as ArrayType);
		case 'object':
			return compareObjects(a, b as ObjectType);
		case 'set':
			return compareTypes(a.of, (b as typeof a).of);
		case 'any':
			return compareLists(a.of ?? [], (b as AnyType).of ?? []);
		case 'function':
			return compareFunctions(a, b as FunctionType);
		default:
			return 0;
	}
}

/** Whether two types are the same. */
export function sameType(a: Type, b: Type): boolean {
	return compareTypes(a, b) === 0;
}

function compareArrays(a: ArrayType, b: ArrayType): number {
	return compareOptional(a.dynamic, b.dynamic) || compareLists(a.static ?? [], b.static ?? []);
}

function compareObjects(a: ObjectType, b: ObjectType): number {
	const dynamic =
		compareOptional(a.dynamic?.key, b.dynamic?.key) || compareOptional(a.dynamic?.value, b.dynamic?.value);
	if (dynamic !== 0) return dynamic;
	const left = a.static ?? [];
	const right = b.static ?? [];
	for (let i = 0; i < Math.min(left.length, right.length); i++) {
		const order =
			compareValues(left[i]!.key as Value, right[i]!.key as Value) || compareTypes(left[i]!.value, right[i]!.value);
		if (order !== 0) return order;
	}
	return left.length - right.length;
}

function compareFunctions(a: FunctionType, b: FunctionType): number {
	if (a.args.length !== b.args.length) return a.args.length - b.args.length;
	return compareLists(a.args, b.args) || compareOptional(a.result, b.result) || compareOptional(a.variadic, b.variadic);
}

function compareOptional(a: Type | undefined, b: Type | undefined): number {
	if (a === undefined || b === undefined) return (a === undefined ? 0 : 1) - (b === undefined ? 0 : 1);
	return compareTypes(a, b);
}

function compareLists(a: readonly Type[], b: readonly Type[]): number {
	for (let i = 0; i < Math.min(a.length, b.length); i++) {
		const order = compareTypes(a[i]!, b[i]!);
		if (order !== 0) return order;
	}
	return a.length - b.length;
}

/** Whether `type` is any value at all. */
export function isAnything(type: Type): boolean {
	return type.type === 'any' && (type.of === undefined || type.of.length === 0);
}

/** A type that covers `a` and `b`: one of them when it covers the other, else a union. `unknown` adds nothing. */
export function union(a: Type, b: Type): Type {
	if (a.type === 'unknown' || a === b) return b;
	if (b.type === 'unknown') return a;
	if (a.type === 'function' || b.type === 'function') return unionOfFunctions(a, b);
	if (isAnything(a)) return a;
	if (isAnything(b)) return b;
	const members = mergeMembers(membersOf(a), membersOf(b));
	return members.length === 1 ? members[0]! : { type: 'any', of: members };
}

function unionOfFunctions(a: Type, b: Type): Type {
	if (a.type !== 'function' || b.type !== 'function' || a.args.length !== b.args.length) return { type: 'unknown' };
	const args = a.args.map((arg, i) => union(arg, b.args[i]!));
	const result = union(a.result ?? { type: 'unknown' }, b.result ?? { type: 'unknown' });
	return { type: 'function', args, result };
}

function membersOf(type: Type): readonly Type[] {
	return type.type === 'any' ? (type.of ?? []) : [type];
}

/** Merges two sorted lists, each type once. */
function mergeMembers(a: readonly Type[], b: readonly Type[]): Type[] {
	const merged: Type[] = [];
	let i = 0;
	let j = 0;
	while (i < a.length && j < b.length) {
		const order = compareTypes(a[i]!, b[j]!);
		merged.push(order <= 0 ? a[i]! : b[j]!);
		if (order <= 0) i++;
		if (order >= 0) j++;
	}
	merged.push(...a.slice(i), ...b.slice(j));
	return merged;
}

/** Whether `type` is a member of `container`, or equal to it. */
export function includesType(container: Type, type: Type): boolean {
	if (container.type !== 'any') return sameType(container, type);
	if (type.type === 'function') return false;
	return isAnything(container) || container.of!.some((member) => sameType(member, type));
}

const normalized = new WeakMap<Type, Type>();

/** A declared type with its unions and properties in order, and without names and descriptions. */
export function normalize(declared: Type): Type {
	const held = normalized.get(declared);
	if (held !== undefined) return held;
	const type = normalizeOnce(declared);
	normalized.set(declared, type);
	return type;
}

function normalizeOnce(type: Type): Type {
	switch (type.type) {
		case 'any':
			return type.of === undefined || type.of.length === 0
				? { type: 'any' }
				: { type: 'any', of: type.of.map(normalize).sort(compareTypes) };
		case 'array':
			return {
				type: 'array',
				...(type.static === undefined ? {} : { static: type.static.map(normalize) }),
				...(type.dynamic === undefined ? {} : { dynamic: normalize(type.dynamic) }),
			};
		case 'set':
			return { type: 'set', of: normalize(type.of) };
		case 'object':
			return {
				type: 'object',
				...(type.static === undefined
					? {}
					: { static: sortProperties(type.static.map(({ key, value }) => ({ key, value: normalize(value) }))) }),
				...(type.dynamic === undefined
					? {}
					: { dynamic: { key: normalize(type.dynamic.key), value: normalize(type.dynamic.value) } }),
			};
		case 'function':
			return type;
		default:
			return { type: type.type };
	}
}

/** Puts properties in the order of their keys. */
export function sortProperties<P extends { readonly key: unknown }>(properties: readonly P[]): readonly P[] {
	return [...properties].sort((a, b) => compareValues(a.key as Value, b.key as Value));
}
