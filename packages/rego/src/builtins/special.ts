/**
 * Builtins that the compiler or evaluator treats itself: operators of unification and membership, the relation `walk`,
 * and what stands behind template strings and printing. `run` is what a call through a mock gets.
 */
import { any, array, boolean, fn, named, set, string, tuple } from '../types/type.ts';
import { equal, isObject, isSet, lookup, objectEntries, objectGet, print, type Value } from '../value/index.ts';
import { type Builtin, type BuiltinContext, BuiltinError } from './builtin.ts';
import { parseModuleBuiltin } from './parse-module.ts';

function membersOf(container: Value): readonly Value[] {
	if (Array.isArray(container)) return container;
	if (isSet(container)) return container.values();
	return isObject(container) ? objectEntries(container).map(([, value]) => value) : [];
}

/** Members looked at worth one step. */
const membersPerStep = 8;

/** `x in xs`. */
export function isMember(item: Value, container: Value, spend: BuiltinContext['spend']): boolean {
	if (isSet(container)) return container.has(item);
	const members = membersOf(container);
	const at = placeOf(item, members);
	// The values of an object are listed first.
	const looked = at < 0 || isObject(container) ? members.length : at;
	if (looked >= membersPerStep) spend(Math.floor(looked / membersPerStep));
	return at >= 0;
}

function placeOf(item: Value, members: readonly Value[]): number {
	// These have one form only, so that they are equal when they are the same.
	if (typeof item === 'string' || typeof item === 'boolean' || item === null) return members.indexOf(item);
	for (let i = 0; i < members.length; i++) if (equal(members[i]!, item)) return i;
	return -1;
}

/** `k, x in xs`. */
export function isMemberAt(key: Value, item: Value, container: Value): boolean {
	if (Array.isArray(container)) {
		const held = lookup(container as readonly Value[], key);
		return held !== undefined && equal(held, item);
	}
	if (isSet(container)) return equal(key, item) && container.has(item);
	if (!isObject(container)) return false;
	const held = objectGet(container, key);
	return held !== undefined && equal(held, item);
}

/** Text of a value inside a template string or a printed line: strings as they are, the rest as Rego text. */
export function displayText(value: Value): string {
	return typeof value === 'string' ? value : print(value);
}

function templateText(parts: Value): string {
	if (!Array.isArray(parts)) throw new BuiltinError('operand 1 must be array');
	return (parts as readonly Value[])
		.map((part) => {
			if (!isSet(part)) return displayText(part);
			if (part.size > 1) throw new BuiltinError('template-strings must not produce multiple outputs');
			return part.size === 0 ? '<undefined>' : displayText(part.values()[0]!);
		})
		.join('');
}

/** Declarations (and plain behaviour) of every builtin that needs more than a function. */
export const specialBuiltins: readonly Builtin[] = [
	parseModuleBuiltin,
	{
		name: 'eq',
		infix: '=',
		decl: fn([any, any], boolean),
		run: ([a, b]) => equal(a!, b!),
	},
	{
		name: 'assign',
		infix: ':=',
		decl: fn([any, any], boolean),
		run: ([a, b]) => equal(a!, b!),
	},
	{
		name: 'equal',
		infix: '==',
		decl: fn(
			[named('x', any), named('y', any)],
			named('result', boolean, 'true if `x` is equal to `y`; false otherwise'),
		),
		run: ([a, b]) => equal(a!, b!),
	},
	{
		name: 'internal.member_2',
		infix: 'in',
		decl: fn([any, any], boolean),
		run: ([item, container], context) => isMember(item!, container!, context.spend),
	},
	{
		name: 'internal.member_3',
		infix: 'in',
		decl: fn([any, any, any], boolean),
		run: ([key, item, container]) => isMemberAt(key!, item!, container!),
	},
	{
		name: 'walk',
		description: 'Generates `[path, value]` tuples for all nested documents of `x` (recursively).',
		decl: fn(
			[named('x', any, 'value to walk')],
			named(
				'output',
				tuple(array(any), any),
				'pairs of path and value: `path` is an array, and `value` is the value at that path',
			),
		),
		run: ([x]) => [[], x!],
	},
	{
		name: 'internal.template_string',
		decl: fn([array(any)], string),
		run: ([parts]) => templateText(parts!),
	},
	{
		name: 'internal.print',
		decl: { type: 'function', args: [array(set(any))] },
		run: () => true,
	},
	{
		name: 'print',
		decl: { type: 'function', args: [], variadic: any },
		run: () => true,
	},
	{
		name: 'trace',
		decl: fn([named('note', string, 'the note to include')], named('result', boolean, 'always `true`')),
		run: () => true,
	},
	{
		name: 'rego.metadata.chain',
		decl: fn(
			[],
			named(
				'chain',
				array(any),
				'each array entry represents a node in the path ancestry (chain) of the active rule that also has declared annotations',
			),
		),
		run: () => [],
	},
	{
		name: 'rego.metadata.rule',
		decl: fn([], named('output', any, '"rule" scope annotations for this rule; empty object if no annotations exist')),
		run: () => ({}),
	},
];
