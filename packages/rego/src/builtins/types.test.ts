import { describe, expect, it } from 'vitest';
import { type NumberValue, numberText, parseNumber, print, RegoSet, type Value } from '../value/index.ts';
import { BuiltinError, BuiltinTypeError } from './builtin.ts';
import { caller } from './calling.test.support.ts';
import { typeBuiltins } from './types.ts';
import { unitBuiltins } from './units.ts';

const call = caller([...typeBuiltins, ...unitBuiltins]);

describe('types and casts', () => {
	it('refuses to read a number from what spells none', () => {
		for (const text of ['broken', '', '1_000', '0x', '1e', '١']) {
			expect(() => call('to_number', text)).toThrow(`strconv.ParseFloat: parsing "${text}": invalid syntax`);
		}
		for (const text of ['inf', '-Infinity', '+NaN']) {
			expect(() => call('to_number', text)).toThrow(
				new BuiltinTypeError('operand 1 must be valid number string but got string'),
			);
		}
		for (const text of ['1e400', '-1e400', `1${'0'.repeat(400)}`]) {
			expect(() => call('to_number', text)).toThrow('value out of range');
		}
		expect(() => call('to_number', [])).toThrow(
			'operand 1 must be one of {null, boolean, number, string} but got array',
		);
	});

	it('reads numbers as Go spells them, digits kept', () => {
		expect([call('to_number', null), call('to_number', true), call('to_number', '5')]).toEqual([0, 1, 5]);
		const texts = ['1.50', '+2', '.5', '3.', '007', '1e2', '0x1p-2', '12345678901234567890'];
		expect(texts.map((text) => numberText(call('to_number', text) as NumberValue))).toEqual([
			'1.50',
			'2',
			'0.5',
			'3',
			'7',
			'1e2',
			'0.25',
			'12345678901234567890',
		]);
	});

	it('refuses casts between types', () => {
		expect(() => call('cast_array', 'a')).toThrow('operand 1 must be one of {array, set} but got string');
		expect(() => call('cast_string', 1)).toThrow('operand 1 must be string but got number');
		expect(() => call('cast_null', 1)).toThrow('operand 1 must be null but got number');
	});

	it('casts between arrays and sets, and passes the rest', () => {
		expect(print(call('cast_set', [2, 1, 2])!)).toBe('{1, 2}');
		expect(print(call('cast_array', RegoSet.of([2, 1]))!)).toBe('[1, 2]');
		expect([call('cast_boolean', true), call('cast_null', null), call('cast_string', 'a')]).toEqual([true, null, 'a']);
	});

	it('names types, of numbers in any form too', () => {
		const values: Value[] = [null, true, 1, parseNumber('1.0')!, 2n ** 70n, 'a', [], {}, RegoSet.empty];
		expect(values.map((value) => call('type_name', value))).toEqual([
			'null',
			'boolean',
			'number',
			'number',
			'number',
			'string',
			'array',
			'object',
			'set',
		]);
		expect(values.map((value) => call('is_number', value))).toEqual([
			false,
			false,
			true,
			true,
			true,
			false,
			false,
			false,
			false,
		]);
		expect([call('is_object', []), call('is_set', {}), call('is_array', RegoSet.empty), call('is_null', null)]).toEqual(
			[false, false, false, true],
		);
	});
});

describe('units', () => {
	it.each([
		['units.parse', '', 'units.parse: no amount provided'],
		['units.parse', 'G', 'units.parse: no amount provided'],
		['units.parse', '0.0.0', 'units.parse: could not parse amount to a number'],
		['units.parse', '100 k', 'units.parse: spaces not allowed in resource strings'],
		['units.parse', '10kb', 'units.parse: unit kb not recognized'],
		['units.parse', '10e10000000Ei', 'units.parse: exponent too large'],
		['units.parse_bytes', 'GB', 'units.parse_bytes: no byte amount provided'],
		['units.parse_bytes', '.5.2', 'units.parse_bytes: could not parse byte amount to a number'],
		['units.parse_bytes', ' 327MiB ', 'units.parse_bytes: spaces not allowed in resource strings'],
		['units.parse_bytes', '10Bananas', 'units.parse_bytes: byte unit bananas not recognized'],
		['units.parse_bytes', '1e1234567', 'units.parse_bytes: exponent too large'],
	])('refuses %s of %j', (name, text, message) => {
		expect(() => call(name, text)).toThrow(new BuiltinError(message));
	});

	it.each([
		['units.parse', '10G', '10000000000'],
		['units.parse', '"10Mi"', '10485760'],
		['units.parse', '100m', '0.1000000000'],
		['units.parse', '100M', '100000000'],
		['units.parse', '2000m', '2.0000000000'],
		['units.parse', '1.5e3k', '1500000'],
		['units.parse', '-1.5KI', '-1536'],
		['units.parse', '5e', '5000000000000000000'],
		['units.parse_bytes', '10KB', '10000'],
		['units.parse_bytes', '1.5kib', '1536'],
		['units.parse_bytes', '0.0005K', '0'],
		['units.parse_bytes', '1e6KB', '1000000000'],
		['units.parse_bytes', '1m', '1000000'],
		['units.parse_bytes', '3Ei', '3458764513820540928'],
	])('reads %s of %j', (name, text, want) => {
		expect(numberText(call(name, text) as NumberValue)).toBe(want);
	});
});
