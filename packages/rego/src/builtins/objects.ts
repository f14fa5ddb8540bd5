import { any, anyOf, array, named, object } from '../types/type.ts';
import {
	equal,
	isArray,
	isObject,
	isSet,
	lookup,
	ObjectBuilder,
	type ObjectValue,
	objectEntries,
	objectGet,
	objectKeys,
	type RegoObject,
	RegoSet,
	type Value,
} from '../value/index.ts';
import { type Builtin, type BuiltinContext, BuiltinTypeError } from './builtin.ts';
import { anyArray, anyObject, anySet, define } from './declare.ts';
import { arrayOperand, objectOperand, operand, operandElementError, operandTypeError } from './operands.ts';

const keysType = anyOf(anyArray, anyObject, anySet);
const containers = anyOf(anyArray, anyObject, anySet);

/** `object.*`. */
export const objectBuiltins: readonly Builtin[] = [
	define(
		'object.get',
		'The value under a key, or under a path given as an array; the default where there is none.',
		[
			named('object', anyObject, 'object to get `key` from'),
			named('key', any, 'key to lookup in `object`'),
			named('default', any, 'default to use when lookup fails'),
		],
		named('value', any, '`object[key]` if present, otherwise `default`'),
		objectGetPath,
	),
	define(
		'object.keys',
		"The set of an object's keys.",
		[named('object', anyObject, 'object to get keys from')],
		named('value', anySet, "set of `object`'s keys"),
		(args, context) => {
			const keys = objectKeys(objectOperand(args, 1));
			context.spend(keys.length);
			return RegoSet.of(keys);
		},
	),
	define(
		'object.remove',
		'The object without some keys.',
		[named('object', anyObject, 'object to remove keys from'), named('keys', keysType, 'keys to remove from x')],
		named('output', any, 'result of removing the specified `keys` from `object`'),
		(args, context) => select(args, context, (listed) => !listed),
	),
	define(
		'object.filter',
		'The object with only some of its keys.',
		[named('object', anyObject, 'object to filter keys'), named('keys', keysType, 'keys to keep in `object`')],
		named('filtered', any, 'remaining data from `object` with only keys specified in `keys`'),
		(args, context) => select(args, context, (listed) => listed),
	),
	define(
		'object.union',
		'Both objects in one; where both have a key, objects merge and otherwise the right value counts.',
		[named('a', anyObject, 'left-hand object'), named('b', anyObject, 'right-hand object')],
		named(
			'output',
			any,
			'a new object which is the result of an asymmetric recursive union of two objects where conflicts are resolved by choosing the key from the right-hand object `b`',
		),
		(args, context) => merge(objectOperand(args, 1), objectOperand(args, 2), context),
	),
	define(
		'object.union_n',
		'All objects in one, merged from left to right as by `object.union`.',
		[named('objects', array(object(any, any)), 'list of objects to merge')],
		named(
			'output',
			any,
			'asymmetric recursive union of all objects in `objects`, merged from left to right, where conflicts are resolved by choosing the key from the right-hand object',
		),
		(args, context) => {
			const objects = arrayOperand(args, 1);
			let merged: ObjectValue = new ObjectBuilder().build();
			for (const each of objects) {
				if (!isObject(each)) throw operandElementError(1, objects, each, 'object');
				merged = merge(merged, each, context);
			}
			return merged;
		},
	),
	define(
		'object.subset',
		'Whether `sub` is part of `super`: objects recursively, sets by members, arrays as a contiguous run, a set in an array.',
		[
			named('super', containers, 'object to test if sub is a subset of'),
			named('sub', containers, 'object to test if super is a superset of'),
		],
		named('result', any, '`true` if `sub` is a subset of `super`'),
		(args, context) => {
			const [whole, part] = [operand(args, 1), operand(args, 2)];
			const result = isSubset(whole, part, context);
			if (result !== undefined) return result;
			if (isArray(whole) && isSet(part)) return holdsAll(whole, part, context);
			throw new BuiltinTypeError('both arguments object.subset must be of the same type or array and set');
		},
	),
];

function objectGetPath(args: readonly Value[]): Value {
	const target = objectOperand(args, 1);
	const key = operand(args, 2);
	const otherwise = operand(args, 3);
	if (!isArray(key)) {
		const value = objectGet(target, key);
		return value === undefined ? otherwise : value;
	}
	let found: Value | undefined = target;
	for (const step of key) {
		found = lookup(found, step);
		if (found === undefined) return otherwise;
	}
	return found;
}

function select(args: readonly Value[], context: BuiltinContext, keep: (listed: boolean) => boolean): RegoObject {
	const target = objectOperand(args, 1);
	const keys = keySet(operand(args, 2));
	const result = new ObjectBuilder();
	const entries = objectEntries(target);
	context.spend(entries.length + keys.size);
	for (const [key, value] of entries) if (keep(keys.has(key))) result.set(key, value);
	return result.build();
}

function keySet(keys: Value): RegoSet {
	if (isSet(keys)) return keys;
	if (isArray(keys)) return RegoSet.of(keys);
	if (isObject(keys)) return RegoSet.of(objectKeys(keys));
	throw operandTypeError(2, keys, 'object', 'set', 'array');
}

function merge(left: ObjectValue, right: ObjectValue, context: BuiltinContext): ObjectValue {
	const result = new ObjectBuilder();
	const additions = objectEntries(right);
	const entries = objectEntries(left);
	context.spend(4 * (1 + entries.length + additions.length));
	for (const [key, value] of entries) result.set(key, value);
	for (const [key, value] of additions) {
		const held = result.get(key);
		const both = held !== undefined && isObject(held) && isObject(value);
		result.set(key, both ? merge(held, value, context) : value);
	}
	return result.build();
}

/** Undefined when the two are not of one composite type. */
function isSubset(whole: Value, part: Value, context: BuiltinContext): boolean | undefined {
	context.spend(1);
	if (isObject(whole) && isObject(part)) {
		return objectEntries(part).every(([key, value]) => {
			const held = objectGet(whole, key);
			if (held === undefined) return false;
			return equal(held, value) || (isSubset(held, value, context) ?? false);
		});
	}
	if (isSet(whole) && isSet(part)) {
		context.spend(part.size);
		return part.values().every((value) => whole.has(value));
	}
	return isArray(whole) && isArray(part) ? holdsRun(whole, part, context) : undefined;
}

function holdsRun(whole: readonly Value[], part: readonly Value[], context: BuiltinContext): boolean {
	for (let start = 0; start + part.length <= whole.length; start++) {
		context.spend(1);
		const differs = part.findIndex((value, i) => !equal(whole[start + i]!, value));
		if (differs < 0) return true;
		context.spend(differs >> 3);
	}
	return false;
}

function holdsAll(whole: readonly Value[], part: RegoSet, context: BuiltinContext): boolean {
	context.spend(whole.length);
	// An empty array holds not even the empty set: OPA looks at the count only while it walks the array.
	if (whole.length === 0) return false;
	const held = RegoSet.of(whole);
	return part.values().every((value) => held.has(value));
}
