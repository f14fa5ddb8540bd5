import type { NumberValue } from './value.ts';

/**
 * A number that a JS number or bigint does not carry: more digits than a double keeps, or a source text that must
 * survive (`1.0`, `1e3`). Its value is `digits × 10^exponent`, exactly what the text says.
 */
export class Decimal {
	/** A Rego or JSON number literal. */
	readonly text: string;
	#parts: DecimalParts | undefined;
	#digits: Digits | undefined;

	/** @param text a well-formed number literal; use `parseNumber` for text of unknown form. */
	constructor(text: string) {
		this.text = text;
	}

	/** The exact value, without trailing zeros in `digits`. */
	get parts(): DecimalParts {
		this.#parts ??= partsOfText(this.text);
		return this.#parts;
	}

	/** The exact value, without making a number of its digits: an input may have millions of them. */
	get digits(): Digits {
		this.#digits ??= digitsOfText(this.text);
		return this.#digits;
	}

	toString(): string {
		return this.text;
	}
}

/** The value `±0.<digits> × 10^point`; `digits` begins and ends with no zero, and is empty for zero. */
interface Digits {
	readonly negative: boolean;
	readonly digits: string;
	readonly point: number;
}

function digitsOf(n: NumberValue): Digits {
	checkFinite(n);
	return n instanceof Decimal ? n.digits : digitsOfText(String(n));
}

function digitsOfText(text: string): Digits {
	const negative = text.startsWith('-');
	const { mantissa, exponent } = mantissaOf(text);
	const unsigned = negative ? mantissa.slice(1) : mantissa;
	const dot = unsigned.indexOf('.');
	const all = dot < 0 ? unsigned : unsigned.slice(0, dot) + unsigned.slice(dot + 1);
	let start = 0;
	let end = all.length;
	while (start < end && all.charCodeAt(start) === 48) start++;
	while (end > start && all.charCodeAt(end - 1) === 48) end--;
	if (start === end) return { negative: false, digits: '', point: 0 };
	return { negative, digits: all.slice(start, end), point: exponent + (dot < 0 ? all.length : dot) - start };
}

/** Beyond 10^15 digits nothing can be told apart; clamping keeps the exponent an exact integer. */
const exponentMax = 1e15;

function mantissaOf(text: string): { readonly mantissa: string; readonly exponent: number } {
	const e = text.search(/[eE]/);
	if (e < 0) return { mantissa: text, exponent: 0 };
	const exponent = Math.max(-exponentMax, Math.min(exponentMax, Number(text.slice(e + 1))));
	return { mantissa: text.slice(0, e), exponent };
}

/** A host may hand in what JSON cannot hold: `JSON.parse` makes infinity of `1e400`. Nothing is judged by such a number. */
function checkFinite(n: NumberValue): void {
	if (typeof n === 'number' && !Number.isFinite(n)) throw new NumberRangeError(`${n} is no number`);
}

/** Whether a number is an integer, in whatever form. */
export function isInteger(n: NumberValue): boolean {
	if (typeof n === 'number') return Number.isInteger(n);
	if (typeof n === 'bigint') return true;
	return n.digits.digits.length <= n.digits.point || n.digits.digits === '';
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
	if (isWhole && text.length <= integerReadMax) return normalInteger(BigInt(text));
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

/**
 * The exact value of any number. A double stands for the decimal text that JavaScript prints for it.
 *
 * @throws {NumberRangeError} for a text of more digits than are computed with
 */
export function partsOf(n: NumberValue): DecimalParts {
	checkFinite(n);
	if (typeof n === 'number') return partsOfText(String(n));
	return typeof n === 'bigint' ? normalParts(n, 0) : n.parts;
}

function partsOfText(text: string): DecimalParts {
	const { mantissa, exponent: written } = mantissaOf(text);
	if (mantissa.length > 2 * integerDigitsMax) throw new NumberRangeError('number has too many digits');
	const dot = mantissa.indexOf('.');
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

/** Longest integer, in characters, that is read into a bigint at once; longer ones keep their text until computed with. */
const integerReadMax = 400;

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
	} else if (!isInteger(n)) {
		return undefined;
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

/** Compares by value: negative, 0 or positive. @throws {NumberRangeError} for what is no number */
export function compareDoubles(a: number, b: number): number {
	if (a < b) return -1;
	if (a > b) return 1;
	if (a !== b) throw new NumberRangeError('NaN is no number');
	return 0;
}

/** Compares by value: negative, 0 or positive. */
export function compareNumbers(a: NumberValue, b: NumberValue): number {
	if (typeof a === 'number' && typeof b === 'number') return compareDoubles(a, b);
	// JavaScript compares integers of both kinds exactly, as long as the double is one that stands for itself.
	if (isPlainInteger(a) && isPlainInteger(b)) return a < b ? -1 : a > b ? 1 : 0;
	return compareDigits(digitsOf(a), digitsOf(b));
}

function isPlainInteger(n: NumberValue): n is number | bigint {
	return typeof n === 'bigint' || (typeof n === 'number' && Number.isSafeInteger(n));
}

function compareDigits(a: Digits, b: Digits): number {
	const [signA, signB] = [signOf(a), signOf(b)];
	if (signA !== signB) return signA - signB;
	// Without zeros at either end, digits behind the point are in the order of their texts.
	if (a.point !== b.point && signA !== 0) return a.point > b.point ? signA : -signA;
	if (a.digits === b.digits) return 0;
	return a.digits > b.digits ? signA : -signA;
}

function signOf({ negative, digits }: Digits): number {
	return digits === '' ? 0 : negative ? -1 : 1;
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
	if (typeof n === 'bigint' && n < bigKeyLimit && n > -bigKeyLimit) return normalInteger(n);
	const value = digitsOf(n);
	if (value.digits.length <= value.point || value.digits === '') {
		if (value.point > keyDigitsMax) return digitsKey(value);
		return normalInteger(BigInt(`${value.negative ? '-' : ''}${value.digits.padEnd(value.point, '0') || '0'}`));
	}
	const double = Number(String(n));
	if (Number.isFinite(double) && !Number.isInteger(double) && compareDigits(digitsOf(double), value) === 0) {
		return double;
	}
	return digitsKey(value);
}

function digitsKey({ negative, digits, point }: Digits): string {
	return `\0#${negative ? '-' : ''}${digits}e${point - digits.length}`;
}
