import { named, number } from '../types/type.ts';
import { normalInteger } from '../value/index.ts';
import { type Builtin, BuiltinLimitError } from './builtin.ts';
import { define } from './declare.ts';
import { bigIntOperand, operandError } from './operands.ts';

/** Bit operations on integers of any size, negative ones in two's complement. */
export const bitBuiltins: readonly Builtin[] = [
	binary('bits.or', 'The bitwise "OR" of two integers.', 'the bitwise OR of `x` and `y`', (x, y) => x | y),
	binary('bits.and', 'The bitwise "AND" of two integers.', 'the bitwise AND of `x` and `y`', (x, y) => x & y),
	binary('bits.xor', 'The bitwise "XOR" of two integers.', 'the bitwise XOR of `x` and `y`', (x, y) => x ^ y),
	define(
		'bits.negate',
		'An integer with all its bits flipped.',
		[named('x', number, 'the integer to negate')],
		named('z', number, 'the bitwise negation of `x`'),
		(args) => normalInteger(~bigIntOperand(args, 1)),
	),
	shift('bits.lsh', 'left', (x, s) => {
		if (s > shiftMax && x !== 0n) throw new BuiltinLimitError(`shift of more than ${shiftMax} bits`);
		return x === 0n ? x : x << s;
	}),
	shift('bits.rsh', 'right', (x, s) => (s > shiftMax ? (x < 0n ? -1n : 0n) : x >> s)),
];

/** The furthest left shift: larger results would only exhaust memory. Integers beyond it do not occur. */
const shiftMax = 100_000n;

function binary(
	name: string,
	description: string,
	resultDescription: string,
	operation: (x: bigint, y: bigint) => bigint,
): Builtin {
	return define(
		name,
		description,
		[named('x', number, 'the first integer'), named('y', number, 'the second integer')],
		named('z', number, resultDescription),
		(args) => normalInteger(operation(bigIntOperand(args, 1), bigIntOperand(args, 2))),
	);
}

function shift(name: string, side: string, operation: (x: bigint, s: bigint) => bigint): Builtin {
	return define(
		name,
		`An integer with its bits shifted \`s\` bits to the ${side}.`,
		[named('x', number, 'the integer to shift'), named('s', number, 'the number of bits to shift')],
		named('z', number, `the result of shifting \`x\` \`s\` bits to the ${side}`),
		(args) => {
			const [x, s] = [bigIntOperand(args, 1), bigIntOperand(args, 2)];
			if (s < 0n) throw operandError(2, 'must be an unsigned integer number but got a negative integer');
			return normalInteger(operation(x, s));
		},
	);
}
