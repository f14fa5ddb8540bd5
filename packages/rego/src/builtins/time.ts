import { anyOf, fn, type NamedType, named, number, string, type Type, tuple } from '../types/type.ts';
import { isArray, isNumber, normalInteger, toBigInt, type Value } from '../value/index.ts';
import { type Builtin, BuiltinError } from './builtin.ts';
import { define } from './declare.ts';
import { intOperand, operandTypeError, stringOperand } from './operands.ts';
import {
	type Civil,
	civilFromNanoseconds,
	daysFromCivil,
	daysIn,
	nanosecondsPerSecond,
	weekdayOf,
} from './time/civil.ts';
import { parseDuration } from './time/duration.ts';
import { formatTime } from './time/format.ts';
import { layoutNamed, weekdayNames } from './time/layout.ts';
import { parseTime } from './time/parse.ts';
import { unixFromWall, unixSeconds, utc, type Zone, zoneNamed } from './time/zone.ts';

const moment: Type = anyOf(number, tuple(number, string));
const x: NamedType = named('x', moment, 'nanoseconds since the epoch (UTC), or `[nanoseconds, time zone]`');
const threeNumbers: Type = tuple(number, number, number);

/** The `time.*` builtins: nanoseconds since the Unix epoch as integers of 64 bits, layouts and durations as in Go. */
export const timeBuiltins: readonly Builtin[] = [
	{
		name: 'time.now_ns',
		description: 'The time of this evaluation; every call gives the same.',
		nondeterministic: true,
		decl: fn([], named('now', number, 'nanoseconds since the epoch')),
		run: (_args, context) => normalInteger(context.nowNs),
	},
	define(
		'time.parse_ns',
		'The time that a text gives in a Go layout.',
		[
			named('layout', string, 'Go layout, or the name of one, such as `RFC1123`'),
			named('value', string, 'text to read'),
		],
		named('ns', number, 'nanoseconds since the epoch'),
		(args) => nanoseconds(parseTime(layoutNamed(stringOperand(args, 1)), stringOperand(args, 2))),
	),
	define(
		'time.parse_rfc3339_ns',
		'The time that a text gives in RFC 3339 form.',
		[named('value', string, 'text to read')],
		named('ns', number, 'nanoseconds since the epoch'),
		(args) => nanoseconds(parseTime(layoutNamed('RFC3339'), stringOperand(args, 1))),
	),
	define(
		'time.parse_duration_ns',
		'The nanoseconds of a Go duration such as `1h30m`.',
		[named('duration', string, 'duration to read')],
		named('ns', number, 'nanoseconds'),
		(args) => normalInteger(parseDuration(stringOperand(args, 1))),
	),
	define(
		'time.format',
		'Prints a time in a Go layout (RFC 3339 with nanoseconds unless one is given).',
		[
			named(
				'x',
				anyOf(number, tuple(number, string), tuple(number, string, string)),
				'nanoseconds since the epoch (UTC), or `[nanoseconds, time zone]`, or `[nanoseconds, time zone, layout]`',
			),
		],
		named('formatted timestamp', string, 'the time as text'),
		(args) => format(args[0]!),
	),
	define('time.date', 'The date of a time.', [x], named('date', threeNumbers, '`[year, month, day]`'), (args) => {
		const { year, month, day } = wallClock(momentOf(args[0]!));
		return [year, month, day];
	}),
	define(
		'time.clock',
		'The time of day of a time.',
		[x],
		named('output', threeNumbers, '`[hour, minute, second]`'),
		(args) => {
			const { hour, minute, second } = wallClock(momentOf(args[0]!));
			return [hour, minute, second];
		},
	),
	define(
		'time.weekday',
		'The day of the week of a time.',
		[x],
		named('day', string, '`Monday`, `Tuesday`, …'),
		(args) => weekdayNames[weekdayOf(wallClock(momentOf(args[0]!)))],
	),
	define(
		'time.add_date',
		'A time some years, months and days later; days beyond the end of a month carry over.',
		[
			named('ns', number, 'nanoseconds since the epoch'),
			named('years', number, 'years to add'),
			named('months', number, 'months to add'),
			named('days', number, 'days to add'),
		],
		named('output', number, 'nanoseconds since the epoch'),
		addDate,
	),
	define(
		'time.diff',
		'The calendar difference of two times, whichever comes first.',
		[
			named('ns1', moment, 'nanoseconds since the epoch, or `[nanoseconds, time zone]`'),
			named('ns2', moment, 'nanoseconds since the epoch, or `[nanoseconds, time zone]`'),
		],
		named(
			'output',
			tuple(number, number, number, number, number, number),
			'`[years, months, days, hours, minutes, seconds]`',
		),
		difference,
	),
];

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);

/** A result that must fit 64 bits: years 1677 to 2262. */
function nanoseconds(value: bigint): Value {
	if (value > int64Max || value < int64Min) throw new BuiltinError('time outside of valid range');
	return normalInteger(value);
}

interface Moment {
	readonly nanoseconds: bigint;
	readonly zone: Zone;
	/** Empty unless the operand gave one. */
	readonly layout: string;
}

/** Reads a number, `[number]`, `[number, zone]` or `[number, zone, layout]`. */
function momentOf(operand: Value): Moment {
	const parts: readonly Value[] | undefined = isArray(operand) ? operand : isNumber(operand) ? [operand] : undefined;
	if (parts === undefined || parts.length === 0) {
		throw operandTypeError(1, operand, 'either number (ns) or [number (ns), string (tz)]');
	}
	const [time, zone, layout] = parts;
	// OPA names the first operand, whichever part of it is wrong.
	if (!isNumber(time!)) throw operandTypeError(1, time!, 'number');
	if (zone !== undefined && typeof zone !== 'string') throw operandTypeError(1, zone, 'string');
	const loaded = zone === undefined ? utc : zoneNamed(zone);
	if (layout !== undefined && typeof layout !== 'string') throw operandTypeError(1, layout, 'string');
	const value = toBigInt(time!);
	if (value === undefined || value > int64Max || value < int64Min) throw new BuiltinError('timestamp too big');
	return { nanoseconds: value, zone: loaded, layout: layout ?? '' };
}

function wallClock({ nanoseconds: ns, zone }: Moment): Civil {
	return civilFromNanoseconds(ns + BigInt(zone.offset(unixSeconds(ns))) * nanosecondsPerSecond);
}

function format(operand: Value): string {
	const time = momentOf(operand);
	const seconds = unixSeconds(time.nanoseconds);
	const { zone, layout } = time;
	const named = layoutNamed(layout === '' ? 'RFC3339Nano' : layout);
	return formatTime(
		wallClock(time),
		zone.offset(seconds),
		named.includes('MST') ? zone.abbreviation(seconds) : '',
		named,
	);
}

function addDate(args: readonly Value[]): Value {
	const time = momentOf(args[0]!);
	const [years, months, days] = [BigInt(intOperand(args, 2)), BigInt(intOperand(args, 3)), BigInt(intOperand(args, 4))];
	const wall = wallClock(time);
	const date = daysFromCivil(BigInt(wall.year) + years, BigInt(wall.month) + months, BigInt(wall.day) + days);
	const secondOfDay = BigInt(wall.hour * 3600 + wall.minute * 60 + wall.second);
	const wallSeconds = date * 86_400n + secondOfDay;
	// No zone is asked about times far outside of the range that a result may have.
	const nearby = wallSeconds < 10n ** 10n && wallSeconds > -(10n ** 10n);
	const seconds = nearby ? unixFromWall(wallSeconds, time.zone) : wallSeconds;
	return nanoseconds(seconds * nanosecondsPerSecond + BigInt(wall.nanosecond));
}

function difference(args: readonly Value[]): Value {
	const first = momentOf(args[0]!);
	const second = { ...momentOf(args[1]!), zone: first.zone };
	const inOrder = first.nanoseconds <= second.nanoseconds;
	const from = wallClock(inOrder ? first : second);
	const to = wallClock(inOrder ? second : first);
	let years = to.year - from.year;
	let months = to.month - from.month;
	let days = to.day - from.day;
	let hours = to.hour - from.hour;
	let minutes = to.minute - from.minute;
	let seconds = to.second - from.second;
	if (seconds < 0) {
		seconds += 60;
		minutes -= 1;
	}
	if (minutes < 0) {
		minutes += 60;
		hours -= 1;
	}
	if (hours < 0) {
		hours += 24;
		days -= 1;
	}
	if (days < 0) {
		days += daysIn(from.month, from.year);
		months -= 1;
	}
	if (months < 0) {
		months += 12;
		years -= 1;
	}
	return [years, months, days, hours, minutes, seconds];
}
