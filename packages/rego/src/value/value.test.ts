import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numbers, strings, values } from './arbitrary.test.support.ts';
import {
	compare,
	Decimal,
	equal,
	keyOf,
	lookup,
	NumberRangeError,
	ObjectBuilder,
	objectGet,
	objectKeys,
	objectSize,
	parseJson,
	parseNumber,
	print,
	RegoObject,
	RegoSet,
	SetBuilder,
	stringify,
	toJson,
	typeName,
	type Value,
} from './index.ts';

describe('order and equality', () => {
	it('never calls two values equal whose keys differ, or the other way round', () => {
		fc.assert(
			fc.property(values, values, (a, b) => {
				expect(keyOf(a) === keyOf(b)).toBe(equal(a, b));
				expect(compare(a, b) === 0).toBe(equal(a, b));
			}),
			{ numRuns: 2000 },
		);
	});

	it('is antisymmetric and transitive', () => {
		fc.assert(
			fc.property(values, values, values, (a, b, c) => {
				expect(Math.sign(compare(a, b))).toBe(-Math.sign(compare(b, a)) + 0);
				const [x, y, z] = [a, b, c].sort(compare) as [Value, Value, Value];
				expect(compare(x, z)).toBeLessThanOrEqual(0);
				expect(compare(x, y)).toBeLessThanOrEqual(0);
				expect(compare(y, z)).toBeLessThanOrEqual(0);
			}),
			{ numRuns: 1000 },
		);
	});

	it('holds that every value equals a rebuilt copy of itself', () => {
		const rebuild = (v: Value): Value => {
			if (Array.isArray(v)) return v.map(rebuild);
			if (v instanceof RegoSet) return RegoSet.of([...v].reverse().map(rebuild));
			if (typeName(v) !== 'object') return v;
			const entries = objectKeys(v as RegoObject).map((k) => [rebuild(k), rebuild(lookup(v, k)!)] as const);
			return RegoObject.of(entries.reverse());
		};
		fc.assert(
			fc.property(values, (v) => {
				const copy = rebuild(v);
				expect(equal(v, copy) && compare(v, copy) === 0 && keyOf(v) === keyOf(copy)).toBe(true);
				expect(print(copy)).toBe(print(v));
			}),
		);
	});

	it('sorts the types as Rego does', () => {
		const ordered: Value[] = [null, false, true, -1, 'a', [], {}, RegoSet.empty];
		expect([...ordered].reverse().sort(compare)).toEqual(ordered);
	});

	it('sorts strings by code point', () => {
		expect(compare('😀', '\uff61')).toBeGreaterThan(0);
		expect(compare('ab', 'a')).toBeGreaterThan(0);
	});

	it('compares objects by their smallest key first, then that key’s value', () => {
		expect(compare({ a: 2 }, { b: 1 })).toBeLessThan(0);
		expect(compare({ a: 2 }, { a: 1, b: 0 })).toBeGreaterThan(0);
		expect(compare({ a: 1 }, { a: 1, b: 0 })).toBeLessThan(0);
	});

	it.each([
		['1', '1.0'],
		['10', '10.0'],
		['0', '0.0'],
		['0', '-0'],
		['100', '1e2'],
		['0.3', '0.30'],
		['1e22', '10000000000000000000000'],
		['1e500', '10e499'],
	])('takes %s and %s for the same number', (a, b) => {
		expect(equal(parseNumber(a)!, parseNumber(b)!)).toBe(true);
		expect(keyOf(parseNumber(a)!)).toBe(keyOf(parseNumber(b)!));
	});

	it.each([
		['1', '10.0'],
		['9007199254740992', '9007199254740993'],
		['0.1', '0.10000000000000000001'],
		['1e-7', '1.0000000000000000000001e-7'],
		['1e999999998', '1e999999999'],
		['-1e999999999', '1e-999999999'],
	])('takes %s as less than %s', (a, b) => {
		expect(compare(parseNumber(a)!, parseNumber(b)!)).toBeLessThan(0);
		expect(keyOf(parseNumber(a)!)).not.toBe(keyOf(parseNumber(b)!));
	});
});

describe('containers', () => {
	it('does not find what a plain object inherits', () => {
		const input = JSON.parse('{"a": 1}') as Value;
		for (const key of ['constructor', '__proto__', 'toString', 'hasOwnProperty'])
			expect(lookup(input, key)).toBeUndefined();
		expect(lookup(JSON.parse('{"__proto__": 7}') as Value, '__proto__')).toBe(7);
	});

	it('does not index an array by a fraction, a negative number or text', () => {
		for (const key of [-1, 0.5, 3, '0', 'length', null]) expect(lookup([10, 20], key)).toBeUndefined();
		expect(lookup([10, 20], 1)).toBe(20);
		expect(lookup([10, 20], new Decimal('1.0'))).toBe(20);
		expect(lookup([10, 20], new Decimal('1e999999999'))).toBeUndefined();
	});

	it('treats an undefined property of a host object as absent', () => {
		const host = { a: undefined, b: 1 } as unknown as Value;
		expect(print(host)).toBe('{"b": 1}');
		expect(objectSize(host as RegoObject)).toBe(1);
		expect(equal(host, { b: 1 })).toBe(true);
		expect(keyOf(host)).toBe(keyOf({ b: 1 }));
	});

	it('keeps the first of equal members and the last of equal keys', () => {
		const set = new SetBuilder();
		expect([set.add(1), set.add(new Decimal('1.0')), set.add([1])]).toEqual([true, false, true]);
		expect(print(set.build())).toBe('{1, [1]}');
		const object = new ObjectBuilder();
		object.set(1, 'a');
		object.set(new Decimal('1.0'), 'b');
		expect(objectGet(object.build(), 1)).toBe('b');
		expect(object.size).toBe(1);
	});

	it('gives set members by membership', () => {
		const set = RegoSet.of([[1, { a: 2 }], 'x']);
		expect(lookup(set, [1, RegoObject.of([['a', 2]])])).toEqual([1, { a: 2 }]);
		expect(lookup(set, 'y')).toBeUndefined();
	});
});

describe('text', () => {
	it('prints terms as OPA does', () => {
		const value = RegoObject.of([
			['b', RegoSet.of([3, 1])],
			[[1], RegoSet.empty],
			['a', [null, true, new Decimal('1.0'), 'q"\n\u00a0\x01é']],
		]);
		expect(print(value)).toBe('{"a": [null, true, 1.0, "q\\"\\n\\u00a0\\x01é"], "b": {1, 3}, [1]: set()}');
	});

	it('writes sets and odd keys as JSON, and loses no digit', () => {
		const value = RegoObject.of([
			[1, RegoSet.of([2, 1])],
			[RegoSet.of(['x']), parseNumber('125000000000000000000000000001')!],
			['10', new Decimal('1.0')],
		]);
		expect(stringify(value)).toBe('{"1":[1,2],"10":1.0,"[\\"x\\"]":125000000000000000000000000001}');
		expect(toJson(value)).toEqual({ 1: [1, 2], 10: 1, '["x"]': 10 ** 30 / 8 });
	});

	it('refuses to hand out a number that no double holds', () => {
		expect(() => toJson([new Decimal('1e400')])).toThrow(NumberRangeError);
	});

	it('reads JSON back as the same value, digits and all', () => {
		const plain = fc.letrec<{ value: Value }>((tie) => ({
			value: fc.oneof(
				{ maxDepth: 3 },
				fc.constantFrom(null, true),
				numbers,
				strings,
				fc.array(tie('value'), { maxLength: 3 }),
				fc.dictionary(strings, tie('value'), { maxKeys: 3 }),
			),
		})).value;
		fc.assert(
			fc.property(plain, (v) => {
				const text = stringify(v);
				expect(equal(parseJson(text), v)).toBe(true);
				expect(stringify(parseJson(text))).toBe(text);
			}),
		);
	});

	it('refuses JSON text that nests too deeply, wherever its quotes stand', () => {
		const nested = (depth: number, inner: string): string => '['.repeat(depth) + inner + ']'.repeat(depth);
		expect(() => parseJson(nested(1001, '1'))).toThrow(SyntaxError);
		expect(() => parseJson(nested(1001, '"\\\\"'))).toThrow('exceeded max depth');
		const deep = parseJson(nested(1000, `"${'[\\"'.repeat(2000)}"`));
		expect(print(parseJson(stringify(deep)))).toBe(print(deep));
		expect(keyOf(deep)).toBe(keyOf(parseJson(stringify(deep))));
	});

	it('keeps __proto__ an ordinary key on the way in and out', () => {
		const value = parseJson('{"__proto__": 1.0}');
		expect(objectKeys(value as RegoObject)).toEqual(['__proto__']);
		expect(JSON.stringify(toJson(value))).toBe('{"__proto__":1}');
	});
});
