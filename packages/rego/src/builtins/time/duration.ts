import { BuiltinError } from '../builtin.ts';
import { utf8 } from '../utf8.ts';

/** Nanoseconds of each unit; both spellings of micro (µ and μ) are in use. */
const units: ReadonlyMap<string, bigint> = new Map([
	['ns', 1n],
	['us', 1_000n],
	['µs', 1_000n],
	['μs', 1_000n],
	['ms', 1_000_000n],
	['s', 1_000_000_000n],
	['m', 60_000_000_000n],
	['h', 3_600_000_000_000n],
]);

const int64Max = 2n ** 63n - 1n;

/**
 * Nanoseconds of a Go duration such as `1h30m`, `-1.5s` or `0`.
 *
 * @throws {BuiltinError} what is no duration, has no unit or an unknown one, or does not fit into 64 bits
 */
export function parseDuration(text: string): bigint {
	const invalid = (): BuiltinError => new BuiltinError(`time: invalid duration ${quoteTime(text)}`);
	const negative = text.startsWith('-');
	let rest = /^[-+]/.test(text) ? text.slice(1) : text;
	if (rest === '0') return 0n;
	if (rest === '') throw invalid();
	let total = 0n;
	while (rest !== '') {
		const number = /^([0-9]*)(?:\.([0-9]*))?/.exec(rest)!;
		const whole = number[1] ?? '';
		const decimals = number[2] ?? '';
		if (whole === '' && decimals === '') throw invalid();
		rest = rest.slice(number[0].length);
		if (isTooLong(whole)) throw invalid();
		const unit = /^[^.0-9]*/.exec(rest)![0];
		if (unit === '') throw new BuiltinError(`time: missing unit in duration ${quoteTime(text)}`);
		const scale = units.get(unit);
		if (scale === undefined) {
			throw new BuiltinError(`time: unknown unit ${quoteTime(unit)} in duration ${quoteTime(text)}`);
		}
		rest = rest.slice(unit.length);
		total += BigInt(whole === '' ? 0 : whole) * scale + fractionOf(decimals, scale);
		if (total > int64Max + 1n) throw invalid();
	}
	if (negative) return -total;
	if (total > int64Max) throw invalid();
	return total;
}

/** Go counts up to 2⁶³ before it looks at the unit. */
function isTooLong(digits: string): boolean {
	const significant = digits.replace(/^0+/, '');
	return significant.length > 19 || (significant.length === 19 && BigInt(significant) > int64Max + 1n);
}

/** Nanoseconds of the digits behind a point, worked out in doubles as Go does: `0.599999999999999999us` is 600. */
function fractionOf(decimals: string, scale: bigint): bigint {
	let digits = 0n;
	let divisor = 1;
	for (const digit of decimals) {
		const next = digits * 10n + BigInt(digit);
		if (digits > int64Max / 10n || next > int64Max + 1n) break;
		digits = next;
		divisor *= 10;
	}
	return BigInt(Math.trunc(Number(digits) * (Number(scale) / divisor)));
}

/** Quotes as Go's time package does: bytes beyond ASCII and control characters as `\x..`. */
export function quoteTime(text: string): string {
	let quoted = '';
	for (const char of text) {
		if (char === '"' || char === '\\') quoted += `\\${char}`;
		else if (char >= ' ' && char <= '~') quoted += char;
		else for (const byte of utf8(char)) quoted += `\\x${byte.toString(16).padStart(2, '0')}`;
	}
	return `"${quoted}"`;
}
