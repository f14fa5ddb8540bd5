import { anyOf, array, boolean, type NamedType, named, number, object, set, string } from '../types/type.ts';
import {
	ceil,
	compareNumbers,
	floor,
	isArray,
	isSet,
	type NumberValue,
	objectEntries,
	toBigInt,
	type Value,
} from '../value/index.ts';
import { type Builtin, type BuiltinContext, BuiltinError } from './builtin.ts';
import { codePointCount, isPlain } from './code-points.ts';
import { anyArray, define, stringCollection } from './declare.ts';
import { toLower, toUpper } from './letter-case.ts';
import { convertingSteps, searchingSteps } from './limits.ts';
import {
	arrayOperand,
	convertedOperand,
	intOperand,
	numberOperand,
	objectOperand,
	operand,
	operandEnumError,
	operandError,
	operandTypeError,
	stringOperand,
	stringsOperand,
} from './operands.ts';
import { replaceAll } from './replacer.ts';
import { sprintf } from './sprintf.ts';
import { checkTextLength } from './text-limit.ts';
import { findText, occurrences, splitText } from './text-search.ts';

const categories = ['strings'];
const oneOrMore = anyOf(string, array(string), set(string));
const haystackAndNeedle = [
	named('haystack', string, 'string to search in'),
	named('needle', string, 'substring to look for'),
];

/** Builtins on text. Positions and lengths count code points, not UTF-16 units. */
export const stringBuiltins: readonly Builtin[] = [
	define(
		'strings.any_prefix_match',
		'Whether any of the search strings begins with any of the base strings.',
		[named('search', oneOrMore, 'search string(s)'), named('base', oneOrMore, 'base string(s)')],
		named('result', boolean, 'result of the prefix check'),
		(args, context) => anyMatch(args, context, (text, prefix) => text.startsWith(prefix)),
		{ categories },
	),
	define(
		'strings.any_suffix_match',
		'Whether any of the search strings ends with any of the base strings.',
		[named('search', oneOrMore, 'search string(s)'), named('base', oneOrMore, 'base string(s)')],
		named('result', boolean, 'result of the suffix check'),
		(args, context) => anyMatch(args, context, (text, suffix) => text.endsWith(suffix)),
		{ categories },
	),
	define(
		'concat',
		'Joins a set or array of strings with a delimiter.',
		[
			named('delimiter', string, 'string to use as a delimiter'),
			named('collection', stringCollection, 'strings to join'),
		],
		named('output', string, 'the joined string'),
		(args, context) => {
			const delimiter = stringOperand(args, 1);
			const parts = stringsOperand(args, 2, ['set', 'array']);
			context.spend(parts.length);
			const delimiters = delimiter.length * Math.max(0, parts.length - 1);
			checkTextLength(parts.reduce((length, part) => length + part.length, delimiters));
			return parts.join(delimiter);
		},
		{ categories },
	),
	define(
		'format_int',
		'The number, without its fraction, in the given base.',
		[named('number', number, 'number to format'), named('base', number, 'base of number representation to use')],
		named('output', string, 'formatted number'),
		(args) => formatInt(numberOperand(args, 1), numberOperand(args, 2)),
		{ categories },
	),
	define(
		'indexof',
		'The position of the first occurrence of a substring.',
		haystackAndNeedle,
		named('output', number, 'index of first occurrence, `-1` if not found'),
		(args, context) => indexOf(stringOperand(args, 1), needle(args), context),
		{ categories },
	),
	define(
		'indexof_n',
		'The positions of all occurrences of a substring, overlapping ones too.',
		haystackAndNeedle,
		named('output', array(number), 'all indices at which `needle` occurs in `haystack`, may be empty'),
		(args, context) => indicesOf(stringOperand(args, 1), needle(args), context),
		{ categories },
	),
	define(
		'substring',
		'The part of a string that starts at `offset` and has `length` characters; the rest when `length < 0`.',
		[
			named('value', string, 'string to extract substring from'),
			named('offset', number, 'offset, must be positive'),
			named('length', number, 'length of the substring starting from `offset`'),
		],
		named('output', string, 'substring of `value` from `offset`, of length `length`'),
		(args, context) => substring(stringOperand(args, 1), intOperand(args, 2), intOperand(args, 3), context),
		{ categories },
	),
	define(
		'contains',
		'Whether a string contains another.',
		haystackAndNeedle,
		named('result', boolean, 'result of the containment check'),
		(args, context) => {
			const [text, part] = [stringOperand(args, 1), stringOperand(args, 2)];
			context.spend(searchingSteps(text.length + part.length));
			return findText(text, part) >= 0;
		},
		{ categories },
	),
	define(
		'strings.count',
		'How often a substring occurs, without overlap.',
		[named('search', string, 'string to search in'), named('substring', string, 'substring to look for')],
		named('output', number, 'count of occurrences, `0` if not found'),
		(args, context) => {
			const [text, part] = [stringOperand(args, 1), stringOperand(args, 2)];
			context.spend(convertingSteps(text.length + part.length));
			return part === '' ? codePointCount(text) + 1 : splitText(text, part).length - 1;
		},
		{ categories },
	),
	define(
		'startswith',
		'Whether the search string begins with the base string.',
		[named('search', string, 'search string'), named('base', string, 'base string')],
		named('result', boolean, 'result of the prefix check'),
		(args) => stringOperand(args, 1).startsWith(stringOperand(args, 2)),
		{ categories },
	),
	define(
		'endswith',
		'Whether the search string ends with the base string.',
		[named('search', string, 'search string'), named('base', string, 'base string')],
		named('result', boolean, 'result of the suffix check'),
		(args) => stringOperand(args, 1).endsWith(stringOperand(args, 2)),
		{ categories },
	),
	define(
		'lower',
		'The string in lower case.',
		[named('x', string, 'string that is converted to lower-case')],
		named('y', string, 'lower-case of x'),
		(args, context) => toLower(convertedOperand(args, context)),
		{ categories },
	),
	define(
		'upper',
		'The string in upper case.',
		[named('x', string, 'string that is converted to upper-case')],
		named('y', string, 'upper-case of x'),
		(args, context) => toUpper(convertedOperand(args, context)),
		{ categories },
	),
	define(
		'split',
		'The parts of a string between delimiters.',
		[named('x', string, 'string that is split'), named('delimiter', string, 'delimiter used for splitting')],
		named('ys', array(string), 'split parts'),
		(args, context) => split(stringOperand(args, 1), stringOperand(args, 2), context),
		{ categories },
	),
	define(
		'strings.split_n',
		'The first `n` parts of a string between delimiters, or the last ones when `n` is negative.',
		[
			named('x', string, 'string that is split'),
			named('delimiter', string, 'delimiter used for splitting'),
			named('n', number, 'number of parts to return: positive from the start, negative from the end'),
		],
		named('ys', array(string), 'split parts'),
		(args, context) => {
			const n = intOperand(args, 3);
			const parts = split(stringOperand(args, 1), stringOperand(args, 2), context);
			return n >= 0 ? parts.slice(0, n) : parts.slice(n);
		},
		{ categories },
	),
	define(
		'replace',
		'Replaces all instances of a substring.',
		[
			named('x', string, 'string being processed'),
			named('old', string, 'substring to replace'),
			named('new', string, 'string to replace `old` with'),
		],
		named('y', string, 'string with replaced substrings'),
		(args, context) => replaceAll(stringOperand(args, 1), [[stringOperand(args, 2), stringOperand(args, 3)]], context),
		{ categories },
	),
	define(
		'strings.replace_n',
		'Replaces several substrings at once, from left to right without overlap; at one place the first key wins.',
		[
			named('patterns', object(string, string), 'replacement pairs'),
			named('value', string, 'string to replace substring matches in'),
		],
		named('output', string, 'string with replaced substrings'),
		replaceN,
	),
	trimming(
		'trim',
		'Without all leading and trailing characters of the cutset.',
		named('cutset', string, 'string of characters that are cut off'),
		'string trimmed of `cutset` characters',
		(text, cutset) => trimRight(trimLeft(text, cutset), cutset),
	),
	trimming(
		'trim_left',
		'Without all leading characters of the cutset.',
		named('cutset', string, 'string of characters that are cut off on the left'),
		'string left-trimmed of `cutset` characters',
		trimLeft,
	),
	trimming(
		'trim_prefix',
		'Without the prefix, where it has it.',
		named('prefix', string, 'prefix to cut off'),
		'string with `prefix` cut off',
		(text, prefix) => (text.startsWith(prefix) ? text.slice(prefix.length) : text),
	),
	trimming(
		'trim_right',
		'Without all trailing characters of the cutset.',
		named('cutset', string, 'string of characters that are cut off on the right'),
		'string right-trimmed of `cutset` characters',
		trimRight,
	),
	trimming(
		'trim_suffix',
		'Without the suffix, where it has it.',
		named('suffix', string, 'suffix to cut off'),
		'string with `suffix` cut off',
		(text, suffix) => (text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text),
	),
	define(
		'trim_space',
		'Without leading and trailing white space.',
		[named('value', string, 'string to trim')],
		named('output', string, 'string leading and trailing white space cut off'),
		(args, context) => trimSpace(convertedOperand(args, context)),
		{ categories },
	),
	define(
		'sprintf',
		'The string with its verbs replaced by the values, as Go formats them.',
		[
			named('format', string, 'string with formatting verbs'),
			named('values', anyArray, 'arguments to format into formatting verbs'),
		],
		named('output', string, '`format` formatted by the values in `values`'),
		(args, context) => {
			const format = stringOperand(args, 1);
			const values = arrayOperand(args, 2);
			context.spend(1 + values.length + Math.floor(format.length / 64));
			return sprintf(format, values);
		},
		{ categories },
	),
	define(
		'strings.reverse',
		'The string backwards.',
		[named('x', string, 'string to reverse')],
		named('y', string, 'reversed string'),
		(args, context) => {
			const text = convertedOperand(args, context);
			return (isPlain(text) ? text.split('') : [...text]).reverse().join('');
		},
		{ categories },
	),
];

function trimming(
	name: string,
	description: string,
	cut: NamedType,
	result: string,
	trim: (text: string, cut: string) => string,
): Builtin {
	return define(
		name,
		description,
		[named('value', string, 'string to trim'), cut],
		named('output', string, result),
		(args, context) => trim(convertedOperand(args, context), stringOperand(args, 2)),
		{ categories },
	);
}

/** Unicode's White_Space, which is not quite what JavaScript's `trim` takes away. All are one UTF-16 unit. */
const space = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

function trimSpace(text: string): string {
	let start = 0;
	let end = text.length;
	while (start < end && space.test(text[start]!)) start++;
	while (end > start && space.test(text[end - 1]!)) end--;
	return text.slice(start, end);
}

function trimLeft(text: string, cutset: string): string {
	const cut = new Set(cutset);
	let start = 0;
	for (const char of text) {
		if (!cut.has(char)) break;
		start += char.length;
	}
	return text.slice(start);
}

function trimRight(text: string, cutset: string): string {
	const cut = new Set(cutset);
	let end = text.length;
	while (end > 0) {
		const low = text.charCodeAt(end - 1);
		const size = low >= 0xdc00 && low <= 0xdfff && (text.codePointAt(end - 2) ?? 0) > 0xffff ? 2 : 1;
		if (!cut.has(text.slice(end - size, end))) break;
		end -= size;
	}
	return text.slice(0, end);
}

function anyMatch(
	args: readonly Value[],
	context: BuiltinContext,
	matches: (text: string, base: string) => boolean,
): boolean {
	const texts = oneOrMoreOperand(args, 1);
	const bases = oneOrMoreOperand(args, 2);
	context.spend(texts.length * bases.length);
	return texts.some((text) => bases.some((base) => matches(text, base)));
}

function oneOrMoreOperand(args: readonly Value[], position: number): readonly string[] {
	const value = operand(args, position);
	if (typeof value === 'string') return [value];
	if (!isArray(value) && !isSet(value)) throw operandTypeError(position, value, 'string', 'set', 'array');
	return stringsOperand(args, position);
}

function formatInt(n: NumberValue, base: NumberValue): string {
	if (base !== 2 && base !== 8 && base !== 10 && base !== 16) throw operandEnumError(2, '2', '8', '10', '16');
	// Cut towards zero, as OPA does, though its documentation says "down".
	const cut = toBigInt(compareNumbers(n, 0) < 0 ? ceil(n) : floor(n))!;
	return cut.toString(base);
}

function needle(args: readonly Value[]): string {
	stringOperand(args, 1);
	const text = stringOperand(args, 2);
	if (text === '') throw new BuiltinError('empty search character');
	return text;
}

function indexOf(text: string, part: string, context: BuiltinContext): number {
	context.spend(searchingSteps(text.length + part.length));
	const index = findText(text, part);
	return index <= 0 ? index : codePointCount(text.slice(0, index));
}

function indicesOf(text: string, part: string, context: BuiltinContext): readonly number[] {
	context.spend(convertingSteps(text.length + part.length));
	const indices: number[] = [];
	let counted = 0;
	let position = 0;
	for (const at of occurrences(text, part, true)) {
		position += codePointCount(text.slice(counted, at));
		counted = at;
		indices.push(position);
	}
	return indices;
}

function substring(text: string, offset: number, length: number, context: BuiltinContext): string {
	context.spend(searchingSteps(text.length));
	if (offset < 0) throw new BuiltinError('negative offset');
	const end = length < 0 ? Number.POSITIVE_INFINITY : offset + length;
	return isPlain(text) ? text.slice(offset, end) : [...text].slice(offset, end).join('');
}

function split(text: string, delimiter: string, context: BuiltinContext): readonly string[] {
	context.spend(convertingSteps(text.length + delimiter.length));
	return delimiter === '' ? [...text] : splitText(text, delimiter);
}

function replaceN(args: readonly Value[], context: BuiltinContext): string {
	const patterns = objectOperand(args, 1);
	const text = stringOperand(args, 2);
	const pairs = objectEntries(patterns).map(([from, to]): [string, string] => {
		if (typeof from !== 'string') throw operandError(1, 'non-string key found in pattern object');
		if (typeof to !== 'string') throw operandError(1, 'non-string value found in pattern object');
		return [from, to];
	});
	return replaceAll(text, pairs, context);
}
