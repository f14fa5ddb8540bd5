import { describe, expect, it } from 'vitest';
import { parseNumber, print, RegoObject, RegoSet, type Value } from '../value/index.ts';
import { aggregateBuiltins } from './aggregates.ts';
import { arrayBuiltins } from './arrays.ts';
import { bitBuiltins } from './bits.ts';
import { BuiltinError, BuiltinLimitError, BuiltinTypeError } from './builtin.ts';
import { caller, testContext } from './calling.test.support.ts';
import { graphBuiltins } from './graph.ts';
import { numberBuiltins } from './numbers.ts';
import { objectBuiltins } from './objects.ts';
import { setBuiltins } from './sets.ts';

const all = [
	...aggregateBuiltins,
	...arrayBuiltins,
	...bitBuiltins,
	...graphBuiltins,
	...numberBuiltins,
	...objectBuiltins,
	...setBuiltins,
];
const call = caller(all);
const text = (name: string, ...args: readonly Value[]): string => {
	const result = call(name, ...args);
	return result === undefined ? 'undefined' : print(result);
};
const set = (...values: readonly Value[]): Value => RegoSet.of(values);

describe('refusals', () => {
	it.each<[string, readonly Value[], string]>([
		['count', [null], 'operand 1 must be one of {array, object, set, string} but got null'],
		['sum', ['a'], 'operand 1 must be one of {set, array} but got string'],
		['sum', [[1, 'a']], 'operand 1 must be array of numbers but got array containing string'],
		['product', [set(1, null)], 'operand 1 must be set of numbers but got set containing null'],
		['max', [{}], 'operand 1 must be one of {set, array} but got object'],
		['sort', ['a'], 'operand 1 must be one of {set, array} but got string'],
		['all', [{}], 'operand 1 must be one of {array, set} but got object'],
		['array.concat', [{}, []], 'operand 1 must be array but got object'],
		['array.flatten', [42], 'operand 1 must be array but got number'],
		['array.slice', [[], 'a', 1], 'operand 2 must be number but got string'],
		['array.slice', [[], 0, 1.5], 'operand 3 must be integer number but got floating-point number'],
		['bits.and', [7.2, 42], 'operand 1 must be integer number but got floating-point number'],
		['bits.or', [1, 'a'], 'operand 2 must be integer but got string'],
		['bits.lsh', [7, -1], 'operand 2 must be an unsigned integer number but got a negative integer'],
		['numbers.range', [3, 3.14], 'operand 2 must be integer number but got floating-point number'],
		['graph.reachable', [[], []], 'operand 1 must be object but got array'],
		['graph.reachable', [{}, 'a'], 'operand 2 must be {array, set} but got string'],
		['object.get', ['a', 'b', 1], 'operand 1 must be object but got string'],
		['object.remove', [{}, 'a'], 'operand 2 must be one of {object, set, array} but got string'],
		['object.union_n', [[{}, 1]], 'operand 1 must be array of objects but got array containing number'],
		['object.subset', [[], {}], 'both arguments object.subset must be of the same type or array and set'],
		['and', [set(), []], 'operand 2 must be set but got array'],
		['union', [set(set(), 1)], 'operand 1 must be set but got number'],
	])('refuses %s of %j', (name, args, message) => {
		expect(() => call(name, ...args)).toThrow(new BuiltinTypeError(message));
	});

	it('refuses a step that leads nowhere, and a range or shift that would fill memory', () => {
		const step = 'numbers.range_step: step must be a positive integer';
		expect(() => call('numbers.range_step', 0, 10, -2)).toThrow(new BuiltinError(step));
		expect(() => call('numbers.range', 0, 1e15)).toThrow(BuiltinLimitError);
		expect(() => call('bits.lsh', 1, parseNumber('1000000')!)).toThrow(BuiltinLimitError);
	});

	it('stops at the budget instead of walking on', () => {
		const context = testContext({
			spend: (steps) => {
				if (steps > 100) throw new Error('budget');
			},
		});
		expect(() => caller(all, context)('numbers.range', 0, 1000)).toThrow('budget');
		expect(() => caller(all, context)('sum', Array(1000).fill(1))).toThrow('budget');
	});
});

describe('aggregates', () => {
	it('counts code points, elements and keys', () => {
		expect([call('count', 'a😀'), call('count', set(1, 2)), call('count', { a: 1 }), call('count', [])]).toEqual([
			2, 2, 1, 0,
		]);
	});

	it('folds, exactly for integers', () => {
		expect(text('sum', [9007199254740991, 9007199254740991])).toBe('18014398509481982');
		expect(text('product', set(2, 3.5))).toBe('7');
		expect([call('sum', []), call('product', [])]).toEqual([0, 1]);
	});

	it('finds extremes in Rego order, and none in nothing', () => {
		expect(text('max', [1, 'a', null])).toBe('"a"');
		expect(text('min', set(3, 2))).toBe('2');
		expect(text('max', [])).toBe('undefined');
		expect(text('sort', ['b', 1, 'a'])).toBe('[1, "a", "b"]');
	});

	it('keeps the deprecated tests of booleans', () => {
		expect([call('all', []), call('all', [true, 1]), call('any', []), call('any', set(false, true))]).toEqual([
			true,
			false,
			false,
			true,
		]);
	});
});

describe('arrays, ranges and bits', () => {
	it('slices within bounds', () => {
		expect(text('array.slice', [1, 2, 3], -1, 2)).toBe('[1, 2]');
		expect(text('array.slice', [1, 2, 3], 2, 1)).toBe('[]');
		expect(text('array.slice', [1, 2, 3], 1, 99)).toBe('[2, 3]');
		expect(text('array.slice', [1, 2, 3], 0, -1)).toBe('[]');
	});

	it('flattens one level', () => {
		expect(text('array.flatten', [[[1], [2]], 3, set(4)])).toBe('[[1], [2], 3, {4}]');
		expect(text('array.reverse', [1, 2])).toBe('[2, 1]');
		expect(text('array.concat', [1], [2])).toBe('[1, 2]');
	});

	it('counts up and down, beyond 2^53 too', () => {
		expect(text('numbers.range', 3, 1)).toBe('[3, 2, 1]');
		expect(text('numbers.range_step', 0, 5, 2)).toBe('[0, 2, 4]');
		expect(text('numbers.range_step', 5, 0, 2)).toBe('[5, 3, 1]');
		const large = parseNumber('99999999999999999999')!;
		expect(text('numbers.range', large, parseNumber('100000000000000000000')!)).toBe(
			'[99999999999999999999, 100000000000000000000]',
		);
	});

	it('shifts and combines integers of any size', () => {
		expect(text('bits.lsh', parseNumber('9223372036854775807')!, 1)).toBe('18446744073709551614');
		expect([
			call('bits.rsh', -8, 1),
			call('bits.rsh', 7, 1000000),
			call('bits.negate', 42),
			call('bits.xor', 42, 3),
		]).toEqual([-4, 0, -43, 41]);
	});
});

describe('objects and sets', () => {
	const object: Value = { a: { b: [10, null] }, n: null };

	it('gets by key and by path, null included', () => {
		expect(text('object.get', object, 'n', 1)).toBe('null');
		expect(text('object.get', object, 'constructor', 'none')).toBe('"none"');
		expect(text('object.get', object, ['a', 'b', 1], 1)).toBe('null');
		expect(text('object.get', object, ['a', 'b', 2], 'none')).toBe('"none"');
		expect(text('object.get', object, [], 1)).toBe(print(object));
	});

	it('selects keys of any type', () => {
		const odd = RegoObject.of([
			[1, 'one'],
			['1', 'text'],
		]);
		expect(text('object.filter', odd, [1])).toBe('{1: "one"}');
		expect(text('object.remove', odd, { 1: null })).toBe('{1: "one"}');
		expect(text('object.keys', odd)).toBe('{1, "1"}');
	});

	it('merges from left to right, and an object does not merge past a scalar', () => {
		expect(text('object.union', { a: { x: 1 }, b: 1 }, { a: { y: 2 }, b: { z: 3 } })).toBe(
			'{"a": {"x": 1, "y": 2}, "b": {"z": 3}}',
		);
		expect(text('object.union_n', [{ a: { b: 2 } }, { a: 4 }, { a: { c: 3 } }])).toBe('{"a": {"c": 3}}');
	});

	it('knows parts of objects, sets and arrays', () => {
		expect(call('object.subset', { a: { x: set(1, 2) }, b: 1 }, { a: { x: set(1) } })).toBe(true);
		expect(call('object.subset', { a: 1 }, { a: 1, b: 2 })).toBe(false);
		expect(call('object.subset', [1, 2, 3], [2, 3])).toBe(true);
		expect(call('object.subset', [1, 2, 3], [1, 3])).toBe(false);
		expect(call('object.subset', [1, 2, 1], set(2, 1))).toBe(true);
		expect(call('object.subset', [1, 1], set(2, 1))).toBe(false);
	});

	it('combines sets', () => {
		expect(text('and', set(1, 2), set(2, 3))).toBe('{2}');
		expect(text('or', set(1), set(2))).toBe('{1, 2}');
		expect(text('intersection', set(set(1, 2), set(2, 3)))).toBe('{2}');
		expect([text('intersection', set()), text('union', set())]).toEqual(['set()', 'set()']);
		expect(text('set_diff', set(1, 2), set(1))).toBe('{2}');
	});
});

describe('graphs', () => {
	const graph: Value = { a: ['b'], b: ['c', 'gone'], c: ['a'], d: [] };

	it('reaches what is in the graph, and ends on cycles', () => {
		expect(text('graph.reachable', graph, ['a'])).toBe('{"a", "b", "c"}');
		expect(text('graph.reachable', graph, set('nowhere', 'd'))).toBe('{"d"}');
	});

	it('follows a chain longer than the stack', () => {
		const chain = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`v${i}`, [`v${i + 1}`]]));
		const [path] = (call('graph.reachable_paths', chain, ['v0']) as RegoSet).values();
		expect(path).toHaveLength(3000);
	});

	it('lists the longest paths without a cycle', () => {
		expect(text('graph.reachable_paths', graph, set('a'))).toBe('{["a", "b"], ["a", "b", "c"]}');
		expect(text('graph.reachable_paths', graph, ['d', 'nowhere'])).toBe('{["d"]}');
	});
});
