/** A date and time of day as a clock on the wall shows them, in the proleptic Gregorian calendar. */
export interface Civil {
	readonly year: number;
	/** 1–12 */
	readonly month: number;
	/** 1–31 */
	readonly day: number;
	readonly hour: number;
	readonly minute: number;
	readonly second: number;
	readonly nanosecond: number;
}

export const nanosecondsPerSecond = 1_000_000_000n;
const secondsPerDay = 86_400n;

/** Days from 1970-01-01 to a date; months and days beyond their range carry over, as in Go's `time.Date`. */
export function daysFromCivil(year: bigint, month: bigint, day: bigint): bigint {
	const months = year * 12n + (month - 1n);
	const wholeYear = floorDivide(months, 12n);
	const monthIndex = months - wholeYear * 12n;
	// Years that start in March have the leap day at their end, so month lengths follow one formula.
	const shifted = monthIndex >= 2n ? wholeYear : wholeYear - 1n;
	const era = floorDivide(shifted, 400n);
	const yearOfEra = shifted - era * 400n;
	const monthFromMarch = (monthIndex + 10n) % 12n;
	const dayOfYear = (153n * monthFromMarch + 2n) / 5n + day - 1n;
	return era * 146_097n + yearOfEra * 365n + yearOfEra / 4n - yearOfEra / 100n + dayOfYear - 719_468n;
}

/** Seconds since the epoch of a wall clock that stands at UTC. */
export function secondsFromCivil(civil: Omit<Civil, 'nanosecond'>): bigint {
	const days = daysFromCivil(BigInt(civil.year), BigInt(civil.month), BigInt(civil.day));
	return days * secondsPerDay + BigInt(civil.hour * 3600 + civil.minute * 60 + civil.second);
}

/** What a wall clock at UTC shows `nanoseconds` after the epoch. */
export function civilFromNanoseconds(nanoseconds: bigint): Civil {
	const seconds = floorDivide(nanoseconds, nanosecondsPerSecond);
	const days = floorDivide(seconds, secondsPerDay);
	const secondOfDay = Number(seconds - days * secondsPerDay);
	const z = Number(days) + 719_468;
	const era = Math.floor(z / 146_097);
	const dayOfEra = z - era * 146_097;
	const yearOfEra = Math.floor(
		(dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
	);
	const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
	const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
	const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
	return {
		year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
		month,
		day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
		hour: Math.floor(secondOfDay / 3600),
		minute: Math.floor(secondOfDay / 60) % 60,
		second: secondOfDay % 60,
		nanosecond: Number(nanoseconds - seconds * nanosecondsPerSecond),
	};
}

/** 0 is Sunday. */
export function weekdayOf(civil: Civil): number {
	const days = daysFromCivil(BigInt(civil.year), BigInt(civil.month), BigInt(civil.day));
	return Number((((days + 4n) % 7n) + 7n) % 7n);
}

/** 1–366 */
export function dayOfYear(civil: Civil): number {
	const year = BigInt(civil.year);
	return Number(daysFromCivil(year, BigInt(civil.month), BigInt(civil.day)) - daysFromCivil(year, 1n, 1n)) + 1;
}

export function isLeap(year: number): boolean {
	return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** How many days a month (1–12) has. */
export function daysIn(month: number, year: number): number {
	if (month === 2) return isLeap(year) ? 29 : 28;
	return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

export function floorDivide(dividend: bigint, divisor: bigint): bigint {
	const quotient = dividend / divisor;
	return dividend % divisor < 0n ? quotient - 1n : quotient;
}
