import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
	abs,
	add,
	ceil,
	compareNumbers,
	compare as compareValues,
	Decimal,
	divide,
	floor,
	keyOf,
	multiply,
	NumberRangeError,
	type NumberValue,
	numberText,
	parseNumber,
	remainder,
	round,
	subtract,
	toInteger,
} from './index.ts';

const n = (text: string): NumberValue => parseNumber(text)!;
const integers = fc.oneof(fc.maxSafeInteger().map(BigInt), fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }));
const fractions = fc
	.tuple(fc.integer({ min: -999_999, max: 999_999 }), fc.integer({ min: 0, max: 6 }))
	.map(([digits, places]) => ({ text: numberText(n(`${digits}e-${places}`)), digits, places }));

describe('parseNumber', () => {
	it.each(['', '01', '1.', '.5', '+1', '1e', '0x1', '1_0', 'NaN', 'Infinity', '1 ', '--1', '١'])(
		'refuses %j',
		(text) => {
			expect(parseNumber(text)).toBeUndefined();
		},
	);

	it('keeps every source text', () => {
		for (const text of [
			'0',
			'-0',
			'1.0',
			'1e3',
			'1E+3',
			'0.10',
			'1e21',
			'1e999',
			'123456789012345678901',
			'1.5',
			'1e-07',
		]) {
			expect(numberText(n(text))).toBe(text);
		}
	});

	it('uses the cheapest form that is exact', () => {
		expect(n('42')).toBe(42);
		expect(n('0.1')).toBe(0.1);
		expect(n('9007199254740993')).toBe(9007199254740993n);
		expect(n('1.0')).toBeInstanceOf(Decimal);
	});
});

describe('arithmetic', () => {
	it('refuses to write out numbers beyond the limit', () => {
		const huge = n('1e999999999');
		expect(() => add(huge, 1)).toThrow(NumberRangeError);
		expect(() => multiply(huge, 0.5)).toThrow(NumberRangeError);
		expect(() => floor(n('1e-999999999'))).toThrow(NumberRangeError);
		const large = n('9'.repeat(15_000));
		expect(() => multiply(multiply(large, large), large)).toThrow(NumberRangeError);
	});

	it('has no quotient and no remainder for a zero divisor, nor a remainder of a fraction', () => {
		for (const zero of ['0', '-0', '0.0', '0e5']) {
			expect(divide(1, n(zero))).toBeUndefined();
			expect(remainder(1, n(zero))).toBe('zero divisor');
		}
		expect(remainder(1.5, 1)).toBe('not an integer');
		expect(remainder(10, n('18446744073709551616'))).toBe(10);
	});

	it('is exact on integers of any size', () => {
		fc.assert(
			fc.property(integers, integers, (a, b) => {
				const [x, y] = [n(a.toString()), n(b.toString())];
				expect(numberText(add(x, y))).toBe((a + b).toString());
				expect(numberText(subtract(x, y))).toBe((a - b).toString());
				expect(numberText(multiply(x, y))).toBe((a * b).toString());
				expect(numberText(abs(x))).toBe((a < 0n ? -a : a).toString());
				if (b !== 0n) expect(numberText(remainder(x, y) as NumberValue)).toBe((a % b).toString());
				if (b !== 0n) expect(compareNumbers(divide(multiply(x, 1), x === 0 ? 1 : x)!, x === 0 ? 0 : 1)).toBe(0);
			}),
		);
	});

	it('computes fractions to within the last of 64 bits', () => {
		fc.assert(
			fc.property(fractions, fractions, (a, b) => {
				const [x, y] = [n(a.text), n(b.text)];
				const product = n(`${BigInt(a.digits) * BigInt(b.digits)}e-${a.places + b.places}`);
				const places = Math.max(a.places, b.places);
				const digits = a.digits * 10 ** (places - a.places) + b.digits * 10 ** (places - b.places);
				const sum = n(`${digits}e-${places}`);
				const near = (got: NumberValue, want: NumberValue, size: NumberValue): boolean =>
					compareNumbers(abs(subtract(got, want)), multiply(abs(size), 3e-19)) <= 0;
				expect(near(multiply(x, y), product, product)).toBe(true);
				expect(near(add(x, y), sum, add(abs(x), abs(y)))).toBe(true);
			}),
		);
	});

	it('writes results so that they read back as the same number', () => {
		fc.assert(
			fc.property(fractions, fractions, (a, b) => {
				const quotient = divide(n(a.text), n(b.text));
				if (quotient === undefined) return;
				expect(numberText(add(quotient, 0))).toBe(numberText(quotient));
				expect(compareNumbers(multiply(quotient, 1), n(numberText(quotient)))).toBe(0);
			}),
		);
	});

	it.each([
		['0.1', '+', '0.2', '0.3'],
		['1', '/', '3', '0.33333333333333333334'],
		['2', '/', '3', '0.6666666666666666667'],
		['10', '/', '4', '2.5'],
		['1', '/', '1000000', '1e-06'],
		['1000000.5', '+', '1', '1.0000015e+06'],
		['0.1', '*', '3', '0.3'],
		['1e3', '+', '1', '1001'],
		['0', '/', '-5', '0'],
		['0.5', '+', '0.5', '1'],
		['1', '-', '0.9', '0.10000000000000000002'],
	])('computes %s %s %s = %s with a 64-bit mantissa', (a, operator, b, want) => {
		const operation = { '+': add, '-': subtract, '*': multiply, '/': divide }[operator]!;
		expect(numberText(operation(n(a), n(b))!)).toBe(want);
	});

	it('rounds halves away from zero, ceil up and floor down', () => {
		const table = ['2.5', '-2.5', '2.4', '-2.6', '0.5', '-0.5', '3.0'].map((text) =>
			[round, ceil, floor].map((operation) => numberText(operation(n(text)))),
		);
		expect(table).toEqual([
			['3', '3', '2'],
			['-3', '-2', '-3'],
			['2', '3', '2'],
			['-3', '-2', '-3'],
			['1', '1', '0'],
			['-1', '0', '-1'],
			['3', '3', '3'],
		]);
	});

	it('knows integers in any form', () => {
		expect(toInteger(n('1.0'))).toBe(1);
		expect(toInteger(n('1e2'))).toBe(100);
		expect(toInteger(n('1.5'))).toBeUndefined();
		expect(toInteger(1e21)).toBe(1000000000000000000000n);
	});
});

describe('numbers of very many digits', () => {
	const sevens = '7'.repeat(1_000_000);
	const many = [`0.${sevens}1`, `0.${sevens}2`, `-${sevens}`, `${sevens}`, `${sevens}e-1000000`].map(
		(text) => parseNumber(text)!,
	);

	it('are compared and looked up in time linear in their digits', () => {
		const started = performance.now();
		for (let i = 0; i < 100; i++) {
			expect(compareNumbers(many[0]!, many[1]!)).toBeLessThan(0);
			expect(compareNumbers(many[2]!, 3)).toBeLessThan(0);
			expect(compareNumbers(many[3]!, many[0]!)).toBeGreaterThan(0);
			expect(compareNumbers(many[4]!, many[0]!)).toBeLessThan(0);
		}
		expect(new Set(many.map(keyOf)).size).toBe(5);
		expect(performance.now() - started).toBeLessThan(15_000);
	});

	it('are not computed with', () => {
		for (const n of many) expect(() => add(n, 1)).toThrow(NumberRangeError);
	});
});

describe('order and keys', () => {
	const texts = ['0', '-0', '0.0', '1', '1.0', '10e-1', '0.1', '0.10', '1e-1', '9007199254740993', '9007199254740992'];
	const more = ['9007199254740993.0', '1e22', '10000000000000000000000', '1e400', '10e399', '-1e400', '1e-400', '0.05'];
	const odd = [
		`1${'0'.repeat(400)}`,
		`1${'0'.repeat(399)}`,
		`${'9'.repeat(400)}`,
		`${'9'.repeat(401)}`,
		'123e-2',
		'12',
		'123',
	];
	const numbers = [...texts, ...more, ...odd].map((text) => ({ text, n: parseNumber(text)! }));

	/** A number as an integer, a thousand places moved. */
	const scaled = (text: string): bigint => {
		const [mantissa = '', e = '0'] = text.split('e');
		const [whole = '', fraction = ''] = mantissa.split('.');
		return BigInt(whole + fraction) * 10n ** BigInt(1000 + Number(e) - fraction.length);
	};
	/** Maps take −0 for 0. */
	const sameKey = (a: NumberValue, b: NumberValue): boolean => new Set([keyOf(a), keyOf(b)]).size === 1;

	it('go by value whatever the form', () => {
		for (const a of numbers) {
			for (const b of numbers) {
				const [x, y] = [scaled(a.text), scaled(b.text)];
				const seen = [Math.sign(compareNumbers(a.n, b.n)), sameKey(a.n, b.n)];
				expect([a.text, b.text, ...seen]).toEqual([a.text, b.text, x < y ? -1 : x > y ? 1 : 0, x === y]);
			}
		}
	});
});

describe('what is no number', () => {
	it('is not computed with and not compared where it has no place', () => {
		for (const n of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]) {
			expect(() => add(n, 1)).toThrow(NumberRangeError);
			expect(() => compareNumbers(n, parseNumber('1.5e400')!)).toThrow(NumberRangeError);
		}
		expect(() => compareNumbers(Number.NaN, 1)).toThrow(NumberRangeError);
		expect(() => compareValues(1, Number.NaN)).toThrow(NumberRangeError);
	});
});
