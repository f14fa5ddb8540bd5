import { any, anyOf, boolean, named, number } from '../types/type.ts';
import {
	abs,
	add,
	ceil,
	compare,
	divide,
	equal,
	floor,
	isNumber,
	isSet,
	multiply,
	type NumberValue,
	remainder,
	round,
	subtract,
	type Value,
} from '../value/index.ts';
import { type Builtin, type BuiltinContext, BuiltinError } from './builtin.ts';
import { anySet, define } from './declare.ts';
import { numberOperand, operand, operandTypeError } from './operands.ts';
import { difference } from './sets.ts';

const numberOrSet = anyOf(number, anySet);

/** The operators on numbers (`-` also on sets), `abs` and rounding. */
export const arithmeticBuiltins: readonly Builtin[] = [
	binary('plus', '+', 'Adds two numbers.', named('z', number, 'the sum of `x` and `y`'), add),
	define(
		'minus',
		'Subtracts the second number from the first, or the second set from the first.',
		[named('x', numberOrSet), named('y', numberOrSet)],
		named('z', numberOrSet, 'the difference of `x` and `y`'),
		minus,
		{ infix: '-', categories: ['sets', 'numbers'] },
	),
	binary('mul', '*', 'Multiplies two numbers.', named('z', number, 'the product of `x` and `y`'), multiply),
	define(
		'div',
		'Divides the first number by the second.',
		[named('x', number, 'the dividend'), named('y', number, 'the divisor')],
		named('z', number, 'the result of `x` divided by `y`'),
		(args) => quotient(numberOperand(args, 1), numberOperand(args, 2)),
		{ infix: '/', categories: ['numbers'] },
	),
	binary('rem', '%', 'The remainder of `x` divided by `y`, for integers.', named('z', number, 'the remainder'), rest),
	rounding('round', 'Rounds to the nearest integer.', 'the result of rounding `x`', round),
	rounding('ceil', 'Rounds up to an integer.', 'the result of rounding `x` _up_', ceil),
	rounding('floor', 'Rounds down to an integer.', 'the result of rounding `x` _down_', floor),
	define(
		'abs',
		'The number without its sign.',
		[named('x', number, 'the number to take the absolute value of')],
		named('y', number, 'the absolute value of `x`'),
		(args) => abs(numberOperand(args, 1)),
		{ categories: ['numbers'] },
	),
];

/** The order comparisons. Values of different types compare by type. */
export const comparisonBuiltins: readonly Builtin[] = [
	comparison('neq', '!=', 'true if `x` is not equal to `y`; false otherwise', (x, y) => !equal(x, y)),
	comparison('lt', '<', 'true if `x` is less than `y`; false otherwise', (x, y) => compare(x, y) < 0),
	comparison('lte', '<=', 'true if `x` is less than or equal to `y`; false otherwise', (x, y) => compare(x, y) <= 0),
	comparison('gt', '>', 'true if `x` is greater than `y`; false otherwise', (x, y) => compare(x, y) > 0),
	comparison('gte', '>=', 'true if `x` is greater or equal to `y`; false otherwise', (x, y) => compare(x, y) >= 0),
];

function binary(
	name: string,
	infix: string,
	description: string,
	result: Builtin['decl']['result'] & {},
	operation: (x: NumberValue, y: NumberValue) => NumberValue,
): Builtin {
	return define(
		name,
		description,
		[named('x', number), named('y', number)],
		result,
		(args) => operation(numberOperand(args, 1), numberOperand(args, 2)),
		{ infix, categories: ['numbers'] },
	);
}

function rounding(
	name: string,
	description: string,
	resultDescription: string,
	operation: (x: NumberValue) => NumberValue,
): Builtin {
	return define(
		name,
		description,
		[named('x', number, 'the number to round')],
		named('y', number, resultDescription),
		(args) => operation(numberOperand(args, 1)),
		{ categories: ['numbers'] },
	);
}

function comparison(
	name: string,
	infix: string,
	resultDescription: string,
	holds: (x: Value, y: Value) => boolean,
): Builtin {
	return define(
		name,
		'',
		[named('x', any), named('y', any)],
		named('result', boolean, resultDescription),
		(args) => holds(operand(args, 1), operand(args, 2)),
		{ infix, categories: ['comparison'] },
	);
}

function minus(args: readonly Value[], context: BuiltinContext): Value {
	const [x, y] = [operand(args, 1), operand(args, 2)];
	if (isNumber(x) && isNumber(y)) return subtract(x, y);
	if (isSet(x) && isSet(y)) return difference(x, y, context);
	if (!isNumber(x) && !isSet(x)) throw operandTypeError(1, x, 'number', 'set');
	// As in OPA, a number on the right decides what the message asks for, whatever is on the left.
	throw operandTypeError(2, y, isNumber(y) ? 'set' : 'number');
}

function quotient(x: NumberValue, y: NumberValue): NumberValue {
	const result = divide(x, y);
	if (result === undefined) throw new BuiltinError('divide by zero');
	return result;
}

function rest(x: NumberValue, y: NumberValue): NumberValue {
	const result = remainder(x, y);
	if (result === 'zero divisor') throw new BuiltinError('modulo by zero');
	if (result === 'not an integer') throw new BuiltinError('modulo on floating-point number');
	return result;
}
