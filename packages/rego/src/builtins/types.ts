import { any, anyOf, boolean, named, nullType, number, string, type Type } from '../types/type.ts';
import {
	isArray,
	isNumber,
	isObject,
	isSet,
	type NumberValue,
	parseNumber,
	quote,
	RegoSet,
	toDouble,
	typeName,
	type Value,
} from '../value/index.ts';
import { type Builtin, BuiltinError } from './builtin.ts';
import { anyArray, anyObject, anySet, define } from './declare.ts';
import { operand, operandTypeError } from './operands.ts';

/** `is_*`, `type_name`, `to_number` and the deprecated casts. */
export const typeBuiltins: readonly Builtin[] = [
	typeTest('is_number', 'a number', isNumber),
	typeTest('is_string', 'a string', (v) => typeof v === 'string'),
	typeTest('is_boolean', 'an boolean', (v) => typeof v === 'boolean'),
	typeTest('is_array', 'an array', isArray),
	typeTest('is_set', 'a set', isSet),
	typeTest('is_object', 'an object', isObject),
	typeTest('is_null', 'null', (v) => v === null),
	define(
		'type_name',
		'The type of its input value.',
		[named('x', any, 'input value')],
		named('type', string, 'one of "null", "boolean", "number", "string", "array", "object", "set"'),
		(args) => typeName(operand(args, 1)),
		{ categories: ['types'] },
	),
	define(
		'to_number',
		'The number a string spells; `false` and null are 0, `true` is 1, numbers stay.',
		[named('x', anyOf(nullType, boolean, number, string), 'value to convert')],
		named('num', number, 'the numeric representation of `x`'),
		(args) => toNumber(operand(args, 1)),
		{ categories: ['conversions'] },
	),
	cast('cast_array', anyArray, ['array', 'set'], (v) => (isSet(v) ? v.values() : isArray(v) ? v : undefined)),
	cast('cast_set', anySet, ['array', 'set'], (v) => (isArray(v) ? RegoSet.of(v) : isSet(v) ? v : undefined)),
	cast('cast_string', string, ['string'], (v) => (typeof v === 'string' ? v : undefined)),
	cast('cast_boolean', boolean, ['boolean'], (v) => (typeof v === 'boolean' ? v : undefined)),
	cast('cast_null', nullType, ['null'], (v) => (v === null ? v : undefined)),
	cast('cast_object', anyObject, ['object'], (v) => (isObject(v) ? v : undefined)),
];

function typeTest(name: string, what: string, holds: (v: Value) => boolean): Builtin {
	return define(
		name,
		`Whether the input value is ${what}.`,
		[named('x', any, 'input value')],
		named('result', boolean, `\`true\` if \`x\` is ${what}, \`false\` otherwise.`),
		(args) => holds(operand(args, 1)),
		{ categories: ['types'] },
	);
}

function cast(
	name: string,
	result: Type,
	expected: readonly string[],
	convert: (v: Value) => Value | undefined,
): Builtin {
	return {
		name,
		decl: { type: 'function', args: [any], result },
		deprecated: true,
		run: (args) => {
			const value = operand(args, 1);
			const converted = convert(value);
			if (converted === undefined) throw operandTypeError(1, value, ...expected);
			return converted;
		},
	};
}

function toNumber(value: Value): NumberValue {
	if (value === null || value === false) return 0;
	if (value === true) return 1;
	if (isNumber(value)) return value;
	if (typeof value !== 'string') throw operandTypeError(1, value, 'null', 'boolean', 'number', 'string');
	if (/^[+-]*(?:inf|infinity|nan)$/i.test(value)) throw operandTypeError(1, value, 'valid number string');
	const number = parseNumber(value) ?? parseGoFloat(value);
	// Go reads a double and refuses what none can hold, though the digits are kept as they stand.
	if (!Number.isFinite(toDouble(number))) {
		throw new BuiltinError(`strconv.ParseFloat: parsing ${quote(value)}: value out of range`);
	}
	return number;
}

const goDecimal = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const goHexadecimal = /^([+-]?)0[xX]([0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP]([+-]?[0-9]+)$/;

/** Go's `strconv.ParseFloat` takes more spellings than JSON: `+1`, `.5`, `1.`, `007`, `0x1p-2`. */
function parseGoFloat(text: string): NumberValue {
	if (goDecimal.test(text)) {
		const normal = text
			.replace(/^\+/, '')
			.replace(/^(-?)0+(?=[0-9])/, '$1')
			.replace(/^(-?)\./, '$10.')
			.replace(/\.(?=[eE]|$)/, '');
		const parsed = parseNumber(normal);
		if (parsed !== undefined) return parsed;
	}
	const hexadecimal = goHexadecimal.exec(text);
	if (hexadecimal !== null) {
		const [, sign, mantissa, power] = hexadecimal;
		const [whole = '', fraction = ''] = mantissa!.split('.');
		const value = Number(`0x${whole}${fraction}`) * 2 ** (Number(power) - 4 * fraction.length);
		if (Number.isFinite(value)) return sign === '-' ? -value : value;
	}
	throw new BuiltinError(`strconv.ParseFloat: parsing ${quote(text)}: invalid syntax`);
}
