import { named, set } from '../types/type.ts';
import { isSet, RegoSet, SetBuilder, type Value } from '../value/index.ts';
import type { Builtin, BuiltinContext } from './builtin.ts';
import { anySet, define } from './declare.ts';
import { operandTypeError, setOperand } from './operands.ts';

/** Set operators and their forms over a set of sets. */
export const setBuiltins: readonly Builtin[] = [
	define(
		'and',
		'The intersection of two sets.',
		[named('x', anySet, 'the first set'), named('y', anySet, 'the second set')],
		named('z', anySet, 'the intersection of `x` and `y`'),
		(args, context) => {
			const [x, y] = [setOperand(args, 1), setOperand(args, 2)];
			context.spend(1 + (Math.min(x.size, y.size) >> 1));
			return intersection(x, y);
		},
		{ infix: '&', categories: ['sets'] },
	),
	define(
		'or',
		'The union of two sets.',
		[named('x', anySet), named('y', anySet)],
		named('z', anySet, 'the union of `x` and `y`'),
		(args, context) => union([setOperand(args, 1), setOperand(args, 2)], context),
		{ infix: '|', categories: ['sets'] },
	),
	define(
		'intersection',
		'The intersection of the given sets.',
		[named('xs', set(anySet), 'set of sets to intersect')],
		named('y', anySet, 'the intersection of all `xs` sets'),
		(args, context) =>
			memberSets(args).reduce<RegoSet | undefined>((common, next) => {
				context.spend(1 + (Math.min(common?.size ?? 0, next.size) >> 1));
				return common === undefined ? next : intersection(common, next);
			}, undefined) ?? RegoSet.empty,
		{ categories: ['sets'] },
	),
	define(
		'union',
		'The union of the given sets.',
		[named('xs', set(anySet), 'set of sets to merge')],
		named('y', anySet, 'the union of all `xs` sets'),
		(args, context) => union(memberSets(args), context),
		{ categories: ['sets'] },
	),
	{
		name: 'set_diff',
		decl: { type: 'function', args: [anySet, anySet], result: anySet },
		deprecated: true,
		run: (args, context) => difference(setOperand(args, 1), setOperand(args, 2), context),
	},
];

/** The members of `a` that are not in `b`. */
export function difference(a: RegoSet, b: RegoSet, context: BuiltinContext): RegoSet {
	context.spend(1 + (a.size >> 1));
	return RegoSet.of(filter(a, (value) => !b.has(value)));
}

/** The members of `a` that are also in `b`. */
export function intersection(a: RegoSet, b: RegoSet): RegoSet {
	return a.size <= b.size ? RegoSet.of(filter(a, (value) => b.has(value))) : intersection(b, a);
}

/** The members of all `sets`. */
export function union(sets: readonly RegoSet[], context: BuiltinContext): RegoSet {
	const builder = new SetBuilder();
	for (const each of sets) {
		context.spend(1 + (each.size >> 1));
		for (const value of each.members()) builder.add(value);
	}
	return builder.build();
}

function* filter(set: RegoSet, keep: (value: Value) => boolean): Generator<Value> {
	for (const value of set.members()) if (keep(value)) yield value;
}

function memberSets(args: readonly Value[]): readonly RegoSet[] {
	return setOperand(args, 1)
		.values()
		.map((value) => {
			if (!isSet(value)) throw operandTypeError(1, value, 'set');
			return value;
		});
}
