import { array, named, number } from '../types/type.ts';
import { normalInteger, type Value } from '../value/index.ts';
import { type Builtin, type BuiltinContext, BuiltinError, BuiltinLimitError } from './builtin.ts';
import { define } from './declare.ts';
import { bigIntOperand } from './operands.ts';

/** `numbers.range` and `numbers.range_step`. */
export const numberBuiltins: readonly Builtin[] = [
	define(
		'numbers.range',
		'The integers from `a` to `b`, both included; descending when `a > b`.',
		[named('a', number, 'the start of the range'), named('b', number, 'the end of the range (inclusive)')],
		named('range', array(number), 'the range between `a` and `b`'),
		(args, context) => range(bigIntOperand(args, 1), bigIntOperand(args, 2), 1n, context),
	),
	define(
		'numbers.range_step',
		'Every `step`th integer from `a` to `b`; descending when `a > b`.',
		[
			named('a', number, 'the start of the range'),
			named('b', number, 'the end of the range (inclusive)'),
			named('step', number, 'the step between numbers in the range'),
		],
		named('range', array(number), 'the range between `a` and `b` in `step` increments'),
		(args, context) => {
			const [from, to, step] = [bigIntOperand(args, 1), bigIntOperand(args, 2), bigIntOperand(args, 3)];
			if (step <= 0n) throw new BuiltinError('numbers.range_step: step must be a positive integer');
			return range(from, to, step, context);
		},
	),
];

/** Longest range written out: more would only exhaust memory. */
const rangeLengthMax = 10_000_000n;

function range(from: bigint, to: bigint, step: bigint, context: BuiltinContext): readonly Value[] {
	const distance = to >= from ? to - from : from - to;
	const length = distance / step + 1n;
	if (length > rangeLengthMax) throw new BuiltinLimitError(`range has more than ${rangeLengthMax} numbers`);
	context.spend(Number(length));
	const by = to >= from ? step : -step;
	const last = from + by * (length - 1n);
	const [first, end, stride] = [normalInteger(from), normalInteger(last), normalInteger(by)];
	if (typeof first === 'number' && typeof end === 'number' && typeof stride === 'number') {
		return Array.from({ length: Number(length) }, (_, i) => first + i * stride);
	}
	return Array.from({ length: Number(length) }, (_, i) => normalInteger(from + BigInt(i) * by));
}
