import { any, boolean, named, record, string } from '../types/type.ts';
import {
	isArray,
	isObject,
	isSet,
	JsonDepthError,
	jsonMembers,
	objectEntries,
	parseJson,
	print,
	stringify,
	type Value,
} from '../value/index.ts';
import { type Builtin, type BuiltinContext, BuiltinError, BuiltinLimitError } from './builtin.ts';
import { define } from './declare.ts';
import { convertingSteps } from './limits.ts';
import { convertedOperand, objectOperand, operand, operandError, operandTypeError } from './operands.ts';

const categories = ['encoding'];

/** `json.marshal`, `json.marshal_with_options`, `json.unmarshal` and `json.is_valid`. */
export const jsonTextBuiltins: readonly Builtin[] = [
	define(
		'json.marshal',
		'The JSON text of a value; sets become arrays.',
		[named('x', any, 'the term to serialize')],
		named('y', string, 'the JSON string representation of `x`'),
		(args, context) => written(goJson(operand(args, 1)), context),
		{ categories },
	),
	define(
		'json.marshal_with_options',
		'The JSON text of a value, over several lines with `pretty`, or with an `indent` or `prefix`.',
		[
			named('x', any, 'the term to serialize'),
			named(
				'opts',
				record({ indent: string, prefix: string, pretty: boolean }, { key: string, value: any }),
				'encoding options',
			),
		],
		named('y', string, 'the JSON string representation of `x`, with configured prefix/indent string(s) as appropriate'),
		(args, context) => written(marshalWithOptions(args), context),
		{ categories },
	),
	define(
		'json.unmarshal',
		'The value that JSON text spells.',
		[named('x', string, 'a JSON string')],
		named('y', any, 'the term deserialized from `x`'),
		(args, context) => {
			const text = convertedOperand(args, context);
			try {
				return readJson(text);
			} catch (error) {
				if (!(error instanceof SyntaxError)) throw error;
				throw new BuiltinError(error.message, { cause: error });
			}
		},
		{ categories },
	),
	define(
		'json.is_valid',
		'Whether a string is JSON text.',
		[named('x', string, 'a JSON string')],
		named('result', boolean, '`true` if `x` is valid JSON, `false` otherwise'),
		(args, context) => {
			const text = operand(args, 1);
			if (typeof text === 'string') context.spend(convertingSteps(text.length));
			return typeof text === 'string' && isJson(text);
		},
		{ categories },
	),
];

/** Parts of a value are counted while they are written; long strings are here. */
function written(text: string, context: BuiltinContext): string {
	context.spend(convertingSteps(text.length));
	return text;
}

/** The value of JSON text. @throws {SyntaxError} @throws {BuiltinLimitError} text nested deeper than is read */
export function readJson(text: string): Value {
	try {
		return parseJson(text);
	} catch (error) {
		if (error instanceof JsonDepthError) throw new BuiltinLimitError('JSON is nested too deeply', { cause: error });
		throw error;
	}
}

/** Whether a text is JSON that `json.unmarshal` reads. */
export function isJson(text: string): boolean {
	try {
		readJson(text);
		return true;
	} catch (error) {
		if (error instanceof SyntaxError) return false;
		throw error;
	}
}

/** JSON text with the characters escaped that Go escapes for the sake of HTML; they occur inside strings only. */
export function goJson(value: Value): string {
	return escapeForHtml(stringify(value));
}

function escapeForHtml(text: string): string {
	return text.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function marshalWithOptions(args: readonly Value[]): string {
	const value = operand(args, 1);
	let indent = '\t';
	let prefix = '';
	let pretty: boolean | undefined;
	let laidOut = false;
	for (const [index, [key, option]] of objectEntries(objectOperand(args, 2)).entries()) {
		switch (key) {
			case 'prefix':
				prefix = textOption(key, option, index);
				laidOut = true;
				break;
			case 'indent':
				indent = textOption(key, option, index);
				laidOut = true;
				break;
			case 'pretty':
				if (typeof option !== 'boolean') throw operandError(2, `key ${key} failed cast to bool`);
				pretty = option;
				break;
			default:
				throw unknownKey(key, index);
		}
	}
	if (!(pretty ?? laidOut)) return goJson(value);
	return prefix + layOut(value, `\n${prefix}`, indent);
}

/** Go's `json.MarshalIndent`: empty containers stay on one line. `newline` carries the indentation so far. */
function layOut(value: Value, newline: string, indent: string): string {
	const inner = newline + indent;
	if (isArray(value) || isSet(value)) {
		const items = isSet(value) ? value.values() : value;
		if (items.length === 0) return '[]';
		return `[${items.map((item) => inner + layOut(item, inner, indent)).join(',')}${newline}]`;
	}
	if (!isObject(value)) return goJson(value);
	const members = jsonMembers(value);
	if (members.length === 0) return '{}';
	const lines = members.map(([key, member]) => `${inner}${goJson(key)}: ${layOut(member, inner, indent)}`);
	return `{${lines.join(',')}${newline}}`;
}

// The inner message counts operands by the option's place among the keys, from 0: OPA's own quirk.
function textOption(key: string, option: Value, index: number): string {
	if (typeof option === 'string') return option;
	const reason = operandTypeError(index, option, 'string').message;
	throw operandError(2, `key ${key} failed cast to string: ${reason}`);
}

function unknownKey(key: Value, index: number): Error {
	if (typeof key === 'string') return operandError(2, `object contained unknown key ${key}`);
	const reason = operandTypeError(index, key, 'string').message;
	return operandError(2, `failed to stringify key ${print(key)} at index ${index}: ${reason}`);
}
