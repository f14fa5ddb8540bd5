import type { NumberValue } from './value.ts';

/**
 * A number that a JS number or bigint does not carry: more digits than a double keeps, or a source text that must
 * survive (`1.0`, `1e3`). Its value is `digits × 10^exponent`, exactly what the text says.
 */
export class Decimal {
	/** A Rego or JSON number literal. */
	readonly text: string;
	#parts: DecimalParts | undefined;

	/** @param text a well-formed number literal; use `parseNumber` for text of unknown form. */
	constructor(text: string) {
		this.text = text;
	}

	/** The exact value, without trailing zeros in `digits`. */
	get parts(): DecimalParts {
		this.#parts ??= partsOfText(this.text);
		return this.#parts;
	}

	toString(): string {
		return this.text;
	}
}

/** The value `digits × 10^exponent`; `digits` has no trailing decimal zero, and zero is `0 × 10^0`. */
export interface DecimalParts {
	readonly digits: bigint;
	readonly exponent: number;
}

const literal = /^-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;

/** Reads a Rego/JSON number literal exactly; undefined when `text` is not one. Integers come back as number or bigint. */
export function parseNumber(text: string): NumberValue | undefined {
	const match = literal.exec(text);
	if (match === null) return undefined;
	const double = Number(text);
	// `-0` prints as `0`, so it falls through to Decimal and keeps its text.
	if (String(double) === text) return double;
	const isWhole = match[1] === undefined && match[2] === undefined && text !== '-0';
	if (isWhole && text.length <= integerDigitsMax) return normalInteger(BigInt(text));
	return new Decimal(text);
}

/** The literal that denotes `n`: the source text where it was kept, otherwise the shortest one. */
export function numberText(n: NumberValue): string {
	if (typeof n === 'number') {
		const text = String(n);
		// Large integers print their digits, small fractions a two-digit exponent, as Go does.
		if (!text.includes('e')) return text;
		if (Number.isInteger(n)) return integerOfParts(partsOfText(text))!.toString();
		return text.replace(/e-(\d)$/, 'e-0$1');
	}
	return typeof n === 'bigint' ? n.toString() : n.text;
}

/** The exact value of any number. A double stands for the decimal text that JavaScript prints for it. */
export function partsOf(n: NumberValue): DecimalParts {
	if (typeof n === 'number') return partsOfText(String(n));
	return typeof n === 'bigint' ? normalParts(n, 0) : n.parts;
}

function partsOfText(text: string): DecimalParts {
	const e = text.search(/[eE]/);
	const mantissa = e < 0 ? text : text.slice(0, e);
	const dot = mantissa.indexOf('.');
	// Beyond 10^15 digits nothing can be told apart; clamping keeps the exponent an exact integer.
	const written = e < 0 ? 0 : Math.max(-1e15, Math.min(1e15, Number(text.slice(e + 1))));
	if (dot < 0) return normalParts(BigInt(mantissa), written);
	const fraction = mantissa.slice(dot + 1);
	return normalParts(BigInt(mantissa.slice(0, dot) + fraction), written - fraction.length);
}

function normalParts(digits: bigint, exponent: number): DecimalParts {
	if (digits === 0n) return { digits, exponent: 0 };
	if (digits % 10n !== 0n) return { digits, exponent };
	const text = digits.toString();
	let end = text.length;
	while (text.charCodeAt(end - 1) === 48) end--;
	return { digits: BigInt(text.slice(0, end)), exponent: exponent + text.length - end };
}

/** Longest integer, in decimal digits, that is written out; larger ones stay in exponent form and refuse arithmetic. */
export const integerDigitsMax = 20_000;

/** The number is too large or too small to compute with. */
export class NumberRangeError extends RangeError {
	override readonly name = 'NumberRangeError';
}

/** The integer these parts denote; undefined for a fraction. @throws {NumberRangeError} when it has too many digits. */
function integerOfParts({ digits, exponent }: DecimalParts): bigint | undefined {
	if (exponent < 0) return undefined;
	if (exponent > integerDigitsMax) throw new NumberRangeError('number is too large');
	return exponent === 0 ? digits : digits * 10n ** BigInt(exponent);
}

/** A bigint in its normal form: a JS number when it is within ±(2^53 − 1). */
export function normalInteger(n: bigint): number | bigint {
	return n >= -9007199254740991n && n <= 9007199254740991n ? Number(n) : n;
}

/**
 * The integer `n` denotes, whatever its form (`1.0` and `1e2` are integers); undefined for a fraction.
 * @throws {NumberRangeError} for an integer of more than `integerDigitsMax` digits in exponent form
 */
export function toInteger(n: NumberValue): number | bigint | undefined {
	if (typeof n === 'number') {
		if (Number.isSafeInteger(n)) return n === 0 ? 0 : n;
		if (!Number.isInteger(n)) return undefined;
	} else if (typeof n === 'bigint') {
		return normalInteger(n);
	}
	const integer = integerOfParts(partsOf(n));
	return integer === undefined ? undefined : normalInteger(integer);
}

/** Like `toInteger`, always as a bigint. */
export function toBigInt(n: NumberValue): bigint | undefined {
	const integer = toInteger(n);
	return typeof integer === 'number' ? BigInt(integer) : integer;
}

/** The nearest JS double, for interfaces that take one; `Infinity` beyond its range. */
export function toDouble(n: NumberValue): number {
	return typeof n === 'number' ? n : Number(typeof n === 'bigint' ? n : n.text);
}

/** Compares by value: negative, 0 or positive. */
export function compareNumbers(a: NumberValue, b: NumberValue): number {
	if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : 0;
	if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : a > b ? 1 : 0;
	return compareParts(partsOf(a), partsOf(b));
}

function compareParts(a: DecimalParts, b: DecimalParts): number {
	const signA = a.digits < 0n ? -1 : a.digits > 0n ? 1 : 0;
	const signB = b.digits < 0n ? -1 : b.digits > 0n ? 1 : 0;
	if (signA !== signB) return signA - signB;
	if (signA === 0) return 0;
	// Compare magnitudes by the position of the first digit before scaling, so that 1e999999999 costs nothing.
	const magnitude = digitCount(a.digits) + a.exponent - digitCount(b.digits) - b.exponent;
	if (magnitude !== 0) return magnitude > 0 ? signA : -signA;
	const shift = a.exponent - b.exponent;
	const x = shift > 0 ? a.digits * 10n ** BigInt(shift) : a.digits;
	const y = shift < 0 ? b.digits * 10n ** BigInt(-shift) : b.digits;
	return x < y ? -1 : x > y ? 1 : 0;
}

function digitCount(n: bigint): number {
	return n.toString().length - (n < 0n ? 1 : 0);
}

/** Whether two numbers have the same value. */
export function equalNumbers(a: NumberValue, b: NumberValue): boolean {
	return a === b || ((typeof a !== 'number' || typeof b !== 'number') && compareNumbers(a, b) === 0);
}

const keyDigitsMax = 400;
const bigKeyLimit: bigint = 10n ** BigInt(keyDigitsMax);

/**
 * One Map key for each numeric value: safe integers and doubles are their own key, larger integers a bigint,
 * anything else a text that starts with `\0#`.
 */
export function numberKey(n: NumberValue): number | bigint | string {
	if (typeof n === 'number') {
		return Number.isSafeInteger(n) || !Number.isInteger(n) ? n : integerOfParts(partsOf(n))!;
	}
	if (typeof n === 'bigint') {
		if (n < bigKeyLimit && n > -bigKeyLimit) return normalInteger(n);
		return partsKey(partsOf(n));
	}
	const { parts } = n;
	if (parts.exponent >= 0) {
		if (digitCount(parts.digits) + parts.exponent <= keyDigitsMax) return normalInteger(integerOfParts(parts)!);
		return partsKey(parts);
	}
	const double = Number(n.text);
	if (Number.isFinite(double) && !Number.isInteger(double) && compareParts(partsOf(double), parts) === 0) return double;
	return partsKey(parts);
}

function partsKey({ digits, exponent }: DecimalParts): string {
	return `\0#${digits}e${exponent}`;
}
