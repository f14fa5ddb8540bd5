import { TapPassError } from '../errors/error.ts';

const durationFactors: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const sizeFactors: Readonly<Record<string, number>> = {
	B: 1,
	KB: 1e3,
	MB: 1e6,
	GB: 1e9,
	KiB: 1_024,
	MiB: 1_048_576,
	GiB: 1_073_741_824,
};

/** `90s`, `15m`, `1h`, `250ms` → milliseconds. @throws {TapPassError} unit_invalid */
export function parseDuration(text: string): number {
	return parseUnit(text, durationFactors, 'a duration like 90s, 15m or 1h');
}

/** `64MiB`, `5KB` → bytes. @throws {TapPassError} unit_invalid */
export function parseSize(text: string): number {
	return parseUnit(text, sizeFactors, 'a size like 64MiB or 5KB');
}

function parseUnit(text: string, factors: Readonly<Record<string, number>>, expected: string): number {
	const [, digits, unit] = /^(\d{1,12})([A-Za-z]{1,3})$/.exec(text) ?? [];
	const factor = unit === undefined || !Object.hasOwn(factors, unit) ? undefined : factors[unit];
	const value = factor === undefined ? Number.NaN : Number(digits) * factor;
	if (!Number.isSafeInteger(value))
		throw new TapPassError('unit_invalid', {
			detail: `expected ${expected}, found ${JSON.stringify(text.slice(0, 40))}`,
		});
	return value;
}

const instantText = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

/**
 * Unix milliseconds of an instant in the one form of anything signed: RFC 3339, UTC, whole seconds, or undefined.
 * An offset, a fraction, a leap second or 24:00 would give one moment two texts.
 */
export function instantMs(text: string): number | undefined {
	if (!instantText.test(text)) return undefined;
	const date = new Date(text);
	// NaN for day 32; but 31 February is read as a day of March, and must not be.
	return date.getUTCDate() === Number(text.slice(8, 10)) ? date.getTime() : undefined;
}

/** The same, for a text that must be one. @throws {TapPassError} unit_invalid */
export function parseInstant(text: string): number {
	const ms = instantMs(text);
	if (ms === undefined)
		throw new TapPassError('unit_invalid', { detail: 'expected an instant like 2026-05-07T10:00:00Z' });
	return ms;
}

/** Unix milliseconds → RFC 3339, UTC, whole seconds (rounded down). */
export function instant(ms: number): string {
	return `${new Date(Math.floor(ms / 1_000) * 1_000).toISOString().slice(0, 19)}Z`;
}
