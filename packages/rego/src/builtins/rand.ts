import { fn, named, number, string } from '../types/type.ts';
import { normalInteger, type Value } from '../value/index.ts';
import type { Builtin, BuiltinContext } from './builtin.ts';
import { isInt64, numberOperand, operandError, stringOperand } from './operands.ts';

/** `rand.intn`, from the random bytes of the evaluation. */
export const randBuiltins: readonly Builtin[] = [
	{
		name: 'rand.intn',
		description:
			'A random integer from 0 up to, not including, `abs(n)`; within one evaluation the same for the same arguments.',
		nondeterministic: true,
		decl: fn(
			[named('str', string, 'what the number is kept under'), named('n', number, 'upper bound, not included')],
			named('y', number, 'random integer in `[0, abs(n))`; 0 when `n` is 0'),
		),
		run: randomInteger,
	},
];

function randomInteger(args: readonly Value[], context: BuiltinContext): number | bigint {
	const key = stringOperand(args, 1);
	const n = numberOperand(args, 2);
	if (!isInt64(n)) throw operandError(2, 'must be integer number but got floating-point number');
	const bound = BigInt(n);
	const below = bound < 0n ? -bound : bound;
	if (below === 0n) return 0;
	const memoKey = `rand.intn ${key} ${below}`;
	const held = context.memo.get(memoKey);
	if (typeof held === 'bigint') return normalInteger(held);
	const made = uniform(below, context);
	context.memo.set(memoKey, made);
	return normalInteger(made);
}

/** Draws 64 bits until they fall into a whole number of ranges, so that every result is equally likely. */
function uniform(below: bigint, context: BuiltinContext): bigint {
	const range = 2n ** 64n;
	const usable = range - (range % below);
	for (;;) {
		const bytes = context.randomBytes(8);
		const drawn = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
		if (drawn < usable) return drawn % below;
	}
}
