import { describe, expect, it } from 'vitest';
import { coreBuiltins } from '../builtins/registry.ts';
import { compileModules, compileQuery } from '../compile/compile.ts';
import type { LProgram } from '../compile/lowered.ts';
import { parseModule, parseQuery } from '../parse/index.ts';
import { checkQuery } from './index.ts';
import { checkTypes } from './type-checker.ts';

const settings = { builtins: coreBuiltins };

function programOf(...sources: readonly string[]): LProgram {
	const { program, diagnostics } = compileModules(
		sources.map((source, i) => parseModule(source, `test-${i}.rego`)),
		settings,
	);
	expect(diagnostics).toEqual([]);
	return program;
}

function messages(...sources: readonly string[]): readonly string[] {
	return checkTypes(programOf(...sources)).map(({ message }) => message);
}

/** The type the checker infers for a reference, read off the error of comparing it with what it never is. */
function inferred(ref: string, ...sources: readonly string[]): string {
	const impossible = `${ref} = {{{{{{{{1}}}}}}}}`;
	const { query } = compileQuery(parseQuery(impossible), programOf(...sources), settings);
	const [found] = checkQuery(query, programOf(...sources));
	return found?.details?.[0]?.replace('left  : ', '') ?? 'any';
}

describe('inference', () => {
	it.each([
		['a rule without value', 'package a\np if { input.x }', 'boolean'],
		['rules of several values', 'package a\np := 1 if { input.x }\np := "a" if { input.y }', 'any<number, string>'],
		['a default and a value', 'package a\ndefault p := 0\np := "a" if { input.y }', 'any<number, string>'],
		[
			'branches of else',
			'package a\np := null if { input.x } else := 1 if { input.y } else := "z"',
			'any<null, number, string>',
		],
		['a set', 'package a\np contains 1\np contains x if { some x in ["a"] }', 'set[any<number, string>]'],
		['an object rule', 'package a\np[x] := 1 if { some x in ["a"] }', 'object[string: number]'],
		['two keys', 'package a\np[x][y] := 1 if { some y, x in ["a"] }', 'object[string: object[number: number]]'],
		[
			'fixed and free keys',
			'package a\np.q[x] := 1 if { some x in ["a"] }\np.q.r := true',
			'object<q: object[string: any<boolean, number>]>[string: any]',
		],
		['a composite value', 'package a\np := [{"foo": x}] if { x := 1 }', 'array<object<foo: number>>'],
		['what another rule gives', 'package a\np := [q]\nq := data.b.r', 'array<any>'],
		['an array comprehension', 'package a\np := [x | some x in [1, "a"]]', 'array[any<number, string>]'],
		['an object comprehension', 'package a\np := {k: 1 | some k in ["a"]}', 'object[string: number]'],
		['the result of a builtin', 'package a\np := split("a", ",")', 'array[string]'],
		['the result of a function', 'package a\np := f(1)\nf(x) := {"a": x + 1}', 'object<a: number>'],
		[
			'iterated values',
			'package a\np contains x if { [[1], ["two"], {"x": true}][_][_] = x }',
			'set[any<boolean, number, string>]',
		],
		['iterated keys', 'package a\np contains i if { [[1], {"x": true}][_][i] }', 'set[any<number, string>]'],
		['nested references', 'package a\ni := {"a": 0}\nm := [[1], ["foo"]]\np := m[i.a][0]', 'any<number, string>'],
		['parts of a pattern', 'package a\np := [x, y] if { [[x], y] = [[1], "a"] }', 'array<number, string>'],
		['a pattern over a union', 'package a\np := y if { x := [[1], ["foo"]]; x[_] = [y] }', 'any<number, string>'],
	])('knows the type of %s', (_, source, type) => {
		expect(inferred('data.a.p', source)).toBe(type);
	});

	it('takes base documents and input for anything', () => {
		expect(inferred('data.b.x.y', 'package a\np := 1')).toBe('any');
		expect(inferred('input.x', 'package a\np := 1')).toBe('any');
		expect(messages('package a\np if { input.x == 1; input.x == "a"; data.b.c[i] == i }')).toEqual([]);
	});

	it('knows packages by what is in them, and that there may be more', () => {
		expect(inferred('data.a', 'package a.b\np := 1')).toBe('object<b: object<p: number>[string: any]>[string: any]');
	});

	it('does not need rules in the order of their use', () => {
		expect(messages('package a\np := upper(q)\nq := r\nr := s\ns := "x"')).toEqual([]);
		expect(messages('package a\np := upper(q)\nq := r\nr := s\ns := 1')).toEqual(['upper: invalid argument(s)']);
	});
});

describe('errors', () => {
	it('are not repeated in what uses an erroneous rule or function', () => {
		expect(messages('package a\nb if { f(1) }\nf(x) if { upper(x + "a") }\nn := f(2).x')).toEqual([
			'plus: invalid argument(s)',
		]);
	});

	it('of a reference hide those of the expression around it', () => {
		expect(messages('package a\np if { arr := [1]; arr[0].x = 1 }')).toEqual(['undefined ref: arr[0].x']);
	});

	it('name the variables of the source', () => {
		expect(messages('package a\np if { foo := [[1]]; bar := "bar"; foo[0][bar] }')).toEqual([
			'undefined ref: foo[0][bar]',
		]);
	});

	it('show what a call stands for', () => {
		expect(messages('package a\np := (1 + 2).x')).toEqual(['undefined ref: 1 + 2.x']);
	});

	it('of queries are found as well', () => {
		const program = programOf('package a\np := 1');
		const { query } = compileQuery(parseQuery('data.a.p == "x"'), program, settings);

		expect(checkQuery(query, program).map(({ message }) => message)).toEqual(['match error']);
	});
});

describe('what with replaces', () => {
	it.each([
		['the document itself', 'q if { data.a.b == "foo" with data.a.b as "foo" }'],
		['what a rule depends on', 'c := b\nq if { lower(c) == "foo" with data.a.b as "foo" }'],
		['what a rule depends on at one remove', 'c := b\nd := c\nq if { lower(d) == "foo" with data.a.b as "foo" }'],
		['a package around it', 'c := b\nq if { lower(c) == "foo" with data.a as {"b": "foo"} }'],
		['a function', 'f(_) := true\nc := f(1)\nq if { lower(c) == "foo" with data.a.f as "foo" }'],
		['a function called here', 'f(_) := true\nq if { lower(f(1)) == "foo" with data.a.f as "foo" }'],
		['a builtin called here', 'q if { count([1]) == "foo" with count as "foo" }'],
		['what a comprehension reads', 'c := b\nq if { [y | y := lower(c)] == ["foo"] with data.a.b as "foo" }'],
		['what is assigned', 'q if { x := b with data.a.b as "foo"; lower(x) == "foo" }'],
	])('is not taken for the rule: %s', (_, rules) => {
		expect(messages(`package a\nb := true\n${rules}`)).toEqual([]);
	});

	it('leaves everything else checked', () => {
		expect(messages('package a\nb := true\nc := b\no := 1\nq if { lower(c) == "x" with data.a.o as 2 }')).toEqual([
			'lower: invalid argument(s)',
		]);
		expect(messages('package a\nb := true\nq if { x := "a"; sum([1, x]) == 1 with data.a.b as 1 }')).toEqual([
			'sum: invalid argument(s)',
		]);
	});
});

describe('closures', () => {
	const source = 'package a\np if { every x in input.xs { x > 0; 1 == "a" } }';

	it('of every are checked for references only, as OPA does', () => {
		expect(messages(source)).toEqual([]);
		expect(messages('package a\nn := 1\np if { every x in input.xs { x > n.y } }')).toEqual([
			'undefined ref: data.a.n.y',
		]);
	});

	it('of every are checked in full when asked to', () => {
		expect(checkTypes(programOf(source), { closures: true }).map(({ message }) => message)).toEqual(['match error']);
	});

	it('with a rule that reads its own variables are accepted', () => {
		expect(
			messages('package a\np if { every k, v in {"a": [1]} { v[0] == 1; k == "a"; [y | y := v[_]] == [1] } }'),
		).toEqual([]);
	});
});

describe('size', () => {
	it('of types that double with each line is bounded', () => {
		const doubling = Array.from({ length: 60 }, (_, i) => `\tx${i + 1} := [x${i}, x${i}]`).join('\n');
		const rules = Array.from({ length: 60 }, (_, i) => `r${i + 1} := {"a": r${i}, "b": r${i}}`).join('\n');

		expect(
			messages(`package a\np := x60 if {\n\tx0 := 1\n${doubling}\n}\nr0 := 1\n${rules}\nq if { r60 == p }`),
		).toEqual([]);
	});

	it('of chains of rules is not that of the call stack', () => {
		const chain = Array.from({ length: 20_000 }, (_, i) => `r${i} := r${i + 1}`).join('\n');

		expect(messages(`package a\n${chain}\nr20000 := 1`)).toEqual([]);
	});
});
