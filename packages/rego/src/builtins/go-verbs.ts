import { quote } from '../value/index.ts';
import { formatFloat, parts } from './go-float.ts';
import { quoteAscii, quoteChar } from './quoting.ts';
import { utf8 } from './utf8.ts';

/** An argument as Go sees it: its type's name is what notes about mistakes print. */
export type Argument =
	| { readonly type: 'int' | '*big.Int'; readonly value: bigint }
	| { readonly type: 'float64'; readonly value: number }
	| { readonly type: 'string'; readonly value: string };

/** What stands between `%` and the verb. Width and precision count characters. */
export interface Flags {
	plus: boolean;
	minus: boolean;
	sharp: boolean;
	space: boolean;
	zero: boolean;
	width: number | undefined;
	precision: number | undefined;
}

/** The state of flags before any is read. */
export function noFlags(): Flags {
	return { plus: false, minus: false, sharp: false, space: false, zero: false, width: undefined, precision: undefined };
}

/** `%v`: with `#` it writes Go syntax, and `+` means nothing for the plain values here. */
export function formatDefault(arg: Argument, flags: Flags): string {
	if (arg.type === '*big.Int') return formatBigInt(arg.value, 'v', flags);
	const plain = { ...flags, sharp: false, plus: false };
	if (arg.type === 'string')
		return flags.sharp ? formatArgument(arg, 'q', { ...plain, sharp: false }) : formatArgument(arg, 's', plain);
	return formatArgument(arg, arg.type === 'int' ? 'd' : 'g', plain);
}

/** One argument under one verb; a verb its type does not have becomes a note such as `%!d(string=x)`. */
export function formatArgument(arg: Argument, verb: string, flags: Flags): string {
	if (verb === 'T') return pad(cut(arg.type, flags), flags);
	switch (arg.type) {
		case 'int':
			return formatInteger(arg.value, verb, flags) ?? badVerb(arg, verb, flags);
		case '*big.Int':
			return formatBigInt(arg.value, verb, flags);
		case 'float64':
			return formatDouble(arg.value, verb, flags) ?? badVerb(arg, verb, flags);
		case 'string':
			return formatString(arg.value, verb, flags) ?? badVerb(arg, verb, flags);
	}
}

/** The value in a note: under `%v`, but with `#` and `+` meaning what they do under any other verb. */
function formatNoted(arg: Argument, flags: Flags): string {
	if (arg.type === '*big.Int') return formatBigInt(arg.value, 'v', flags);
	if (arg.type === 'string') return formatArgument(arg, 's', flags);
	return formatArgument(arg, arg.type === 'int' ? 'd' : 'g', flags);
}

function badVerb(arg: Argument, verb: string, flags: Flags): string {
	return `%!${verb}(${arg.type}=${formatNoted(arg, flags)})`;
}

/** Pads to the width, which counts characters; zeros go to the left only. */
function pad(text: string, flags: Flags): string {
	if (flags.width === undefined) return text;
	const missing = flags.width - [...text].length;
	if (missing <= 0) return text;
	if (flags.minus) return text + ' '.repeat(missing);
	return (flags.zero ? '0' : ' ').repeat(missing) + text;
}

function cut(text: string, flags: Flags): string {
	return flags.precision === undefined ? text : [...text].slice(0, flags.precision).join('');
}

const bases: Readonly<Record<string, number>> = { d: 10, v: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };

function formatInteger(value: bigint, verb: string, flags: Flags): string | undefined {
	if (Object.hasOwn(bases, verb)) return integerText(value, verb, flags);
	if (verb === 'c') return pad(charOf(value), flags);
	if (verb === 'q') return pad(quoteChar(charOf(value), flags.plus), flags);
	return verb === 'U' ? unicodeText(value, flags) : undefined;
}

function integerText(value: bigint, verb: string, flags: Flags): string {
	const negative = value < 0n;
	const noZeros = { ...flags, zero: false };
	if (flags.precision === 0 && value === 0n) return pad('', noZeros);
	let digitsMin = flags.precision ?? 0;
	if (flags.precision === undefined && flags.zero && !flags.minus && flags.width !== undefined) {
		digitsMin = flags.width - (negative || flags.plus || flags.space ? 1 : 0);
	}
	let digits = (negative ? -value : value).toString(bases[verb]!).padStart(digitsMin, '0');
	if (verb === 'X') digits = digits.toUpperCase();
	if (flags.sharp) {
		if (verb === 'b') digits = `0b${digits}`;
		else if (verb === 'x' || verb === 'X') digits = `0${verb}${digits}`;
		else if ((verb === 'o' || verb === 'O') && digits[0] !== '0') digits = `0${digits}`;
	}
	if (verb === 'O') digits = `0o${digits}`;
	return pad(signOf(negative, flags) + digits, noZeros);
}

function signOf(negative: boolean, flags: Flags): string {
	if (negative) return '-';
	return flags.plus ? '+' : flags.space ? ' ' : '';
}

function charOf(value: bigint): string {
	const code = value >= 0n && value <= 0x10ffffn ? Number(value) : 0xfffd;
	return code >= 0xd800 && code <= 0xdfff ? '\ufffd' : String.fromCodePoint(code);
}

function unicodeText(value: bigint, flags: Flags): string {
	const digits = BigInt.asUintN(64, value).toString(16).toUpperCase();
	const text = `U+${digits.padStart(Math.max(4, flags.precision ?? 0), '0')}`;
	const shown = flags.sharp && value >= 0n && value <= 0x10ffffn && isPrintable(charOf(value));
	return pad(shown ? `${text} '${charOf(value)}'` : text, { ...flags, zero: false });
}

function isPrintable(char: string): boolean {
	return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char);
}

/** Big integers format themselves in Go, with rules of their own: `%s` prints digits, `%c` does not exist. */
function formatBigInt(value: bigint, verb: string, flags: Flags): string {
	const base = verb === 's' ? 10 : Object.hasOwn(bases, verb) ? bases[verb]! : undefined;
	if (base === undefined) return `%!${verb}(big.Int=${value})`;
	let digits = (value < 0n ? -value : value).toString(base);
	if (verb === 'X') digits = digits.toUpperCase();
	let prefix = '';
	if (flags.sharp) prefix = verb === 'b' ? '0b' : verb === 'o' ? '0' : verb === 'x' || verb === 'X' ? `0${verb}` : '';
	if (verb === 'O') prefix = '0o';
	const sign = signOf(value < 0n, flags);
	if (flags.precision !== undefined) {
		digits = digits.padStart(flags.precision, '0');
		if (flags.precision === 0 && value === 0n) return '';
	}
	const missing = Math.max(0, (flags.width ?? 0) - sign.length - prefix.length - digits.length);
	if (flags.minus) return sign + prefix + digits + ' '.repeat(missing);
	if (flags.zero && flags.precision === undefined) return sign + prefix + '0'.repeat(missing) + digits;
	return ' '.repeat(missing) + sign + prefix + digits;
}

function formatDouble(value: number, verb: string, flags: Flags): string | undefined {
	const text = doubleText(value, verb, flags);
	if (text === undefined) return undefined;
	const sign = signOf(value < 0 || Object.is(value, -0), flags);
	const missing = (flags.width ?? 0) - sign.length - text.length;
	if (sign !== '' && flags.zero && !flags.minus && missing > 0) return sign + '0'.repeat(missing) + text;
	return pad(sign + text, flags);
}

/** The magnitude of a double under `verb`; undefined for a verb that doubles do not have. */
function doubleText(value: number, verb: string, flags: Flags): string | undefined {
	switch (verb) {
		case 'e':
		case 'f':
			return sharpen(formatFloat(value, verb, flags.precision ?? 6), verb, flags);
		case 'F':
			return sharpen(formatFloat(value, 'f', flags.precision ?? 6), 'f', flags);
		case 'E':
			return sharpen(formatFloat(value, 'e', flags.precision ?? 6), 'e', flags).toUpperCase();
		case 'g':
			return sharpen(formatFloat(value, 'g', flags.precision ?? -1), 'g', flags);
		case 'G':
			return sharpen(formatFloat(value, 'g', flags.precision ?? -1), 'g', flags).toUpperCase();
		case 'b':
			return binaryText(Math.abs(value));
		case 'x':
			return hexadecimalText(Math.abs(value), flags.precision);
		case 'X':
			return hexadecimalText(Math.abs(value), flags.precision).toUpperCase();
		default:
			return undefined;
	}
}

/** `#` forces a decimal point, and for `g` keeps the zeros that fill the precision. */
function sharpen(text: string, format: 'e' | 'f' | 'g', flags: Flags): string {
	if (!flags.sharp) return text;
	const e = text.indexOf('e');
	let mantissa = e < 0 ? text : text.slice(0, e);
	if (!mantissa.includes('.')) mantissa += '.';
	if (format === 'g') {
		const digits = mantissa.replace('.', '').replace(/^0+/, '').length;
		mantissa += '0'.repeat(Math.max(0, (flags.precision ?? 6) - digits));
	}
	return e < 0 ? mantissa : mantissa + text.slice(e);
}

function binaryText(magnitude: number): string {
	const { mantissa, exponent } = parts(magnitude);
	return `${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`;
}

function hexadecimalText(magnitude: number, precision: number | undefined): string {
	let { mantissa, exponent } = parts(magnitude);
	if (mantissa === 0n) exponent = -52;
	// Bring the leading one to bit 52, so that `1.` comes before 13 hexadecimal digits.
	while (mantissa !== 0n && mantissa < 1n << 52n) {
		mantissa <<= 1n;
		exponent--;
	}
	let digits = 13;
	if (precision !== undefined && precision < 13) {
		const drop = BigInt(4 * (13 - precision));
		const half = 1n << (drop - 1n);
		const rest = mantissa & ((1n << drop) - 1n);
		mantissa >>= drop;
		if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa += 1n;
		digits = precision;
		if (mantissa >> BigInt(4 * digits) === 2n) {
			mantissa >>= 1n;
			exponent++;
		}
	}
	const whole = mantissa >> BigInt(4 * digits);
	let fraction = digits === 0 ? '' : (mantissa & ((1n << BigInt(4 * digits)) - 1n)).toString(16).padStart(digits, '0');
	fraction = precision === undefined ? fraction.replace(/0+$/, '') : fraction.padEnd(precision, '0');
	const power = exponent + 52;
	const size = Math.abs(power).toString().padStart(2, '0');
	return `0x${whole}${fraction === '' ? '' : `.${fraction}`}p${power < 0 ? '-' : '+'}${size}`;
}

function formatString(value: string, verb: string, flags: Flags): string | undefined {
	switch (verb) {
		case 's':
		case 'v':
			return pad(cut(value, flags), flags);
		case 'x':
			return hexOfText(value, flags, false);
		case 'X':
			return hexOfText(value, flags, true);
		case 'q':
			return pad(quoted(cut(value, flags), flags), flags);
		default:
			return undefined;
	}
}

function quoted(text: string, flags: Flags): string {
	// A text that fits between backquotes has neither a backquote nor a control character other than a tab.
	if (flags.sharp && !/[`\ufeff\0-\x08\x0a-\x1f\x7f]/.test(text)) return `\`${text}\``;
	return flags.plus ? quoteAscii(text) : quote(text);
}

function hexOfText(text: string, flags: Flags, upper: boolean): string {
	const bytes = utf8(text).slice(0, flags.precision);
	const prefix = flags.sharp ? (upper ? '0X' : '0x') : '';
	const pairs = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).map((pair) =>
		upper ? pair.toUpperCase() : pair,
	);
	if (pairs.length === 0) return pad('', flags);
	return pad(flags.space ? pairs.map((pair) => prefix + pair).join(' ') : prefix + pairs.join(''), flags);
}
