import { Decimal, type DecimalParts, NumberRangeError, normalInteger, parseNumber, partsOf } from './number.ts';
import type { NumberValue } from './value.ts';

/**
 * Binary floating point with a 64-bit mantissa, rounded to nearest even: what OPA computes fractions with (Go's
 * `big.Float` at its default precision). The value is `sign × mantissa × 2^exponent`, with bit 63 of `mantissa` set
 * unless it is zero.
 */
export interface BinaryFloat {
	readonly mantissa: bigint;
	readonly exponent: number;
}

const precision = 64;
/** Powers of ten beyond this are refused: no policy needs them, and they cost memory. */
const decimalExponentMax = 20_000;

/** The nearest binary float to a decimal value. @throws {NumberRangeError} beyond 10^±20000 */
export function floatOf({ digits, exponent }: DecimalParts): BinaryFloat {
	if (exponent > decimalExponentMax || exponent < -2 * decimalExponentMax) {
		throw new NumberRangeError('number is out of range');
	}
	if (exponent >= 0) return roundInteger(digits * 10n ** BigInt(exponent), 0, false);
	return quotient(digits, 10n ** BigInt(-exponent), 0);
}

/** `a + b`, rounded. */
export function addFloats(a: BinaryFloat, b: BinaryFloat): BinaryFloat {
	if (a.mantissa === 0n) return b;
	if (b.mantissa === 0n) return a;
	const [high, low] = a.exponent >= b.exponent ? [a, b] : [b, a];
	const shift = high.exponent - low.exponent;
	return roundInteger((high.mantissa << BigInt(shift)) + low.mantissa, low.exponent, false);
}

/** `a × b`, rounded. */
export function multiplyFloats(a: BinaryFloat, b: BinaryFloat): BinaryFloat {
	return roundInteger(a.mantissa * b.mantissa, a.exponent + b.exponent, false);
}

/** `a ÷ b`, rounded; `b` is not zero. */
export function divideFloats(a: BinaryFloat, b: BinaryFloat): BinaryFloat {
	return quotient(a.mantissa, b.mantissa, a.exponent - b.exponent);
}

/** The shortest decimal that rounds back to `float`, written as Go's `Text('g', -1)`, or in full when it is an integer. */
export function numberOfFloat(float: BinaryFloat): NumberValue {
	if (float.mantissa === 0n) return 0;
	const double = shortDouble(float);
	if (double !== undefined) return double;
	const negative = float.mantissa < 0n;
	const magnitude = negative ? { mantissa: -float.mantissa, exponent: float.exponent } : float;
	const { digits, exponent } = shortest(magnitude);
	if (isInteger(float)) {
		const integer = digits * 10n ** BigInt(Math.max(0, exponent));
		return normalInteger(negative ? -integer : integer);
	}
	const text = (negative ? '-' : '') + generalText(digits.toString(), exponent);
	return parseNumber(text) ?? new Decimal(text);
}

/**
 * The double whose text is the shortest for this float too, when there is one and that text needs no exponent. A shorter
 * text than the double's would lie in the double's wider interval as well, and so few digits fit only once in this one.
 */
function shortDouble({ mantissa, exponent }: BinaryFloat): number | undefined {
	const double = Number(mantissa) * 2 ** exponent;
	const size = Math.abs(double);
	if (!(size >= 1e-4 && size < 1e6)) return undefined;
	const { digits, exponent: power } = partsOf(double);
	// |digits × 10^power − mantissa × 2^exponent| < 2^exponent / 2, without fractions: here power ≤ 5 and exponent < 0.
	const scale = 1n << BigInt(1 - exponent);
	const left = (power >= 0 ? digits * 10n ** BigInt(power) : digits) * scale;
	const unit = power >= 0 ? 1n : 10n ** BigInt(-power);
	const distance = left - mantissa * 2n * unit;
	return distance < unit && distance > -unit ? double : undefined;
}

function isInteger({ mantissa, exponent }: BinaryFloat): boolean {
	return exponent >= 0 || (exponent > -precision && (mantissa & ((1n << BigInt(-exponent)) - 1n)) === 0n);
}

function quotient(numerator: bigint, denominator: bigint, exponent: number): BinaryFloat {
	if (numerator === 0n) return { mantissa: 0n, exponent: 0 };
	const shift = Math.max(0, precision + 2 - bitLength(numerator) + bitLength(denominator));
	const scaled = numerator << BigInt(shift);
	return roundInteger(scaled / denominator, exponent - shift, scaled % denominator !== 0n);
}

/** Rounds `value × 2^exponent` to the precision; `inexact` says that a non-zero rest was cut off below `value`. */
function roundInteger(value: bigint, exponent: number, inexact: boolean): BinaryFloat {
	if (value === 0n) return { mantissa: 0n, exponent: 0 };
	const negative = value < 0n;
	const magnitude = negative ? -value : value;
	const excess = bitLength(magnitude) - precision;
	let mantissa: bigint;
	if (excess <= 0) {
		mantissa = magnitude << BigInt(-excess);
	} else {
		const cut = BigInt(excess);
		mantissa = magnitude >> cut;
		const rest = magnitude - (mantissa << cut);
		const half = 1n << (cut - 1n);
		if (rest > half || (rest === half && (inexact || (mantissa & 1n) === 1n))) mantissa += 1n;
	}
	const carried = mantissa >> BigInt(precision) !== 0n;
	if (carried) mantissa >>= 1n;
	return { mantissa: negative ? -mantissa : mantissa, exponent: exponent + excess + (carried ? 1 : 0) };
}

/** Most decimal digits that a 64-bit mantissa can need. */
const digitsMax = 21;

function shortest({ mantissa, exponent }: BinaryFloat): DecimalParts {
	const coarse = Math.floor((bitLength(mantissa) + exponent) * Math.LOG10E * Math.LN2) + 1;
	// What fits at one power of ten fits at every finer one, so the coarsest that fits can be searched for.
	let fits = coarse - digitsMax - 1;
	let tooCoarse = coarse + 1;
	let best = nearest(mantissa, exponent, fits)!;
	while (tooCoarse - fits > 1) {
		const middle = Math.floor((fits + tooCoarse) / 2);
		const found = nearest(mantissa, exponent, middle);
		if (found === undefined) {
			tooCoarse = middle;
		} else {
			fits = middle;
			best = found;
		}
	}
	return { digits: best, exponent: fits };
}

/** The multiple of `10^power` nearest to the float, if one rounds to it. */
function nearest(mantissa: bigint, exponent: number, power: number): bigint | undefined {
	// In half units of the last place, as fractions over one denominator: the interval that rounds to this float.
	const half = exponent - 1;
	const scale = half >= 0 ? 1n << BigInt(half) : 1n;
	const denominator = half >= 0 ? 1n : 1n << BigInt(-half);
	const unit = power >= 0 ? denominator * 10n ** BigInt(power) : denominator;
	const factor = scale * (power >= 0 ? 1n : 10n ** BigInt(-power));
	const value = (mantissa << 1n) * factor;
	const down = value / unit;
	const rest = value - down * unit;
	if (rest === 0n) return down;
	const inclusive = (mantissa & 1n) === 0n;
	const toUp = unit - rest;
	const downFits = down !== 0n && (rest < factor || (inclusive && rest === factor));
	const upFits = toUp < factor || (inclusive && toUp === factor);
	if (!downFits && !upFits) return undefined;
	const nearestIsUp = toUp < rest || (toUp === rest && (down & 1n) === 1n);
	return upFits && (!downFits || nearestIsUp) ? down + 1n : down;
}

/** Go's %g with shortest digits: plain from 1e-4 up to 1e6, an exponent of at least two digits elsewhere. */
function generalText(shortestDigits: string, power: number): string {
	const digits = shortestDigits.replace(/0+$/, '');
	const point = shortestDigits.length + power;
	const exponent = point - 1;
	if (exponent < -4 || exponent >= 6) {
		const size = Math.abs(exponent).toString().padStart(2, '0');
		const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
		return `${mantissa}e${exponent < 0 ? '-' : '+'}${size}`;
	}
	if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
	if (digits.length <= point) return digits.padEnd(point, '0');
	return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

function bitLength(n: bigint): number {
	const hex = (n < 0n ? -n : n).toString(16);
	return hex.length * 4 - Math.clz32(Number.parseInt(hex[0]!, 16)) + 28;
}
