import { named, number, string } from '../types/type.ts';
import { floatOf } from '../value/binary-float.ts';
import { type NumberValue, normalInteger, parseNumber } from '../value/index.ts';
import { type Builtin, BuiltinError, BuiltinLimitError } from './builtin.ts';
import { define } from './declare.ts';
import { stringOperand } from './operands.ts';

/** `units.parse` and `units.parse_bytes`. */
export const unitBuiltins: readonly Builtin[] = [
	define(
		'units.parse',
		'The number that a text such as `10G`, `1.5Ki` or `300m` stands for. `m` is milli and `M` mega; other units may be in either case.',
		[named('x', string, 'the unit to parse')],
		named('y', number, 'the parsed number'),
		(args) => parseUnits(stringOperand(args, 1)),
	),
	define(
		'units.parse_bytes',
		'The integer number of bytes that a text such as `10GB`, `5K` or `4mib` stands for.',
		[named('x', string, 'the byte unit to parse')],
		named('y', number, 'the parsed number'),
		(args) => parseBytes(stringOperand(args, 1)),
	),
];

const prefixes = ['k', 'm', 'g', 't', 'p', 'e'];

/** Decimal (`k`) and binary (`ki`) multiples. */
const multiples: ReadonlyMap<string, bigint> = new Map(
	prefixes.flatMap((prefix, i) => [
		[prefix, 1000n ** BigInt(i + 1)] as const,
		[`${prefix}i`, 1024n ** BigInt(i + 1)] as const,
	]),
);

/** A rational number; the denominator is positive. */
interface Fraction {
	readonly numerator: bigint;
	readonly denominator: bigint;
}

function parseUnits(input: string): NumberValue {
	const text = input.replaceAll('"', '');
	if (text.includes(' ')) throw new BuiltinError('units.parse: spaces not allowed in resource strings');
	const parts = splitUnit(text);
	if (parts === undefined) throw new BuiltinError('units.parse: exponent too large');
	if (parts.amount === '') throw new BuiltinError('units.parse: no amount provided');
	// Only the letters after the first are made lower case, so that `m` and `M` stay apart.
	const unit = parts.unit.slice(0, 1) + parts.unit.slice(1).toLowerCase();
	const { numerator, denominator } = unitFactor(unit);
	const amount = fractionOf(parts.amount);
	if (amount === undefined) throw new BuiltinError('units.parse: could not parse amount to a number');
	return decimal({ numerator: amount.numerator * numerator, denominator: amount.denominator * denominator });
}

/** The double nearest 0.001, as a fraction: OPA multiplies by it, and ten decimal places hide the difference. */
const milli: Fraction = { numerator: 1152921504606847n, denominator: 1n << 60n };

function unitFactor(unit: string): Fraction {
	if (unit === '') return { numerator: 1n, denominator: 1n };
	if (unit === 'm') return milli;
	const multiple = multiples.get(unit.toLowerCase());
	if (multiple === undefined) throw new BuiltinError(`units.parse: unit ${unit} not recognized`);
	return { numerator: multiple, denominator: 1n };
}

/** An integer as such, anything else with ten decimal places, halves rounded away from zero. */
function decimal({ numerator, denominator }: Fraction): NumberValue {
	if (numerator % denominator === 0n) return normalInteger(numerator / denominator);
	const scaled = numerator * 10_000_000_000n * 2n;
	const sign = numerator < 0n ? '-' : '';
	const rounded = ((scaled < 0n ? -scaled : scaled) / denominator + 1n) / 2n;
	const digits = rounded.toString().padStart(11, '0');
	return parseNumber(`${sign}${digits.slice(0, -10)}.${digits.slice(-10)}`)!;
}

function parseBytes(input: string): NumberValue {
	const text = input.toLowerCase().replaceAll('"', '');
	if (text.includes(' ')) throw new BuiltinError('units.parse_bytes: spaces not allowed in resource strings');
	const parts = splitUnit(text);
	if (parts === undefined) throw new BuiltinError('units.parse_bytes: exponent too large');
	if (parts.amount === '') throw new BuiltinError('units.parse_bytes: no byte amount provided');
	const multiple = byteMultiple(parts.unit);
	if (multiple === undefined) throw new BuiltinError(`units.parse_bytes: byte unit ${parts.unit} not recognized`);
	const amount = decimalParts(parts.amount);
	if (amount === undefined) throw new BuiltinError('units.parse_bytes: could not parse byte amount to a number');
	return wholeBytes(amount, multiple);
}

function byteMultiple(unit: string): bigint | undefined {
	if (unit === '') return 1n;
	return multiples.get(unit.endsWith('b') ? unit.slice(0, -1) : unit);
}

/** OPA rounds the amount and the product to 64 bits, then cuts the fraction. */
function wholeBytes(amount: { digits: bigint; exponent: number }, multiple: bigint): NumberValue {
	const float = floatOf(amount);
	const product = floatOf({ digits: float.mantissa * multiple, exponent: 0 });
	const shift = BigInt(product.exponent + float.exponent);
	const magnitude = product.mantissa < 0n ? -product.mantissa : product.mantissa;
	const cut = shift >= 0n ? magnitude << shift : magnitude >> -shift;
	return normalInteger(product.mantissa < 0n ? -cut : cut);
}

/** Longest exponent, in digits. */
const exponentDigitsMax = 6;

/** Splits `1.5e3kb` into its number and its unit; undefined when the exponent has too many digits. */
function splitUnit(text: string): { readonly amount: string; readonly unit: string } | undefined {
	for (let i = 0; i < text.length; i++) {
		const char = text[i]!;
		if (!/[0-9.eE+-]/.test(char)) return { amount: text.slice(0, i), unit: text.slice(i) };
		if (char !== 'e' && char !== 'E') continue;
		const exponent = /^[+-]?([0-9]*)/.exec(text.slice(i + 1))!;
		// An `e` that no exponent follows is the unit "exa".
		if (exponent[0] === '') return { amount: text.slice(0, i), unit: text.slice(i) };
		if (exponent[1]!.length > exponentDigitsMax) return undefined;
		if (exponent[0].startsWith('+') || exponent[0].startsWith('-')) i++;
	}
	return { amount: text, unit: '' };
}

/** Most digits of an amount that is computed with. */
const digitsMax = 40_000;

/** A number with an optional sign, point and exponent, as Go reads it: `.5`, `5.` and `+5` too. */
function decimalParts(text: string): { digits: bigint; exponent: number } | undefined {
	const match = /^([+-]?)(?=\.?[0-9])([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?$/.exec(text);
	if (match === null) return undefined;
	const [, sign, whole = '', fraction = '', exponent = '0'] = match;
	if (whole.length + fraction.length > digitsMax) throw new BuiltinLimitError('number has too many digits');
	const digits = BigInt(whole + fraction);
	return { digits: sign === '-' ? -digits : digits, exponent: Number(exponent) - fraction.length };
}

/** Beyond this many powers of ten the result would only exhaust memory. */
const exponentMax = 20_000;

function fractionOf(text: string): Fraction | undefined {
	const parts = decimalParts(text);
	if (parts === undefined) return undefined;
	const { digits, exponent } = parts;
	if (Math.abs(exponent) > exponentMax) throw new BuiltinLimitError('exponent too large');
	if (exponent >= 0) return { numerator: digits * 10n ** BigInt(exponent), denominator: 1n };
	return { numerator: digits, denominator: 10n ** BigInt(-exponent) };
}
