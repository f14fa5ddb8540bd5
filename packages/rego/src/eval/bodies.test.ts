import { expect, test } from 'vitest';
import { compile, type EvaluateOptions } from '../program.ts';

function value(source: string, options: EvaluateOptions = {}): unknown {
	return compile({ 'p.rego': `package p\n\n${source}` }).evaluate('data.p.a', options).result;
}

const cases: readonly (readonly [behaviour: string, source: string, want: unknown, input?: unknown])[] = [
	['not holds where its expression is undefined', 'a if not input.x', true],
	['not holds where its expression is false', 'a if not input.x', true, { x: false }],
	['not does not hold where its expression holds', 'a if not input.x', undefined, { x: 0 }],
	['an undefined operand makes a negated call undefined, not true', 'a if not startswith(input.x, "y")', undefined],
	[
		'with bodies of not, an undefined operand makes it true',
		'import future.keywords.not\n\na if not startswith(input.x, "y")',
		true,
	],
	[
		'bodies of not see what is bound around them',
		'import future.keywords.not\n\na if { x := 1; not { some y in [2, 3]; y == x } }',
		true,
	],
	['every holds over nothing', 'a if every x in [] { x > 1 }', true],
	['every is undefined over nothing at all', 'a if every x in input.xs { x > 1 }', undefined],
	['every fails with one failure', 'a if every x in [1, 2] { x > 1 }', undefined],
	['every over a number does not hold', 'a if every x in input { x > 1 }', undefined, 5],
	['every binds keys', 'a if every k, v in {"a": 1, "b": 2} { {"a": 1, "b": 2}[k] == v }', true],
	['every nests', 'a if every x in [[1], [2, 3]] { every y in x { y > 0 } }', true],
	[
		'in asks sets, arrays and the values of objects',
		'a := [1 in {1}, 1 in [2, 1], 1 in {"k": 1}, "k" in {"k": 1}]',
		[true, true, true, false],
	],
	[
		'in with a key asks for the pair',
		'a if { "k", 1 in {"k": 1}; not "k", 2 in {"k": 1}; 0, "x" in ["x"]; not 1, "x" in ["x"] }',
		true,
	],
	['a negated comparison of equality is true of what is undefined', 'a if not input.x == 1', true],
	['a negated comparison of order is undefined of what is undefined', 'a if not input.x > 1', undefined],
	['a negated reference with an undefined operand is undefined', 'a if not data.x[input.y]', undefined],
	['in of nothing searchable is false', 'a := 1 in "text"', false],
	[
		'some in binds keys and values',
		'a := [[k, v] | some k, v in {"x": 1, "y": 2}]',
		[
			['x', 1],
			['y', 2],
		],
	],
	['some in destructures', 'a := [y | some [1, y] in [[1, 2], [2, 3], [1, 4]]]', [2, 4]],
	['some in filters by a bound variable', 'a := k if { v := 2; some k, w in {"x": 1, "y": 2}; w == v }', 'y'],
	['some shadows a rule', 'x := 1\na := {x | some x in [5]}', [5]],
	[
		'a comprehension shadows what is around it',
		'a := [x, ys] if { x := 1; ys := [x | some x in [2, 3]] }',
		[1, [2, 3]],
	],
	[
		'a comprehension sees what is bound around it',
		'a := [[x, y] | some x in [1, 2]; y := [z | some z in [1, 2, 3]; z > x]]',
		[
			[1, [2, 3]],
			[2, [3]],
		],
	],
	['a comprehension shares an undeclared variable with the body', 'a := y if { y = [x | x = [1, 2][_]]; x = 2 }', [2]],
	[
		'an object comprehension keeps one value for a key',
		'a := {k: v | some [k, v] in [["x", 1], ["x", 1.0], ["y", 2]]}',
		{ x: 1, y: 2 },
	],
	['expressions run in an order that binds what they need', 'a := z if { z = y + 1; y = x * 2; x = 3 }', 7],
	['a negation waits until its variables are bound', 'a if { not x == 2; x = 1 }', true],
	['unification binds in both directions', 'a := [x, y] if [x, 2] = [1, y]', [1, 2]],
	['unification goes through objects', 'a := [x, y] if {"p": x, "q": [1, y]} = {"p": 5, "q": [1, 6]}', [5, 6]],
	['unification fails on other lengths', 'a if [x, y] = input', undefined, [1]],
	['unification fails on other keys', 'a := x if {"p": x} = input', undefined, { q: 1 }],
	['a pattern may name a variable twice', 'a := [x | some [x, x] in [[1, 1], [1, 2], [3, 3]]]', [1, 3]],
	['elements bind each other', 'a := [x, y, z] if [x, y, 3] = [y, z, z]', [3, 3, 3]],
	[
		'a reference runs through what its variables allow',
		'a := [[i, j] | input[i][j] == 1]',
		[
			[0, 1],
			[1, 0],
		],
		[
			[0, 1],
			[1, 0],
		],
	],
	[
		'a variable used twice in references joins them',
		'a := {i | input.x[i] == input.y[i]}',
		[1],
		{ x: [1, 2], y: [3, 2] },
	],
	['references nest', 'a := input.x[input.i[_]]', 'b', { x: ['a', 'b'], i: [1] }],
	['a set is searched by composite keys', 'a := y if {[1, 2], [3, 4]}[[3, y]]', 4],
	['a number key finds no string key in a value', 'a := input[1]', undefined, { 1: 'x' }],
	['call arguments run through references', 'a := {x | x := abs(input[_])}', [1, 2], [-1, 2, -2]],
	['false makes an expression fail, but not a unification', 'a := x if x = input.f', false, { f: false }],
	['walk runs through everything', 'a := [p | walk(input, [p, 1])]', [['x', 0], ['y']], { x: [1, 2], y: 1 }],
	['walk takes a partly known path', 'a := [v | walk(input, [["x", _], v])]', [1, 2], { x: [1, 2], y: 1 }],
	['walk without path', 'a := {v | walk(input, [_, v]); is_number(v)}', [1, 2], { x: [1, 2], y: 1 }],
	[
		'a template string shows what is undefined',
		'a := $"{input.x} and {input.y} and {[1, "z"]}"',
		'1 and <undefined> and [1, "z"]',
		{ x: 1 },
	],
	['numbers compare by value', 'a if { 1 == 1.0; {1} == {1.0}; {"k": 1}.k == 1.0; [1, 2][1.0] == 2 }', true],
	['integers beyond doubles stay exact', 'a := 9007199254740993 - 9007199254740992', 1],
	[
		'values of every type are ordered',
		'a := sort([{1}, {"k": 1}, [1], "s", 1, true, null])',
		[null, true, 1, 's', [1], { k: 1 }, [1]],
	],
];

for (const [behaviour, source, want, input] of cases) {
	test(behaviour, () => {
		expect(value(source, { input: input as never })).toEqual(want);
	});
}

test('refuses two values for one key of an object comprehension', () => {
	expect(() => value('a := {k: v | some [k, v] in [["x", 1], ["x", 2]]}')).toThrow(
		'p.rego:3: eval_conflict_error: object keys must be unique',
	);
});

test('tells undefined input from null', () => {
	expect(value('a if input == null', { input: null })).toBe(true);
	expect(value('a if input == null')).toBeUndefined();
	expect(value('a if not input')).toBe(true);
});

test('gives rego.metadata.rule and chain what is written above rules and packages', () => {
	const source =
		'# METADATA\n# title: pkg\npackage p\n\n# METADATA\n# title: rule\n# custom:\n#   n: 1\na := [rego.metadata.rule().custom.n, [link.path | some link in rego.metadata.chain()]]\n';

	expect(compile({ 'p.rego': source }).evaluate('data.p.a').result).toEqual([1, [['p', 'a'], ['p']]]);
});
