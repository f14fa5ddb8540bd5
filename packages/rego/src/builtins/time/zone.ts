import { BoundedCache } from '../bounded-cache.ts';
import { BuiltinError } from '../builtin.ts';
import { zoneCacheEntriesMax } from '../limits.ts';
import { floorDivide, secondsFromCivil } from './civil.ts';
import { unnamedZone } from './format.ts';

/** A time zone: what a wall clock there differs from UTC, at any moment. */
export interface Zone {
	/** Seconds east of UTC at `unixSeconds`. */
	readonly offset: (unixSeconds: bigint) => number;
	/** The abbreviation in use at `unixSeconds`, such as `CEST`. */
	readonly abbreviation: (unixSeconds: bigint) => string;
}

export const utc: Zone = { offset: () => 0, abbreviation: () => 'UTC' };

const zones = new BoundedCache<Zone>(zoneCacheEntriesMax);

/**
 * The zone of an IANA name such as `Europe/Amsterdam`. `UTC`, the empty name and `Local` are UTC: an evaluation has no
 * place of its own, or its result would depend on where it runs.
 *
 * @throws {BuiltinError} `unknown time zone …`
 */
export function zoneNamed(name: string): Zone {
	if (name === '' || name === 'UTC' || name === 'Local') return utc;
	return zones.get(name, () => loadZone(name));
}

function loadZone(name: string): Zone {
	const clock = formatter(name, { timeZone: name });
	const gmt = /^(?:Etc\/)?(?:GMT[+-]?0?|Greenwich)$/.test(name);
	const offset = (unixSeconds: bigint): number => wallClockOffset(clock, unixSeconds);
	return {
		offset,
		abbreviation: (unixSeconds) => (gmt ? 'GMT' : abbreviate(name, unixSeconds, offset(unixSeconds))),
	};
}

/** `Intl` takes offsets and any letter case for a zone, which the IANA names do not. */
function formatter(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
	const unknown = new BuiltinError(`unknown time zone ${name}`);
	if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name) || name === name.toLowerCase()) throw unknown;
	let made: Intl.DateTimeFormat;
	try {
		made = new Intl.DateTimeFormat('en-US', {
			hourCycle: 'h23',
			year: 'numeric',
			month: 'numeric',
			day: 'numeric',
			hour: 'numeric',
			minute: 'numeric',
			second: 'numeric',
			...options,
		});
	} catch {
		// `Intl` says only that it does not know the zone, which the error below says as well.
		throw unknown;
	}
	const { timeZone } = made.resolvedOptions();
	if (timeZone !== name && timeZone.toLowerCase() === name.toLowerCase()) throw unknown;
	return made;
}

function wallClockOffset(clock: Intl.DateTimeFormat, unixSeconds: bigint): number {
	const shown: Record<string, number> = {};
	for (const part of clock.formatToParts(Number(unixSeconds) * 1000)) shown[part.type] = Number(part.value);
	const wall = secondsFromCivil({
		year: shown['year']!,
		month: shown['month']!,
		day: shown['day']!,
		hour: shown['hour']!,
		minute: shown['minute']!,
		second: shown['second']!,
	});
	return Number(wall - unixSeconds);
}

/**
 * Abbreviations of the IANA database by the name that `Intl` has for the zone's rules. Zones that are not here have no
 * abbreviation of letters, so their offset stands for it (`+08`).
 */
const abbreviations: Readonly<Record<string, string>> = {
	'Alaska Daylight Time': 'AKDT',
	'Alaska Standard Time': 'AKST',
	'American Samoa Standard Time': 'SST',
	'Atlantic Daylight Time': 'ADT',
	'Atlantic Standard Time': 'AST',
	'Australian Central Daylight Time': 'ACDT',
	'Australian Central Standard Time': 'ACST',
	'Australian Eastern Daylight Time': 'AEDT',
	'Australian Eastern Standard Time': 'AEST',
	'Australian Western Standard Time': 'AWST',
	'British Summer Time': 'BST',
	'Central Africa Time': 'CAT',
	'Central Daylight Time': 'CDT',
	'Central European Standard Time': 'CET',
	'Central European Summer Time': 'CEST',
	'Central Standard Time': 'CST',
	'Chamorro Standard Time': 'ChST',
	'China Standard Time': 'CST',
	'Coordinated Universal Time': 'UTC',
	'Cuba Daylight Time': 'CDT',
	'Cuba Standard Time': 'CST',
	'East Africa Time': 'EAT',
	'Eastern Daylight Time': 'EDT',
	'Eastern European Standard Time': 'EET',
	'Eastern European Summer Time': 'EEST',
	'Eastern Indonesia Time': 'WIT',
	'Eastern Standard Time': 'EST',
	'Greenwich Mean Time': 'GMT',
	'Hawaii-Aleutian Daylight Time': 'HDT',
	'Hawaii-Aleutian Standard Time': 'HST',
	'Central Indonesia Time': 'WITA',
	'Hong Kong Standard Time': 'HKT',
	'India Standard Time': 'IST',
	'Irish Standard Time': 'IST',
	'Israel Daylight Time': 'IDT',
	'Israel Standard Time': 'IST',
	'Japan Standard Time': 'JST',
	'Korean Standard Time': 'KST',
	'Moscow Standard Time': 'MSK',
	'Mountain Daylight Time': 'MDT',
	'Mountain Standard Time': 'MST',
	'New Zealand Daylight Time': 'NZDT',
	'New Zealand Standard Time': 'NZST',
	'Newfoundland Daylight Time': 'NDT',
	'Newfoundland Standard Time': 'NST',
	'Pacific Daylight Time': 'PDT',
	'Pacific Standard Time': 'PST',
	'Pakistan Standard Time': 'PKT',
	'Philippine Standard Time': 'PST',
	'South Africa Standard Time': 'SAST',
	'West Africa Standard Time': 'WAT',
	'West Africa Time': 'WAT',
	'Western European Standard Time': 'WET',
	'Western European Summer Time': 'WEST',
	'Western Indonesia Time': 'WIB',
};

function abbreviate(name: string, unixSeconds: bigint, offset: number): string {
	const parts = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'long' }).formatToParts(
		Number(unixSeconds) * 1000,
	);
	const long = parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
	return Object.hasOwn(abbreviations, long) ? abbreviations[long]! : unnamedZone(offset);
}

/**
 * The moment at which a wall clock in `zone` shows `wallSeconds` (counted as if the clock stood at UTC). Where a clock
 * change makes it two moments or none, the same one as Go's `time.Date`.
 */
export function unixFromWall(wallSeconds: bigint, zone: Zone): bigint {
	const guess = zone.offset(wallSeconds);
	if (guess === 0) return wallSeconds;
	const moment = wallSeconds - BigInt(guess);
	const offset = zone.offset(moment);
	return offset === guess ? moment : wallSeconds - BigInt(offset);
}

/** Whole seconds since the epoch. */
export function unixSeconds(nanoseconds: bigint): bigint {
	return floorDivide(nanoseconds, 1_000_000_000n);
}
