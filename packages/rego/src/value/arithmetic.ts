import { addFloats, type BinaryFloat, divideFloats, floatOf, multiplyFloats, numberOfFloat } from './binary-float.ts';
import { integerDigitsMax, NumberRangeError, normalInteger, partsOf, toBigInt, toInteger } from './number.ts';
import type { NumberValue } from './value.ts';

/**
 * `a + b`: exact for integers of any size, otherwise rounded to a 64-bit mantissa as in OPA.
 * @throws {NumberRangeError} like every operation here, when an operand or the result is beyond about 10^±20000
 */
export function add(a: NumberValue, b: NumberValue): NumberValue {
	if (typeof a === 'number' && typeof b === 'number') {
		const sum = a + b;
		if (Number.isSafeInteger(a) && Number.isSafeInteger(b) && Number.isSafeInteger(sum)) return sum;
	}
	const x = toBigInt(a);
	const y = x === undefined ? undefined : toBigInt(b);
	if (x !== undefined && y !== undefined) return bounded(x + y);
	return numberOfFloat(addFloats(toFloat(a), toFloat(b)));
}

/** `a − b`; see `add`. */
export function subtract(a: NumberValue, b: NumberValue): NumberValue {
	if (typeof a === 'number' && typeof b === 'number') {
		const difference = a - b;
		if (Number.isSafeInteger(a) && Number.isSafeInteger(b) && Number.isSafeInteger(difference)) return difference;
	}
	const x = toBigInt(a);
	const y = x === undefined ? undefined : toBigInt(b);
	if (x !== undefined && y !== undefined) return bounded(x - y);
	const right = toFloat(b);
	return numberOfFloat(addFloats(toFloat(a), { mantissa: -right.mantissa, exponent: right.exponent }));
}

/** `a × b`; see `add`. */
export function multiply(a: NumberValue, b: NumberValue): NumberValue {
	if (typeof a === 'number' && typeof b === 'number') {
		const product = a * b;
		// Adding 0 turns −0 into 0: Rego integers have no sign on zero.
		if (Number.isSafeInteger(a) && Number.isSafeInteger(b) && Number.isSafeInteger(product)) return product + 0;
	}
	const x = toBigInt(a);
	const y = x === undefined ? undefined : toBigInt(b);
	if (x !== undefined && y !== undefined) return bounded(x * y);
	return numberOfFloat(multiplyFloats(toFloat(a), toFloat(b)));
}

/** `a ÷ b`, undefined when `b` is zero. Integers that do not divide evenly give a fraction. */
export function divide(a: NumberValue, b: NumberValue): NumberValue | undefined {
	if (typeof a === 'number' && typeof b === 'number' && Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
		if (b === 0) return undefined;
		if (a % b === 0) return a / b + 0;
	}
	const divisor = toFloat(b);
	if (divisor.mantissa === 0n) return undefined;
	return numberOfFloat(divideFloats(toFloat(a), divisor));
}

/** Why a remainder has no value. */
export type RemainderFault = 'zero divisor' | 'not an integer';

/** The remainder of integers, with the sign of `a`; the fault's name where there is none. */
export function remainder(a: NumberValue, b: NumberValue): NumberValue | RemainderFault {
	if (typeof a === 'number' && typeof b === 'number' && Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
		return b === 0 ? 'zero divisor' : (a % b) + 0;
	}
	const x = toBigInt(a);
	const y = toBigInt(b);
	if (x === undefined || y === undefined) return 'not an integer';
	return y === 0n ? 'zero divisor' : normalInteger(x % y);
}

/** `−n`, exact. */
export function negate(n: NumberValue): NumberValue {
	return subtract(0, n);
}

/** The magnitude of `n`. */
export function abs(n: NumberValue): NumberValue {
	const integer = toInteger(n);
	if (integer !== undefined) return integer < 0 ? normalInteger(-BigInt(integer)) : integer;
	const float = toFloat(n);
	return numberOfFloat(float.mantissa < 0n ? { mantissa: -float.mantissa, exponent: float.exponent } : float);
}

/** The nearest integer; halves go away from zero. */
export function round(n: NumberValue): NumberValue {
	return integerNear(n, (whole, rest, unit) =>
		rest * 2n >= unit ? whole + 1n : rest * -2n >= unit ? whole - 1n : whole,
	);
}

/** The smallest integer that is not less than `n`. */
export function ceil(n: NumberValue): NumberValue {
	return integerNear(n, (whole, rest) => (rest > 0n ? whole + 1n : whole));
}

/** The largest integer that is not greater than `n`. */
export function floor(n: NumberValue): NumberValue {
	return integerNear(n, (whole, rest) => (rest < 0n ? whole - 1n : whole));
}

/** `choose` sees `n` as `whole + rest/unit`, cut towards zero. */
function integerNear(n: NumberValue, choose: (whole: bigint, rest: bigint, unit: bigint) => bigint): NumberValue {
	const integer = toInteger(n);
	if (integer !== undefined) return integer;
	const { digits, exponent } = partsOf(n);
	if (exponent < -2 * integerDigitsMax) throw new NumberRangeError('number is out of range');
	const unit = 10n ** BigInt(-exponent);
	return normalInteger(choose(digits / unit, digits % unit, unit));
}

/** Floats of doubles met lately: policies compute with few of them, again and again. */
const floats: Map<number, BinaryFloat> = new Map();
const floatsMax = 1024;

function toFloat(n: NumberValue): BinaryFloat {
	if (typeof n !== 'number') return floatOf(partsOf(n));
	let float = floats.get(n);
	if (float === undefined) {
		float = floatOf(partsOf(n));
		if (floats.size >= floatsMax) floats.clear();
		floats.set(n, float);
	}
	return float;
}

const integerMax: bigint = 10n ** BigInt(2 * integerDigitsMax);

function bounded(n: bigint): NumberValue {
	if (n > integerMax || n < -integerMax) throw new NumberRangeError('number is too large');
	return normalInteger(n);
}
