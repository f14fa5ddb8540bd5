import { BuiltinError } from '../builtin.ts';
import { daysIn, isLeap, nanosecondsPerSecond, secondsFromCivil } from './civil.ts';
import { quoteTime } from './duration.ts';
import { type Chunk, monthNames, splitLayout, weekdayNames } from './layout.ts';

/**
 * Reads a time as Go's `time.Parse` does; without a zone in the text it is UTC. The result is nanoseconds since the
 * epoch, of any size.
 *
 * @throws {BuiltinError} with Go's text: `parsing time "…" as "…": cannot parse "…" as "…"`
 */
export function parseTime(layout: string, text: string): bigint {
	const fields: Fields = { year: 0, month: -1, day: -1, yearDay: -1, hour: 0, minute: 0, second: 0, nanosecond: 0 };
	const input: Input = { layout, text, rest: text };
	const chunks = splitLayout(layout);
	for (const [index, chunk] of chunks.entries()) readChunk(chunk, chunks[index + 1], input, fields);
	if (input.rest !== '') throw misread(input, `: extra text: ${quoteTime(input.rest)}`);
	return resolve(fields, input);
}

interface Fields {
	year: number;
	month: number;
	day: number;
	yearDay: number;
	hour: number;
	minute: number;
	second: number;
	nanosecond: number;
	noon?: 'am' | 'pm';
	offsetSeconds?: number;
}

interface Input {
	readonly layout: string;
	readonly text: string;
	/** What is not read yet. */
	rest: string;
}

function misread(input: Input, problem: string): BuiltinError {
	return new BuiltinError(`parsing time ${quoteTime(input.text)}${problem}`);
}

/** A value that does not have the form its element asks for. */
class Mismatch extends Error {}

/** A value of the right form that no clock shows. */
class OutOfRange extends Error {}

function readChunk(chunk: Chunk, next: Chunk | undefined, input: Input, fields: Fields): void {
	const held = input.rest;
	try {
		if (chunk.kind === 'text') skipText(chunk.text, input);
		else readElement(chunk, next, input, fields);
	} catch (error) {
		if (error instanceof OutOfRange) throw misread(input, `: ${error.message} out of range`);
		if (!(error instanceof Mismatch)) throw error;
		const found = chunk.kind === 'text' ? input.rest : held;
		throw misread(
			input,
			` as ${quoteTime(input.layout)}: cannot parse ${quoteTime(found)} as ${quoteTime(chunk.text)}`,
		);
	}
}

/** Reads plain text of a layout, where any run of spaces stands for any other. */
function skipText(text: string, input: Input): void {
	let wanted = text;
	while (wanted !== '') {
		if (wanted.startsWith(' ')) {
			if (input.rest !== '' && !input.rest.startsWith(' ')) throw new Mismatch();
			wanted = wanted.replace(/^ +/, '');
			input.rest = input.rest.replace(/^ +/, '');
			continue;
		}
		if (input.rest[0] !== wanted[0]) throw new Mismatch();
		wanted = wanted.slice(1);
		input.rest = input.rest.slice(1);
	}
}

function readElement(
	chunk: Exclude<Chunk, { kind: 'text' }>,
	next: Chunk | undefined,
	input: Input,
	fields: Fields,
): void {
	switch (chunk.kind) {
		case 'longYear':
			fields.year = Number(take(input, /^[0-9]{4}/));
			return;
		case 'year': {
			const year = Number(take(input, /^[0-9]{2}/));
			fields.year = year >= 69 ? 1900 + year : 2000 + year;
			return;
		}
		case 'month':
			fields.month = lookUp(input, monthNames, 3) + 1;
			return;
		case 'longMonth':
			fields.month = lookUp(input, monthNames) + 1;
			return;
		case 'numMonth':
		case 'zeroMonth':
			fields.month = number(input, chunk.kind === 'zeroMonth');
			check(fields.month >= 1 && fields.month <= 12, 'month');
			return;
		case 'weekday':
			lookUp(input, weekdayNames, 3);
			return;
		case 'longWeekday':
			lookUp(input, weekdayNames);
			return;
		case 'day':
		case 'underDay':
		case 'zeroDay':
			if (chunk.kind === 'underDay' && input.rest.startsWith(' ')) input.rest = input.rest.slice(1);
			// Whether the month has that day is known at the end only.
			fields.day = number(input, chunk.kind === 'zeroDay');
			return;
		case 'underYearDay':
			input.rest = input.rest.replace(/^ {1,2}/, '');
			fields.yearDay = Number(take(input, /^[0-9]{1,3}/));
			return;
		case 'zeroYearDay':
			fields.yearDay = Number(take(input, /^[0-9]{3}/));
			return;
		case 'hour':
			fields.hour = number(input, false);
			check(fields.hour < 24, 'hour');
			return;
		case 'hour12':
		case 'zeroHour12':
			fields.hour = number(input, chunk.kind === 'zeroHour12');
			check(fields.hour <= 12, 'hour');
			return;
		case 'minute':
		case 'zeroMinute':
			fields.minute = number(input, chunk.kind === 'zeroMinute');
			check(fields.minute < 60, 'minute');
			return;
		case 'second':
		case 'zeroSecond':
			fields.second = number(input, chunk.kind === 'zeroSecond');
			check(fields.second < 60, 'second');
			// A fraction may follow the seconds even where the layout has none.
			if (next?.kind !== 'fraction') fields.nanosecond = optionalFraction(input) ?? fields.nanosecond;
			return;
		case 'fraction':
			if (chunk.trimmed) fields.nanosecond = optionalFraction(input) ?? fields.nanosecond;
			else fields.nanosecond = nanoseconds(takeFraction(input, chunk.digits));
			return;
		case 'upperNoon':
			fields.noon = take(input, /^(?:AM|PM)/) === 'PM' ? 'pm' : 'am';
			return;
		case 'lowerNoon':
			fields.noon = take(input, /^(?:am|pm)/) === 'pm' ? 'pm' : 'am';
			return;
		case 'zone':
			fields.offsetSeconds = zoneOffset(input, chunk.text);
			return;
		case 'zoneName':
			fields.offsetSeconds = namedOffset(input);
			return;
	}
}

function take(input: Input, form: RegExp): string {
	const found = form.exec(input.rest);
	if (found === null) throw new Mismatch();
	input.rest = input.rest.slice(found[0].length);
	return found[0];
}

/** A point or comma and so many digits. */
function takeFraction(input: Input, digits: number): string {
	const found = /^[.,][0-9]+/.exec(input.rest)?.[0].slice(0, digits + 1);
	if (found?.length !== digits + 1) throw new Mismatch();
	input.rest = input.rest.slice(found.length);
	return found;
}

/** One or two digits; exactly two when `fixed`. */
function number(input: Input, fixed: boolean): number {
	return Number(take(input, fixed ? /^[0-9]{2}/ : /^[0-9]{1,2}/));
}

function check(fits: boolean, what: string): void {
	if (!fits) throw new OutOfRange(what);
}

function lookUp(input: Input, names: readonly string[], length?: number): number {
	for (const [index, name] of names.entries()) {
		const wanted = name.slice(0, length);
		if (input.rest.slice(0, wanted.length).toLowerCase() !== wanted.toLowerCase()) continue;
		input.rest = input.rest.slice(wanted.length);
		return index;
	}
	throw new Mismatch();
}

function optionalFraction(input: Input): number | undefined {
	const found = /^[.,][0-9]+/.exec(input.rest);
	if (found === null) return undefined;
	input.rest = input.rest.slice(found[0].length);
	return nanoseconds(found[0]);
}

/** Digits beyond the ninth are dropped. */
function nanoseconds(fraction: string): number {
	return Number(fraction.slice(1, 10).padEnd(9, '0'));
}

function zoneOffset(input: Input, element: string): number {
	if (element.startsWith('Z') && input.rest.startsWith('Z')) {
		input.rest = input.rest.slice(1);
		return 0;
	}
	const separator = element.includes(':') ? ':' : '';
	const shown = element.length === 3 ? 1 : element.length <= 6 ? 2 : 3;
	const text = take(input, new RegExp(`^.${Array(shown).fill('[0-9]{2}').join(separator)}`));
	const [hours = 0, minutes = 0, seconds = 0] = (text.slice(1).match(/[0-9]{2}/g) ?? []).map(Number);
	check(hours <= 24, 'time zone offset hour');
	check(minutes <= 60, 'time zone offset minute');
	check(seconds <= 60, 'time zone offset second');
	const offset = (hours * 60 + minutes) * 60 + seconds;
	if (text[0] === '+') return offset;
	if (text[0] === '-') return -offset;
	throw new Mismatch();
}

/**
 * The offset of an abbreviation. Only UTC has a known one: others, such as `CET`, count as zero, as they do in a Go
 * program whose own zone is UTC; `GMT+3` and signed hours say theirs.
 */
function namedOffset(input: Input): number {
	const { rest } = input;
	if (rest.startsWith('UTC')) {
		input.rest = rest.slice(3);
		return 0;
	}
	const signed = /^(?:GMT)?([-+][0-9]+)/.exec(rest);
	if (signed !== null && Math.abs(Number(signed[1])) <= 23) {
		input.rest = rest.slice(signed[0].length);
		return rest.startsWith('GMT') ? Number(signed[1]) * 3600 : 0;
	}
	const name = /^(?:ChST|MeST|GMT)/.exec(rest)?.[0] ?? upperCaseName(rest);
	input.rest = rest.slice(name.length);
	return 0;
}

/** Three letters, four that end in T (or `WITA`), or five that end in T. */
function upperCaseName(rest: string): string {
	const letters = /^[A-Z]{0,6}/.exec(rest)![0];
	const known =
		letters.length === 3 ||
		(letters.length === 4 && (letters.endsWith('T') || letters === 'WITA')) ||
		(letters.length === 5 && letters.endsWith('T'));
	if (!known) throw new Mismatch();
	return letters;
}

function resolve(fields: Fields, input: Input): bigint {
	let { hour } = fields;
	if (fields.noon === 'pm' && hour < 12) hour += 12;
	if (fields.noon === 'am' && hour === 12) hour = 0;
	const { month, day } = monthAndDay(fields, input);
	const seconds = secondsFromCivil({
		year: fields.year,
		month,
		day,
		hour,
		minute: fields.minute,
		second: fields.second,
	});
	return (seconds - BigInt(fields.offsetSeconds ?? 0)) * nanosecondsPerSecond + BigInt(fields.nanosecond);
}

function monthAndDay(fields: Fields, input: Input): { readonly month: number; readonly day: number } {
	const { year, yearDay } = fields;
	if (yearDay >= 0) {
		if (yearDay < 1 || yearDay > (isLeap(year) ? 366 : 365)) throw misread(input, ': day-of-year out of range');
		let month = 1;
		let day = yearDay;
		while (day > daysIn(month, year)) {
			day -= daysIn(month, year);
			month += 1;
		}
		if (fields.month >= 0 && fields.month !== month) throw misread(input, ': day-of-year does not match month');
		if (fields.day >= 0 && fields.day !== day) throw misread(input, ': day-of-year does not match day');
		return { month, day };
	}
	const month = fields.month < 0 ? 1 : fields.month;
	const day = fields.day < 0 ? 1 : fields.day;
	if (day < 1 || day > daysIn(month, year)) throw misread(input, ': day out of range');
	return { month, day };
}
