import { expect, test } from 'vitest';
import { compile, type EvaluateOptions } from '../program.ts';

function value(source: string, options: EvaluateOptions = {}): unknown {
	return compile({ 'p.rego': `package p\n\n${source}` }).evaluate('data.p.a', options).result;
}

const cases: readonly (readonly [behaviour: string, source: string, want: unknown, options?: EvaluateOptions])[] = [
	[
		'replaces input for one expression only',
		'q := input\na := [x, y] if { x := q with input as 1; y := q }',
		[1, 2],
		{ input: 2 },
	],
	[
		'replaces a part of input and keeps the rest',
		'q := input\na := r if r := q with input.x.y as 1',
		{ x: { y: 1, z: 2 } },
		{ input: { x: { y: 0, z: 2 } } },
	],
	['makes objects where input has none', 'q := input\na := r if r := q with input.x.y as 1', { x: { y: 1 } }],
	[
		'applies modifiers from left to right',
		'q := input\na := r if r := q with input.x as {"y": 1} with input.x.z as 2',
		{ x: { y: 1, z: 2 } },
	],
	[
		'replaces base data',
		'q := data.d\na := r if r := q with data.d.x as 1',
		{ x: 1, y: 2 },
		{ data: { d: { x: 0, y: 2 } } },
	],
	['replaces a rule', 'q := 1\na := [q, x] if x := q with data.p.q as 2', [1, 2]],
	['replaces a whole package', 'a := x if x := data.p.q.r with data.p.q as {"r": 1}\nq.r := 2', 1],
	[
		'keeps rules beside a replaced one',
		'q.r := 1\nq.s := 2\na := x if x := data.p.q with data.p.q.r as 3',
		{ r: 3, s: 2 },
	],
	[
		'computes documents again',
		'q := input.x\na := [x, y, z] if { x := q; y := q with input.x as 2; z := q }',
		[1, 2, 1],
		{ input: { x: 1 } },
	],
	[
		'restores between solutions',
		'a := [[x, input.i] | some x in [1, 2]; input.i == x with input.i as x]',
		[
			[1, 0],
			[2, 0],
		],
		{ input: { i: 0 } },
	],
	[
		'runs through solutions inside, and on with the outer documents',
		'q contains x if some x in input\na := {[x, count(input)] | q[x] with input as [1, 2, 3]}',
		[
			[1, 0],
			[2, 0],
			[3, 0],
		],
		{ input: [] },
	],
	[
		'takes values from outside of itself',
		'a := x if x := input.y with input as {"y": input.z}',
		1,
		{ input: { z: 1 } },
	],
	['is undefined where its value is', 'a if true with input.x as data.nothing', undefined],
	['reaches into calls of functions', 'f(x) := x + input\na := r if r := f(1) with input as 2', 3],
	['reaches into negation', 'a if not input.x with input.x as false', true, { input: { x: true } }],
	['reaches into every', 'a if every x in [1, 2] { x < input } with input as 3', true],
	['replaces a builtin by a value', 'a := r if r := count([1]) with count as 5', 5],
	['replaces a builtin by a function', 'f(x) := [x]\na := r if r := count([1]) with count as f', [[1]]],
	['replaces a function by a builtin', 'f(_) := 1\na := r if r := f([1, 2]) with f as count', 2],
	[
		'replaces functions wherever they are called',
		'q := f(1)\nf(x) := x\ng(x) := x + 10\na := [q, y] if y := q with f as g',
		[1, 11],
	],
	[
		'lets a stand-in call what it stands in for',
		'f(x) := count(x) + 10\na := r if r := count([1]) with count as f',
		11,
	],
	[
		'does not replace inside a stand-in',
		'f(x) := count(x)\ng(_) := 100\na := y if y := sum([1, 2]) with sum as f with count as g',
		2,
	],
	['needs the operands of a replaced function', 'a := r if r := count(input.x) with count as 1', undefined],
	[
		'replaces a function by a value computed here',
		'f(_) := 1\na := [y | some v in [1, 2]; y := f(0) with f as v]',
		[1, 2],
	],
	['nests', 'q := [input.x, input.y]\nr := y if y := q with input.y as 2\na := z if z := r with input.x as 1', [1, 2]],
];

for (const [behaviour, source, want, options] of cases) {
	test(`with ${behaviour}`, () => {
		expect(value(source, options)).toEqual(want);
	});
}

test('mocks handed in from outside stand in for functions', () => {
	const program = compile({ 'p.rego': 'package p\n\nf(x) := x\n\na := [f(1), count([1]), time.now_ns()]' });

	const mocks = { 'data.p.f': 'mocked', count: 7, 'time.now_ns': 5 };

	expect(program.evaluate('data.p.a', { mocks }).result).toEqual(['mocked', 7, 5]);
	expect(program.evaluate('data.p.a', { nowNs: 9n }).result).toEqual([1, 1, 9]);
});

test('refuses to put a part into base data that is no object', () => {
	expect(() => value('q := data.d\na := r if r := q with data.d.x as 1', { data: { d: 5 } })).toThrow(
		'p.rego:4: eval_with_merge_error: real and replacement data could not be merged',
	);
	expect(value('q := data.d\na := r if r := q with data.d as 1 with data.d.x as 2', { data: { d: 5 } })).toEqual({
		x: 2,
	});
});
