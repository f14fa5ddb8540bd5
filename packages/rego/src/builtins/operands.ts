import {
	isArray,
	isNumber,
	isObject,
	isSet,
	type NumberValue,
	type ObjectValue,
	type RegoSet,
	toBigInt,
	typeName,
	type Value,
} from '../value/index.ts';
import { type BuiltinContext, BuiltinTypeError } from './builtin.ts';
import { codingSteps, convertingSteps } from './limits.ts';

/** `operand 2 <message>`; positions count from 1. */
export function operandError(position: number, message: string): BuiltinTypeError {
	return new BuiltinTypeError(`operand ${position} ${message}`);
}

/** `operand 1 must be string but got number`, or `must be one of {a, b} but got …` for several expected types. */
export function operandTypeError(position: number, got: Value, ...expected: readonly string[]): BuiltinTypeError {
	const wanted = expected.length === 1 ? expected[0] : `one of {${expected.join(', ')}}`;
	return operandError(position, `must be ${wanted} but got ${typeName(got)}`);
}

/** `operand 1 must be array of strings but got array containing number`. */
export function operandElementError(
	position: number,
	composite: Value,
	got: Value,
	...expected: readonly string[]
): BuiltinTypeError {
	const type = typeName(composite);
	const wanted = expected.length === 1 ? `${expected[0]}s` : `(any of) {${expected.join(', ')}}`;
	return operandError(position, `must be ${type} of ${wanted} but got ${type} containing ${typeName(got)}`);
}

/** `operand 2 must be one of {2, 8, 10, 16}`. */
export function operandEnumError(position: number, ...expected: readonly string[]): BuiltinTypeError {
	const wanted = expected.length === 1 ? expected[0] : `one of {${expected.join(', ')}}`;
	return operandError(position, `must be ${wanted}`);
}

type Arguments = readonly Value[];

/** The operand at `position`, which counts from 1 as in messages. Arity is the compiler's business. */
export function operand(args: Arguments, position: number): Value {
	return args[position - 1]!;
}

/** The operand as a string. @throws {BuiltinTypeError} like every function below, with OPA's wording */
export function stringOperand(args: Arguments, position: number): string {
	const value = operand(args, position);
	if (typeof value !== 'string') throw operandTypeError(position, value, 'string');
	return value;
}

/** The first operand as a string that the builtin goes through from end to end, which is counted. */
export function convertedOperand(args: Arguments, context: BuiltinContext): string {
	const text = stringOperand(args, 1);
	context.spend(convertingSteps(text.length));
	return text;
}

/** The first operand as a string that the builtin decodes or encodes, which is counted. */
export function codedOperand(args: Arguments, context: BuiltinContext): string {
	const text = stringOperand(args, 1);
	context.spend(codingSteps(text.length));
	return text;
}

/** The operand as a number in any form. */
export function numberOperand(args: Arguments, position: number): NumberValue {
	const value = operand(args, position);
	if (!isNumber(value)) throw operandTypeError(position, value, 'number');
	return value;
}

const int64Max = 9223372036854775807n;
const int64Min = -9223372036854775808n;

/** Whether a number is written as an integer that fits 64 bits: `1.0` and `1e2` are not. */
export function isInt64(n: NumberValue): n is number | bigint {
	if (typeof n === 'number') return Number.isSafeInteger(n);
	return typeof n === 'bigint' && n <= int64Max && n >= int64Min;
}

/** The operand as an index or length: a 64-bit integer, as a JS number (beyond 2^53 the nearest one). */
export function intOperand(args: Arguments, position: number): number {
	const n = numberOperand(args, position);
	if (!isInt64(n)) throw operandError(position, 'must be integer number but got floating-point number');
	return Number(n);
}

/** The operand as an integer of any size; `1.0` is one. */
export function bigIntOperand(args: Arguments, position: number): bigint {
	const value = operand(args, position);
	if (!isNumber(value)) throw operandTypeError(position, value, 'integer');
	const integer = toBigInt(value);
	if (integer === undefined) throw operandError(position, 'must be integer number but got floating-point number');
	return integer;
}

/** The operand as a set. */
export function setOperand(args: Arguments, position: number): RegoSet {
	const value = operand(args, position);
	if (!isSet(value)) throw operandTypeError(position, value, 'set');
	return value;
}

/** The operand as an object of either form. */
export function objectOperand(args: Arguments, position: number): ObjectValue {
	const value = operand(args, position);
	if (!isObject(value)) throw operandTypeError(position, value, 'object');
	return value;
}

/** The operand as an array. */
export function arrayOperand(args: Arguments, position: number): readonly Value[] {
	const value = operand(args, position);
	if (!isArray(value)) throw operandTypeError(position, value, 'array');
	return value;
}

/** The members of an array or set, sets in Rego order; `expected` are the names the message gives. */
export function collectionOperand(
	args: Arguments,
	position: number,
	expected: readonly string[] = ['set', 'array'],
): readonly Value[] {
	const value = operand(args, position);
	if (isArray(value)) return value;
	if (isSet(value)) return value.values();
	throw operandTypeError(position, value, ...expected);
}

/** The strings in an array or set. */
export function stringsOperand(
	args: Arguments,
	position: number,
	expected: readonly string[] = ['array', 'set'],
): readonly string[] {
	const values = collectionOperand(args, position, expected);
	for (const value of values) {
		if (typeof value !== 'string') throw operandElementError(position, operand(args, position), value, 'string');
	}
	return values as readonly string[];
}
