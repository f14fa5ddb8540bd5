import { named, number } from '../types/type.ts';
import { isArray, type Value } from '../value/index.ts';
import type { Builtin } from './builtin.ts';
import { anyArray, define } from './declare.ts';
import { arrayOperand, intOperand } from './operands.ts';

/** `array.concat`, `array.flatten`, `array.reverse` and `array.slice`. */
export const arrayBuiltins: readonly Builtin[] = [
	define(
		'array.concat',
		'Concatenates two arrays.',
		[named('x', anyArray, 'the first array'), named('y', anyArray, 'the second array')],
		named('z', anyArray, 'the concatenation of `x` and `y`'),
		(args, context) => {
			const [x, y] = [arrayOperand(args, 1), arrayOperand(args, 2)];
			context.spend(x.length + y.length);
			return x.concat(y);
		},
	),
	define(
		'array.flatten',
		'Replaces each array in an array by its elements, one level deep.',
		[named('arr', anyArray, 'the array to be flattened')],
		named('flattened', anyArray, 'array flattened one level'),
		(args, context) => {
			const parts = arrayOperand(args, 1);
			context.spend(parts.reduce<number>((steps, part) => steps + (isArray(part) ? part.length : 1), 0));
			return (parts as readonly (Value | readonly Value[])[]).flat(1) as readonly Value[];
		},
	),
	define(
		'array.reverse',
		'The elements in reverse order.',
		[named('arr', anyArray, 'the array to be reversed')],
		named('rev', anyArray, 'an array containing the elements of `arr` in reverse order'),
		(args, context) => {
			const elements = arrayOperand(args, 1);
			context.spend(elements.length);
			return [...elements].reverse();
		},
	),
	define(
		'array.slice',
		'The elements from `start` up to, but not including, `stop`; empty when `start` is not before `stop`.',
		[
			named('arr', anyArray, 'the array to be sliced'),
			named('start', number, "the start index of the returned slice; if less than zero, it's clamped to 0"),
			named(
				'stop',
				number,
				"the stop index of the returned slice; if larger than `count(arr)`, it's clamped to `count(arr)`",
			),
		],
		named('slice', anyArray, 'the part of `arr` from `start` to `stop`'),
		(args, context) => {
			const elements = arrayOperand(args, 1);
			const start = intOperand(args, 2);
			const stop = intOperand(args, 3);
			// JavaScript counts negative indices from the end; here they mean 0.
			const slice = elements.slice(Math.max(0, start), Math.max(0, stop));
			context.spend(1 + (slice.length >> 3));
			return slice;
		},
	),
];
