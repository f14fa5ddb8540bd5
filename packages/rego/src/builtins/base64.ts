import { boolean, named, string } from '../types/type.ts';
import { type Builtin, BuiltinError } from './builtin.ts';
import { define } from './declare.ts';
import { codingSteps } from './limits.ts';
import { codedOperand, operand } from './operands.ts';
import { textOfUtf8, utf8 } from './utf8.ts';

const categories = ['encoding'];

/** `base64.*` and `base64url.*`. */
export const base64Builtins: readonly Builtin[] = [
	encoding('base64.encode', 'base64', (bytes) => encodeBase64(bytes)),
	define(
		'base64.decode',
		'The text of a base64 string.',
		[named('x', string, 'string to decode')],
		named('y', string, 'base64 deserialization of `x`'),
		(args, context) => textOfUtf8(decodeBase64(codedOperand(args, context))),
		{ categories },
	),
	define(
		'base64.is_valid',
		'Whether a string is base64.',
		[named('x', string, 'string to check')],
		named('result', boolean, '`true` if `x` is valid base64 encoded value, `false` otherwise'),
		(args, context) => {
			const text = operand(args, 1);
			if (typeof text === 'string') context.spend(codingSteps(text.length));
			return typeof text === 'string' && typeof tryDecode(text, standard) !== 'number';
		},
		{ categories },
	),
	encoding('base64url.encode', 'base64url', (bytes) => encodeBase64(bytes, { url: true })),
	encoding('base64url.encode_no_pad', 'base64url', (bytes) => encodeBase64(bytes, { url: true, pad: false })),
	define(
		'base64url.decode',
		'The text of a base64url string, with or without padding.',
		[named('x', string, 'string to decode')],
		named('y', string, 'base64url deserialization of `x`'),
		(args, context) => textOfUtf8(decodeBase64Url(codedOperand(args, context))),
		{ categories },
	),
];

function encoding(name: string, what: string, encode: (bytes: Uint8Array) => string): Builtin {
	return define(
		name,
		`The ${what} form of a string.`,
		[named('x', string, 'string to encode')],
		named('y', string, `${what} serialization of \`x\``),
		(args, context) => {
			return encode(utf8(codedOperand(args, context)));
		},
		{ categories },
	);
}

const standard = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const urlSafe = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Bytes as base64, padded unless told otherwise; `url` picks the URL-safe alphabet. */
export function encodeBase64(
	bytes: Uint8Array,
	options: { readonly url?: boolean; readonly pad?: boolean } = {},
): string {
	const alphabet = options.url ? urlSafe : standard;
	let text = '';
	for (let i = 0; i < bytes.length; i += 3) {
		const left = Math.min(3, bytes.length - i);
		const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
		for (let j = 0; j <= left; j++) text += alphabet[(group >> (18 - 6 * j)) & 63];
		if (options.pad !== false) text += '='.repeat(3 - left);
	}
	return text;
}

/** The bytes of padded base64; line breaks are skipped. @throws {BuiltinError} as Go words it */
export function decodeBase64(text: string): Uint8Array {
	return decoded(text, standard);
}

/** The bytes of base64url, whose padding may be missing. @throws {BuiltinError} */
export function decodeBase64Url(text: string): Uint8Array {
	if (text.endsWith('=')) return decoded(text, urlSafe);
	const size = utf8(text).length % 4;
	if (size === 1) throw new BuiltinError(`illegal base64url string: ${text}`);
	return decoded(text + '='.repeat((4 - size) % 4), urlSafe);
}

function decoded(text: string, alphabet: string): Uint8Array {
	const result = tryDecode(text, alphabet);
	if (typeof result === 'number') throw new BuiltinError(`illegal base64 data at input byte ${result}`);
	return result;
}

/** The bytes, or the position of the first byte that is wrong, counted as Go does. */
function tryDecode(text: string, alphabet: string): Uint8Array | number {
	const bytes: number[] = [];
	let group = 0;
	let digits = 0;
	const input = utf8(text);
	for (let i = 0; i < input.length; i++) {
		const char = String.fromCharCode(input[i]!);
		if (char === '\n' || char === '\r') continue;
		if (char === '=') return finish(bytes, group, digits, input, i);
		const value = input[i]! < 0x80 ? alphabet.indexOf(char) : -1;
		if (value < 0) return i;
		group = (group << 6) | value;
		digits++;
		if (digits < 4) continue;
		bytes.push((group >> 16) & 255, (group >> 8) & 255, group & 255);
		group = 0;
		digits = 0;
	}
	// An unfinished group is reported at its first digit.
	return digits === 0 ? Uint8Array.from(bytes) : input.length - digits;
}

function finish(
	bytes: number[],
	group: number,
	digits: number,
	input: Uint8Array,
	padding: number,
): Uint8Array | number {
	if (digits < 2) return padding;
	let next = skipLineBreaks(input, padding + 1);
	if (digits === 2) {
		if (next === input.length) return input.length;
		if (input[next] !== 61) return next;
		next = skipLineBreaks(input, next + 1);
	}
	if (next < input.length) return next;
	if (digits === 2) bytes.push((group >> 4) & 255);
	else bytes.push((group >> 10) & 255, (group >> 2) & 255);
	return Uint8Array.from(bytes);
}

function skipLineBreaks(input: Uint8Array, from: number): number {
	let at = from;
	while (input[at] === 10 || input[at] === 13) at++;
	return at;
}
