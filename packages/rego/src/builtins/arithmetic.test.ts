import { describe, expect, it } from 'vitest';
import { NumberRangeError, type NumberValue, numberText, parseNumber, print, RegoSet } from '../value/index.ts';
import { arithmeticBuiltins, comparisonBuiltins } from './arithmetic.ts';
import { BuiltinError, BuiltinTypeError } from './builtin.ts';
import { caller } from './calling.test.support.ts';

const call = caller([...arithmeticBuiltins, ...comparisonBuiltins]);
const n = (text: string): NumberValue => parseNumber(text)!;

describe('arithmetic', () => {
	it.each(['plus', 'mul', 'div', 'rem'])('refuses operands of %s that are not numbers', (name) => {
		expect(() => call(name, 'a', 1)).toThrow(new BuiltinTypeError('operand 1 must be number but got string'));
		expect(() => call(name, 1, null)).toThrow(new BuiltinTypeError('operand 2 must be number but got null'));
	});

	it('refuses to subtract what is neither two numbers nor two sets', () => {
		expect(() => call('minus', 'a', 1)).toThrow('operand 1 must be one of {number, set} but got string');
		expect(() => call('minus', RegoSet.empty, 1)).toThrow('operand 2 must be set but got number');
		expect(() => call('minus', 1, RegoSet.empty)).toThrow('operand 2 must be number but got set');
	});

	it('refuses to divide by zero in any form, and to take the remainder of a fraction', () => {
		expect(() => call('div', 1, 0)).toThrow(new BuiltinError('divide by zero'));
		expect(() => call('div', 1, n('0.0'))).toThrow('divide by zero');
		expect(() => call('rem', 1, 0)).toThrow('modulo by zero');
		expect(() => call('rem', 1.1, 1)).toThrow('modulo on floating-point number');
	});

	it('refuses numbers too large to write out', () => {
		expect(() => call('plus', n('1e999999999'), 1)).toThrow(NumberRangeError);
	});

	it('is exact beyond 64 bits', () => {
		expect(numberText(call('plus', n('18446744073709551617'), 1) as NumberValue)).toBe('18446744073709551618');
		expect(numberText(call('mul', n('18446744073709551617'), 2) as NumberValue)).toBe('36893488147419103234');
		expect(call('rem', n('18446744073709551617'), n('18446744073709551616'))).toBe(1);
		expect(call('rem', -7, 4)).toBe(-3);
	});

	it('subtracts sets', () => {
		expect(print(call('minus', RegoSet.of([1, 2, 3]), RegoSet.of([2, 9]))!)).toBe('{1, 3}');
	});

	it('rounds, and gives magnitudes', () => {
		expect([call('round', 1.5), call('ceil', 1.01), call('floor', -1.001), call('abs', -4)]).toEqual([2, 2, -2, 4]);
	});
});

describe('comparison', () => {
	it('orders values of different types by type', () => {
		expect(call('lt', null, false)).toBe(true);
		expect(call('gt', RegoSet.empty, {})).toBe(true);
		expect(call('gte', 'a', 'b')).toBe(false);
		expect(call('lte', n('1.0'), 1)).toBe(true);
		expect(call('neq', 1, n('1.0'))).toBe(false);
	});
});
