import { any, anyOf, array, named, set, string } from '../types/type.ts';
import {
	isArray,
	isObject,
	isSet,
	keyOf,
	type MapKey,
	ObjectBuilder,
	objectEntries,
	objectSize,
	SetBuilder,
	typeName,
	type Value,
} from '../value/index.ts';
import type { Builtin, BuiltinContext } from './builtin.ts';
import { anyObject, define } from './declare.ts';
import { collectionOperand, objectOperand, operandError } from './operands.ts';

const pathType = anyOf(string, array(any));
const pathsType = anyOf(array(pathType), set(pathType));

/** `json.filter` and `json.remove`: keep or drop what a set of paths selects. */
export const jsonPathBuiltins: readonly Builtin[] = [
	define(
		'json.filter',
		'The object with only what the paths lead to.',
		[named('object', anyObject, 'object to filter'), named('paths', pathsType, 'JSON string paths')],
		named('filtered', any, 'remaining data from `object` with only keys specified in `paths`'),
		(args, context) => keep(objectOperand(args, 1), pathTree(args, context), context),
		{ categories: ['object'] },
	),
	define(
		'json.remove',
		'The object without what the paths lead to.',
		[named('object', anyObject, 'object to remove paths from'), named('paths', pathsType, 'JSON string paths')],
		named('output', any, 'result of removing all keys specified in `paths`'),
		(args, context) => drop(objectOperand(args, 1), pathTree(args, context), context),
		{ categories: ['object'] },
	),
];

/** The paths by their first step; null where a path ends. A path ends all longer ones through it. */
type PathTree = Map<MapKey, PathTree | null>;

function pathTree(args: readonly Value[], context: BuiltinContext): PathTree {
	// The object is checked before the paths, so that both wrong report the first.
	objectOperand(args, 1);
	const root: PathTree = new Map();
	for (const path of collectionOperand(args, 2)) {
		const steps = pathSteps(path);
		context.spend(1 + steps.length);
		plant(root, steps);
	}
	return root;
}

function plant(root: PathTree, steps: readonly Value[]): void {
	let node = root;
	for (const [i, step] of steps.entries()) {
		const key = keyOf(step);
		if (i === steps.length - 1) {
			node.set(key, null);
			return;
		}
		let child = node.get(key);
		if (child === null) return;
		if (child === undefined) {
			child = new Map();
			node.set(key, child);
		}
		node = child;
	}
}

/** The steps of a path: `a/b~1c` or an array of values. @throws {BuiltinTypeError} for anything else */
export function pathSteps(path: Value): readonly Value[] {
	if (isArray(path)) return path;
	if (typeof path !== 'string') {
		throw operandError(
			2,
			`must be one of {set, array} containing string paths or array of path segments but got ${typeName(path)}`,
		);
	}
	if (path === '') return [];
	return path
		.replace(/^\/+/, '')
		.split('/')
		.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Array positions are spelled as strings in paths, whatever the form of the path. */
function childOf(tree: PathTree, index: number): PathTree | null | undefined {
	return tree.get(String(index));
}

/** Steps that going through the members of a value once costs. */
function sizeSteps(value: Value): number {
	const size = isArray(value) ? value.length : isSet(value) ? value.size : isObject(value) ? objectSize(value) : 0;
	return 1 + size;
}

function keep(value: Value, tree: PathTree | null, context: BuiltinContext): Value {
	if (tree === null) return value;
	context.spend(sizeSteps(value));
	if (isObject(value)) {
		const result = new ObjectBuilder();
		for (const [key, member] of objectEntries(value)) {
			const child = tree.get(keyOf(key));
			if (child !== undefined) result.set(key, keep(member, child, context));
		}
		return result.build();
	}
	if (isSet(value)) {
		const result = new SetBuilder();
		for (const member of value.values()) {
			const child = tree.get(keyOf(member));
			if (child !== undefined) result.add(keep(member, child, context));
		}
		return result.build();
	}
	if (!isArray(value)) return value;
	const result: Value[] = [];
	for (const [i, item] of value.entries()) {
		const child = childOf(tree, i);
		if (child !== undefined) result.push(keep(item, child, context));
	}
	return result;
}

function drop(value: Value, tree: PathTree, context: BuiltinContext): Value {
	context.spend(sizeSteps(value));
	if (isObject(value)) {
		const result = new ObjectBuilder();
		for (const [key, member] of objectEntries(value)) {
			const child = tree.get(keyOf(key));
			if (child !== null) result.set(key, child === undefined ? member : drop(member, child, context));
		}
		return result.build();
	}
	if (isSet(value)) {
		const result = new SetBuilder();
		for (const member of value.values()) {
			const child = tree.get(keyOf(member));
			if (child !== null) result.add(child === undefined ? member : drop(member, child, context));
		}
		return result.build();
	}
	if (!isArray(value)) return value;
	const result: Value[] = [];
	for (const [i, item] of value.entries()) {
		const child = childOf(tree, i);
		if (child !== null) result.push(child === undefined ? item : drop(item, child, context));
	}
	return result;
}
