import { expect, test } from 'vitest';
import { printDiagnostic } from '../errors.ts';
import { type CompileOptions, check } from '../program.ts';

function errors(source: string, options: CompileOptions = {}): string[] {
	return check({ 'p.rego': `package p\n\n${source}` }, options).map((item) => printDiagnostic(item, { columns: true }));
}

const refused: readonly (readonly [behaviour: string, source: string, ...errors: string[]])[] = [
	['a variable that nothing binds', 'a if x > 1', 'p.rego:3:6: rego_unsafe_var_error: var x is unsafe'],
	['a variable that only a negation mentions', 'a if not x', 'p.rego:3:6: rego_unsafe_var_error: var x is unsafe'],
	['a head value that the body does not bind', 'a := x if true', 'p.rego:3:6: rego_unsafe_var_error: var x is unsafe'],
	[
		'a member that the body does not bind',
		'a contains x if true',
		'p.rego:3:12: rego_unsafe_var_error: var x is unsafe',
	],
	['a head key that the body does not bind', 'a[x] := 1 if true', 'p.rego:3:3: rego_unsafe_var_error: var x is unsafe'],
	[
		'a variable in a comprehension that nothing binds',
		'a := {y | y := 1; y > x}',
		'p.rego:3:19: rego_unsafe_var_error: var x is unsafe',
	],
	[
		'the cause, not what follows from it',
		'a if {\n\tfirst := nobody[0]\n\ttitle := first.title\n\ttitle == "CEO"\n}',
		'p.rego:4:2: rego_unsafe_var_error: var nobody is unsafe',
	],
	[
		'a right side bound only through its left',
		'a if {\n\tsome y\n\t{"k": x} := {"k": y}\n\tx == y\n}',
		'p.rego:5:2: rego_unsafe_var_error: var y is unsafe',
	],
	['a set pattern as an output', 'a if {x} = {1}', 'p.rego:3:6: rego_unsafe_var_error: var x is unsafe'],
	['a call fed by its own result', 'a if x = abs(x)', 'p.rego:3:6: rego_unsafe_var_error: var x is unsafe'],
	['a second declaration', 'a if {\n\tx := 1\n\tx := 2\n}', 'p.rego:5:2: rego_compile_error: var x assigned above'],
	['a declaration after use', 'a if {\n\tx = 1\n\tx := 2\n}', 'p.rego:5:2: rego_compile_error: var x referenced above'],
	['a second some', 'a if {\n\tsome x\n\tsome x\n\tx = 1\n}', 'p.rego:5:2: rego_compile_error: var x declared above'],
	['a redeclared argument', 'f(x) if x := 1', 'p.rego:3:9: rego_compile_error: arg x redeclared'],
	[
		'a declared variable that is never used',
		'a if {\n\tsome x\n\ttrue\n}',
		'p.rego:4:2: rego_compile_error: declared var x unused',
	],
	['an assignment to a constant', 'a if 1 := 2', 'p.rego:3:6: rego_compile_error: cannot assign to number'],
	[
		'an assignment under not',
		'a if not x := 1',
		'p.rego:3:6: rego_compile_error: cannot assign vars inside negated expression',
	],
	[
		'a call of a shadowed name',
		'a if {\n\tcount := 1\n\tcount([1]) == count\n}',
		'p.rego:5:2: rego_compile_error: called function count shadowed',
	],
	['calls in parameters', 'f(abs(1)) := 2', 'p.rego:3:3: rego_compile_error: rule arguments cannot contain calls'],
	['an unknown function', 'a if cuont([]) == 0', 'p.rego:3:6: rego_type_error: undefined function cuont'],
	[
		'an unknown function of the package',
		'a if data.p.f(1)',
		'p.rego:3:6: rego_type_error: undefined function data.p.f',
	],
	[
		'too many arguments',
		'f(x) := x\na if f(1, 2, 3)',
		'p.rego:4:6: rego_type_error: function data.p.f has arity 1, got 3 arguments',
	],
	[
		'too few arguments',
		'f(x, y) := x + y\na := f(1)',
		'p.rego:4:6: rego_type_error: function data.p.f has arity 2, got 1 argument',
	],
	[
		'a rule that uses itself',
		'a if a',
		'p.rego:3:1: rego_recursion_error: rule data.p.a is recursive: data.p.a -> data.p.a',
	],
	[
		'rules that use each other',
		'a if b\nb if not a',
		'p.rego:3:1: rego_recursion_error: rule data.p.a is recursive: data.p.a -> data.p.b -> data.p.a',
		'p.rego:4:1: rego_recursion_error: rule data.p.b is recursive: data.p.b -> data.p.a -> data.p.b',
	],
	[
		'a function that calls itself',
		'f(x) := f(x)',
		'p.rego:3:1: rego_recursion_error: rule data.p.f is recursive: data.p.f -> data.p.f',
	],
	[
		'recursion through a variable operand',
		'a contains 1 if data.p[x]\nb := 1',
		'p.rego:3:1: rego_recursion_error: rule data.p.a is recursive: data.p.a -> data.p.a',
	],
	[
		'a rule that is complete and partial',
		'a := 1\na contains 2',
		'p.rego:3:1: rego_type_error: conflicting rules data.p.a found',
	],
	[
		'a rule that is function and document',
		'a := 1\na(x) := x',
		'p.rego:3:1: rego_type_error: conflicting rules data.p.a found',
	],
	[
		'functions of one name and two arities',
		'f(x) := x\nf(x, y) := y',
		'p.rego:3:1: rego_type_error: conflicting rules data.p.f found',
	],
	[
		'a rule inside another one',
		'a.b := 1\na.b.c := 2',
		'p.rego:3:1: rego_type_error: rule data.p.a.b conflicts with [data.p.a.b.c]',
	],
	[
		'two defaults',
		'default a := 1\ndefault a := 2',
		'p.rego:1:1: rego_type_error: multiple default rules data.p.a found at p.rego:3, p.rego:4',
	],
	[
		'a with that replaces part of a rule',
		'a := {"b": 1}\nb if true with data.p.a.b as 2',
		'p.rego:4:11: rego_compile_error: with keyword cannot partially replace virtual document(s)',
	],
	[
		'a with that replaces a variable',
		'a if {\n\tx := 1\n\ttrue with x as 2\n}',
		'p.rego:5:12: rego_type_error: with keyword target must reference existing input, data, or a function',
	],
	[
		'a with that replaces walk',
		'a if true with walk as 1',
		'p.rego:3:11: rego_compile_error: with keyword replacing built-in function: target must not be a relation',
	],
];

for (const [behaviour, source, ...wanted] of refused) {
	test(`refuses ${behaviour}`, () => {
		expect(errors(source).map((line) => line.split('\n')[0])).toEqual(wanted);
	});
}

test('reports the errors of all rules and files at once, in order', () => {
	const found = check({
		'b.rego': 'package b\n\na if x\n\nb if y',
		'a.rego': 'package a\n\na := nothing(1)\n\nb if z',
	});

	expect(found.map((item) => printDiagnostic(item))).toEqual([
		'a.rego:3: rego_type_error: undefined function nothing',
		'a.rego:5: rego_unsafe_var_error: var z is unsafe',
		'b.rego:3: rego_unsafe_var_error: var x is unsafe',
		'b.rego:5: rego_unsafe_var_error: var y is unsafe',
	]);
});

test('says of a refused builtin why it is refused', () => {
	const [found] = check({ 'p.rego': 'package p\n\na if http.send({"method": "get", "url": "x"})' });

	expect(found?.message).toBe('undefined function http.send');
	expect(found?.hint).toContain('must not depend on the network');
});

test('names the builtin that was probably meant', () => {
	expect(check({ 'p.rego': 'package p\n\na := cuont([])' })[0]?.hint).toBe('did you mean count?');
});

test('names the package of a rule that was probably meant', () => {
	const found = check({ 'p.rego': 'package p\n\na if is_admin', 'lib.rego': 'package lib\n\nis_admin if input.admin' });

	expect(found[0]?.hint).toBe('did you mean data.lib.is_admin? Import its package');
});

test('refuses builtins outside the capabilities', () => {
	expect(errors('a := count([1])\nb := 1 + 2', { capabilities: ['sum'] })).toEqual(
		[
			'p.rego:3:6: rego_type_error: undefined function count',
			'p.rego:4:6: rego_type_error: undefined function plus',
		].slice(0, 1),
	);
});

test('refuses unsafe builtins by name', () => {
	expect(errors('a := count([1])', { unsafeBuiltins: ['count'] })).toEqual([
		'p.rego:3:6: rego_type_error: unsafe built-in function calls in expression: count',
	]);
});

test('refuses undeclared variables in prints and template strings', () => {
	expect(errors('a if print(x)', { print: true })).toEqual(['p.rego:3:12: rego_compile_error: var x is undeclared']);
	expect(errors('a := $"{x}"')[0]).toContain('rego_compile_error: var x is undeclared');
});

test('refuses a missing entrypoint', () => {
	expect(errors('a := 1', { entrypoints: ['data.p.a', 'data.p.b'] })).toEqual([
		'rego_compile_error: entrypoint data.p.b does not exist',
	]);
});

test('compiles what is near to each refusal', () => {
	const sources = [
		'a if {\n\tx := 1\n\tx > 0\n}',
		'a if {\n\tnot input.x\n}',
		'a contains x if some x in input',
		'a if {\n\ty > x\n\tx = 1\n\ty = 2\n}',
		'a := [x | some x in [1]] if {\n\tx := 2\n\tx == 2\n}',
		'f(x) := x\na := f(1)\nb if f(1, 1)',
		'a.b := 1\na.c := 2\na.d[x] := x if x := 1',
		'a := 1\nb if a == 2 with data.p.a as 2',
	];

	for (const source of sources) expect([source, errors(source)]).toEqual([source, []]);
});
