import { expect, test } from 'vitest';
import { compile } from '../program.ts';
import { dependencies } from './dependencies.ts';

function inputsOf(source: string, path = 'data.p.a'): readonly string[] {
	return dependencies(compile({ 'p.rego': `package p\n\n${source}` }), path).input;
}

test('what is not the path of a document is refused', () => {
	expect(() => dependencies(compile({}), 'input.x')).toThrow('rego_compile_error');
});

test('lists paths as far as their keys are constants', () => {
	expect(inputsOf('a if {\n\tinput.user.name == "x"\n\tinput.items[_].price > 1\n\tinput["odd key"]\n}')).toEqual([
		'input.items',
		'input.user.name',
		'input["odd key"]',
	]);
});

test('follows rules, functions, else branches, defaults and closures', () => {
	const source = `a if b

b if input.b else := c if input.d

c := [x | some x in input.list; f(input.g)]

f(x) if {
	x == input.h
	every y in input.ys { y == input.z }
	not input.n
}

unused if input.unused`;

	expect(inputsOf(source)).toEqual(['b', 'd', 'g', 'h', 'list', 'n', 'ys', 'z'].map((name) => `input.${name}`));
	expect(dependencies(compile({ 'p.rego': `package p\n\n${source}` }), 'data.p.a').rules).toEqual([
		'data.p.a',
		'data.p.b',
		'data.p.c',
		'data.p.f',
	]);
});

test('sees through variables that name a place', () => {
	expect(inputsOf('a if {\n\tuser := input.user\n\tuser.role == "admin"\n\tuser.age > 3\n}')).toEqual([
		'input.user.age',
		'input.user.role',
	]);
	expect(inputsOf('a if {\n\tuser := input.user\n\tuser.age > 3\n\tcount(user) > 2\n}')).toEqual(['input.user']);
	expect(inputsOf('a if {\n\tuser := input.user\n}')).toEqual(['input.user']);
	expect(inputsOf('a if {\n\tsome item in input.items\n\titem.x == input.y\n}')).toEqual(['input.items', 'input.y']);
});

test('an input that is replaced is not read', () => {
	expect(inputsOf('a if {\n\tb with input as {"x": input.y}\n\tinput.z == 1\n}\n\nb if input.x')).toEqual([
		'input.y',
		'input.z',
	]);
	expect(inputsOf('a if {\n\tb with input as {}\n\tb\n}\n\nb if input.x')).toEqual(['input.x']);
	expect(inputsOf('a if b with input.x as 1\n\nb if input.y')).toEqual(['input.y']);
});

test('tells base data from rules, and lists builtins', () => {
	const program = compile({
		'p.rego':
			'package p\n\na if {\n\tsome role in data.users[input.user].roles\n\tdata.q.ok[role]\n\tstartswith(data.prefix, "x")\n}',
		'q.rego': 'package q\n\nok contains role if some role in data.roles',
	});

	expect(dependencies(program, 'data.p')).toEqual({
		input: ['input.user'],
		data: ['data.p', 'data.prefix', 'data.roles', 'data.users'],
		rules: ['data.p.a', 'data.q.ok'],
		builtins: ['startswith'],
	});
});

test('the whole input is the input', () => {
	expect(inputsOf('a if {\n\tcount(input) > 1\n\tinput.x\n}')).toEqual(['input']);
	expect(inputsOf('a if true')).toEqual([]);
});
