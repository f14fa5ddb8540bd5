import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson, type Value } from '../value/index.ts';
import { caller } from './calling.test.support.ts';
import { timeBuiltins } from './time.ts';

const call = caller(timeBuiltins);
const ns = 1_670_006_453_141_828_752n;

describe('refuses', () => {
	test.each<[string, readonly Value[], string]>([
		['time.parse_rfc3339_ns', ['1677-09-21T00:12:43.145224191-00:00'], 'time outside of valid range'],
		['time.parse_rfc3339_ns', ['2262-04-11T23:47:16.854775808Z'], 'time outside of valid range'],
		['time.parse_rfc3339_ns', ['2017'], 'parsing time "2017" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "-"'],
		['time.parse_rfc3339_ns', ['2017-06-02T19:00:00Zx'], 'parsing time "2017-06-02T19:00:00Zx": extra text: "x"'],
		['time.parse_rfc3339_ns', ['2017-06-31T19:00:00Z'], 'parsing time "2017-06-31T19:00:00Z": day out of range'],
		['time.parse_rfc3339_ns', ['2017-06-30T24:00:00Z'], 'hour out of range'],
		['time.parse_rfc3339_ns', ['2017-06-30T1é:00:00Z'], 'cannot parse "\\xc3\\xa9:00:00Z" as ":"'],
		['time.parse_ns', ['2006-01-02', '2020-13-01'], 'parsing time "2020-13-01": month out of range'],
		['time.parse_ns', ['2006-01-02', '20-01-01'], 'as "2006-01-02": cannot parse "20-01-01" as "2006"'],
		['time.parse_ns', ['Jan 2', 'Foo 2'], 'cannot parse "Foo 2" as "Jan"'],
		['time.parse_ns', ['2006 002', '2021 366'], 'day-of-year out of range'],
		['time.parse_ns', ['MST', 'abc'], 'cannot parse "abc" as "MST"'],
		['time.parse_ns', ['-0700', '+2500'], 'time zone offset hour out of range'],
		['time.parse_ns', [1, ''], 'operand 1 must be string but got number'],
		['time.parse_duration_ns', ['99999999999999999999d'], 'time: invalid duration "99999999999999999999d"'],
		['time.parse_duration_ns', ['5'], 'time: missing unit in duration "5"'],
		['time.parse_duration_ns', ['5x'], 'time: unknown unit "x" in duration "5x"'],
		['time.parse_duration_ns', [''], 'time: invalid duration ""'],
		['time.parse_duration_ns', ['9223372036854775808ns'], 'time: invalid duration'],
		['time.parse_duration_ns', ['.s'], 'time: invalid duration ".s"'],
		['time.clock', [10n ** 30n], 'timestamp too big'],
		['time.clock', [1.5], 'timestamp too big'],
		['time.clock', ['x'], 'operand 1 must be either number (ns) or [number (ns), string (tz)] but got string'],
		['time.clock', [[]], 'operand 1 must be either number (ns) or [number (ns), string (tz)] but got array'],
		['time.clock', [['x']], 'operand 1 must be number but got string'],
		['time.clock', [[1, 1]], 'operand 1 must be string but got number'],
		['time.clock', [[1, 'Foo/Bar']], 'unknown time zone Foo/Bar'],
		['time.clock', [[1, 'europe/amsterdam']], 'unknown time zone europe/amsterdam'],
		['time.clock', [[1, '+01:00']], 'unknown time zone +01:00'],
		['time.add_date', [0, 1000, 0, 0], 'time outside of valid range'],
		['time.add_date', [0, 9_007_199_254_740_991, 0, 0], 'time outside of valid range'],
		['time.add_date', [0, 1.5, 0, 0], 'operand 2 must be integer number but got floating-point number'],
	])('%s %o', (name, args, message) => {
		expect(() => call(name, ...args)).toThrow(message);
	});
});

test('time.now_ns is the time of the evaluation', () => {
	expect(call('time.now_ns')).toBe(1_700_000_000_000_000_000n);
});

test.each<[string, Value]>([
	['1677-09-21T00:12:43.145224192-00:00', -(2n ** 63n)],
	['1970-01-01T00:00:00-00:00', 0],
	['2017-06-02T19:00:00-07:00', 1_496_455_200_000_000_000n],
	['2262-04-11T23:47:16.854775807-00:00', 2n ** 63n - 1n],
	['1970-01-01T00:00:00.000000001999Z', 1],
])('time.parse_rfc3339_ns(%s)', (text, expected) => {
	expect(call('time.parse_rfc3339_ns', text)).toBe(expected);
});

test.each<[string, string, string]>([
	['RFC822', '02 Jan 06 15:04 MST', '2006-01-02T15:04:00Z'],
	['RFC822', '02 Jan 69 15:04 GMT+3', '1969-01-02T12:04:00Z'],
	['RFC1123Z', 'Mon, 02 Jan 2006 15:04:05 -0700', '2006-01-02T22:04:05Z'],
	['ANSIC', 'Mon Jan  2 15:04:05 2006', '2006-01-02T15:04:05Z'],
	['Jan _2 2006', 'feb  3 2020', '2020-02-03T00:00:00Z'],
	['2006-01-02 3:04PM', '2020-02-03 12:30AM', '2020-02-03T00:30:00Z'],
	['2006-01-02 3:04pm', '2020-02-03 1:30pm', '2020-02-03T13:30:00Z'],
	['2006 002', '2024 060', '2024-02-29T00:00:00Z'],
	['2006-01-02T15:04:05.000Z07', '2020-01-01T00:00:00.250+02', '2019-12-31T22:00:00.25Z'],
	['_2006', '_2020', '2020-01-01T00:00:00Z'],
	['Januaryish 2006', 'Januaryish 2020', '2020-01-01T00:00:00Z'],
])('time.parse_ns(%s, %s) is %s', (layout, text, expected) => {
	expect(call('time.format', call('time.parse_ns', layout, text)!)).toBe(expected);
});

test.each<[string, Value]>([
	['100ms', 100_000_000],
	['1.599999999999999999999us', 1600],
	['1h30m', 5_400_000_000_000],
	['-1.5s', -1_500_000_000],
	['+1us1ns', 1001],
	['1µs', 1000],
	['0', 0],
	['.5s', 500_000_000],
	['-9223372036854775808ns', -(2n ** 63n)],
])('time.parse_duration_ns(%s)', (text, expected) => {
	expect(call('time.parse_duration_ns', text)).toBe(expected);
});

test.each<[Value, string]>([
	[ns, '2022-12-02T18:40:53.141828752Z'],
	[[ns], '2022-12-02T18:40:53.141828752Z'],
	[[ns, 'Asia/Kolkata'], '2022-12-03T00:10:53.141828752+05:30'],
	[[ns, 'Asia/Kolkata', 'Mon Jan 02 15:04:05 -0700 2006'], 'Sat Dec 03 00:10:53 +0530 2022'],
	[[ns, 'Asia/Kolkata', 'RFC1123Z'], 'Sat, 03 Dec 2022 00:10:53 +0530'],
	[[ns, 'Europe/Amsterdam', 'UnixDate'], 'Fri Dec  2 19:40:53 CET 2022'],
	[[ns, 'America/New_York', 'RFC850'], 'Friday, 02-Dec-22 13:40:53 EST'],
	[[ns, 'Asia/Singapore', 'MST'], '+08'],
	[
		[ns, '', '__2|002|.000|.999999|3PM|03pm|_2|Z07|Z0700|-07:00:00|06|1'],
		'336|336|.141|.141828|6PM|06pm| 2|Z|Z|+00:00:00|22|12',
	],
	[[ns, '', 'Months Mondayish MSTX Jan'], 'Months Fridayish UTCX Dec'],
	[[0, '', '.000 .999 x'], '.000  x'],
	[-1, '1969-12-31T23:59:59.999999999Z'],
])('time.format(%o) is %s', (operand, expected) => {
	expect(call('time.format', operand)).toBe(expected);
});

test('time.date, time.clock and time.weekday read a wall clock in the zone that is asked for', () => {
	const evening = 1_517_814_000_000_000_000n;

	expect(call('time.date', evening)).toEqual([2018, 2, 5]);
	expect(call('time.date', [evening, 'America/Los_Angeles'])).toEqual([2018, 2, 4]);
	expect(call('time.clock', [evening, 'America/Los_Angeles'])).toEqual([23, 0, 0]);
	expect(call('time.weekday', evening)).toBe('Monday');
	expect(call('time.weekday', [evening, 'America/Los_Angeles'])).toBe('Sunday');
	expect(call('time.clock', parseJson('1.5e9'))).toEqual([0, 0, 1]);
	expect(call('time.clock', [-2_800_000_000_000_000_000n, 'America/New_York'])).toEqual([9, 17, 18]);
});

test('time.add_date carries over, and keeps the wall clock across a clock change', () => {
	expect(call('time.add_date', 1_585_852_421_593_912_000n, -1, -1, -1)).toBe(1_551_465_221_593_912_000n);
	const leapDay = call('time.parse_rfc3339_ns', '2024-02-29T00:00:00Z')!;
	expect(call('time.format', call('time.add_date', leapDay, 1, 0, 0)!)).toBe('2025-03-01T00:00:00Z');
	const before = call('time.parse_rfc3339_ns', '2024-03-30T12:00:00+01:00')!;
	const after = call('time.add_date', [before, 'Europe/Amsterdam'], 0, 0, 1)!;
	expect(call('time.format', [after, 'Europe/Amsterdam'])).toBe('2024-03-31T12:00:00+02:00');
});

test('time.diff counts calendar units, whichever time comes first', () => {
	const from = call('time.parse_rfc3339_ns', '2024-01-31T23:59:59Z')!;
	const to = call('time.parse_rfc3339_ns', '2024-03-01T00:00:00Z')!;

	expect(call('time.diff', from, to)).toEqual([0, 1, 0, 0, 0, 1]);
	expect(call('time.diff', to, from)).toEqual([0, 1, 0, 0, 0, 1]);
	expect(call('time.diff', from, from)).toEqual([0, 0, 0, 0, 0, 0]);
});

const anyTime = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const zones = fc.constantFrom(
	'',
	'Europe/Amsterdam',
	'America/New_York',
	'Asia/Kolkata',
	'Australia/Lord_Howe',
	'Etc/GMT+5',
);

test('what time.format prints, time.parse_rfc3339_ns reads back', () => {
	fc.assert(
		fc.property(anyTime, (time) => {
			const printed = call('time.format', time)!;
			expect(BigInt(call('time.parse_rfc3339_ns', printed) as number | bigint), String(printed)).toBe(time);
		}),
		{ numRuns: 500, seed: 1 },
	);
});

test('time.date and time.clock agree with the calendar of JavaScript', () => {
	fc.assert(
		fc.property(anyTime, (time) => {
			const date = new Date(Number(time >= 0n ? time / 1_000_000n : (time - 999_999n) / 1_000_000n));
			expect(call('time.date', time)).toEqual([date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]);
			expect(call('time.clock', time)).toEqual([date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]);
		}),
		{ numRuns: 500, seed: 2 },
	);
});

test('time.add_date of nothing changes nothing but an hour that a zone has twice', () => {
	fc.assert(
		fc.property(fc.bigInt({ min: 0n, max: 2_000_000_000_000_000_000n }), zones, (time, zone) => {
			const moved = BigInt(call('time.add_date', [time, zone], 0, 0, 0) as number | bigint);
			const hour = 3_600_000_000_000n;
			if (moved !== time) expect(moved - time <= hour && time - moved <= hour).toBe(true);
			expect(call('time.clock', [moved, zone])).toEqual(call('time.clock', [time, zone]));
		}),
		{ numRuns: 300, seed: 3 },
	);
});
