/** Writing doubles as Go's `strconv.FormatFloat`: exact digits, ties to even, exponents of two digits and more. */

interface Digits {
	/** Significant decimal digits, without trailing zeros; empty for zero. */
	readonly digits: string;
	/** Where the point stands: the value is `0.digits × 10^point`. */
	readonly point: number;
}

/**
 * The magnitude of a finite double in one of Go's formats.
 *
 * @param precision digits after the point (`e`, `f`), significant digits (`g`), or -1 for the fewest that identify it
 */
export function formatFloat(value: number, format: 'e' | 'f' | 'g', precision: number): string {
	const magnitude = Math.abs(value);
	if (precision < 0) return write(shortest(magnitude), format, precision);
	const exact = exactDigits(magnitude);
	const count = format === 'e' ? precision + 1 : format === 'f' ? exact.point + precision : precision || 1;
	return write(roundTo(exact, count), format, format === 'g' ? precision || 1 : precision);
}

function write(value: Digits, format: 'e' | 'f' | 'g', precision: number): string {
	const { digits, point } = value;
	if (format === 'e') return exponentText(value, precision < 0 ? Math.max(digits.length - 1, 0) : precision);
	if (format === 'f') return fixedText(value, precision < 0 ? Math.max(digits.length - point, 0) : precision);
	let limit = precision;
	if (limit > digits.length && digits.length >= point) limit = digits.length;
	if (precision < 0) limit = 6;
	const exponent = point - 1;
	if (exponent < -4 || exponent >= limit) return exponentText(value, Math.max(digits.length - 1, 0));
	return fixedText(value, Math.max(digits.length - point, 0));
}

function fixedText({ digits, point }: Digits, places: number): string {
	const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
	if (places === 0) return whole;
	const fraction = point >= 0 ? digits.slice(point) : '0'.repeat(Math.min(-point, places)) + digits;
	return `${whole}.${fraction.slice(0, places).padEnd(places, '0')}`;
}

function exponentText({ digits, point }: Digits, places: number): string {
	const exponent = digits === '' ? 0 : point - 1;
	const mantissa = (digits[0] ?? '0') + (places > 0 ? `.${digits.slice(1).padEnd(places, '0')}` : '');
	return `${mantissa}e${exponent < 0 ? '-' : '+'}${Math.abs(exponent).toString().padStart(2, '0')}`;
}

function shortest(magnitude: number): Digits {
	if (magnitude === 0) return { digits: '', point: 0 };
	const [mantissa, exponent] = magnitude.toExponential().split('e') as [string, string];
	return { digits: mantissa.replace('.', ''), point: Number(exponent) + 1 };
}

/** All decimal digits of a double: it is a fraction over a power of two, so they end. */
function exactDigits(magnitude: number): Digits {
	if (magnitude === 0) return { digits: '', point: 0 };
	const { mantissa, exponent } = parts(magnitude);
	const scaled = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent);
	const text = scaled.toString();
	return { digits: text.replace(/0+$/, ''), point: text.length + Math.min(exponent, 0) };
}

function roundTo({ digits, point }: Digits, count: number): Digits {
	if (count >= digits.length) return { digits, point };
	if (count < 0) return { digits: '', point: 0 };
	const kept = digits.slice(0, count);
	const rest = digits.slice(count);
	// `rest` has no trailing zeros, so a lone 5 is exactly half: then the last digit kept becomes even.
	const up = rest === '5' ? count > 0 && Number(kept[count - 1]) % 2 === 1 : rest >= '5';
	if (!up) return { digits: kept.replace(/0+$/, ''), point };
	const increased = (BigInt(kept || '0') + 1n).toString();
	return { digits: increased.replace(/0+$/, ''), point: point + increased.padStart(count, '0').length - count };
}

/** A double as `mantissa × 2^exponent`, the mantissa an integer of 53 bits (fewer for subnormals). */
export function parts(magnitude: number): { readonly mantissa: bigint; readonly exponent: number } {
	const view = new DataView(new ArrayBuffer(8));
	view.setFloat64(0, magnitude);
	const bits = view.getBigUint64(0);
	const biased = Number((bits >> 52n) & 0x7ffn);
	const fraction = bits & 0xfffffffffffffn;
	return biased === 0
		? { mantissa: fraction, exponent: -1074 }
		: { mantissa: fraction | 0x10000000000000n, exponent: biased - 1075 };
}
