import { describe, expect, it } from 'vitest';
import { format } from './index.ts';

/** Formats rules, and checks that their form stays what it is. */
function formatted(rules: string): string {
	const text = format(`package x\n\n${rules}\n`);
	expect(format(text)).toBe(text);
	return text.slice('package x\n\n'.length).replace(/\n$/, '');
}

const body = (...lines: readonly string[]): string =>
	`p if {\n${lines.map((line) => (line === '' ? '' : `\t${line}`)).join('\n')}\n}`;

describe('format', () => {
	it('refuses what does not parse', () => {
		expect(() => format('package x\np := ')).toThrow('expected rule value term');
	});

	it.each([
		['p   =  1', 'p := 1'],
		['default   p=false', 'default p := false'],
		['p if { x }', 'p if x'],
		['p if { true }', 'p := true'],
		['p := true if { x }', 'p if x'],
		['p := 1 if { true }', 'p := 1'],
		['f(x)=y if {y:=x}', 'f(x) := y if y := x'],
		['f(1) if { true }', 'f(1) := true'],
		['f(1)', 'f(1)'],
		['s contains   1', 's contains 1'],
		['p.q := 1', 'p["q"] := 1'],
		['p.q := 1\na.b.c := 2', 'p.q := 1\na.b.c := 2'],
		['p[x] if { x := 1 }', 'p[x] if x := 1'],
		['p["\\u0001"] := 1', 'p["\\u0001"] := 1'],
		['p[input.x] if { true }', 'p[input.x] := true'],
		['a.b.c if true', 'a.b.c := true'],
		['p if { x; y }', 'p if {\n\tx\n\ty\n}'],
		['p if { {1} }', 'p if {\n\t{1}\n}'],
		['p if { x } else = 2 if { y }', 'p if x\n\nelse := 2 if y'],
		['p if {\nx\n} else := 2', 'p if {\n\tx\n} else := 2'],
		['p if {\nx\n}\nelse if y', 'p if {\n\tx\n}\n\nelse if y'],
		['f(_) if {\nx\n} { y\n}', 'f(_) if {\n\tx\n}\n\nf(_) if {\n\ty\n}'],
	])('writes the rule %j', (source, expected) => {
		expect(formatted(source)).toBe(expected);
	});

	it.each([
		['not   x', 'not x'],
		['x==y', 'x == y'],
		['x := 1+2*3', 'x := 1 + (2 * 3)'],
		['1 - (2 - 3)', '1 - (2 - 3)'],
		['(1 - 2) - 3', '1 - 2 - 3'],
		['x == (y == z)', 'x == (y == z)'],
		['x := plus(1, 2)', 'x := 1 + 2'],
		['plus(1, 2, x)', 'x = 1 + 2'],
		['x in (y in z)', 'x in (y in z)'],
		['(x in y) == z', '(x in y) == z'],
		['internal.member_3(k, v, xs)', 'k, v in xs'],
		['some   x,y', 'some x, y'],
		['some k,v in xs', 'some k, v in xs'],
		['every k,v in xs { v; k }', 'every k, v in xs { v; k}'],
		['every x in (y in z) { x }', 'every x in (y in z) { x }'],
		['x with input.a as 1   with data.b as 2', 'x with input.a as 1 with data.b as 2'],
		['{or(x, y)}', '{(x | y)}'],
		['[(x in y) | z]', '[(x in y) | z]'],
		['[x + y | z]', '[((x + y) | z)]'],
		['[plus(x, y) | z]', '[(x + y) | z]'],
		['{k: plus(x, y) | z}', '{k: (x + y) | z}'],
		['{1, 1.0, 2}', '{1, 2}'],
		['{"a": 1, "a": 2}', '{"a": 2}'],
		['a["b"]["c d"].if["in"]', 'a.b["c d"].if["in"]'],
		['x == "\\u0000\\/"', 'x == "\\u0000\\/"'],
		['x == `a"b`', 'x == `a"b`'],
		['x == ("a")', 'x == "a"'],
		['$"a{ x }b{1}\\n\\{"', '$"a{x}b1\\n\\{"'],
		['$`a{ x }{"`"}`', '$`a{x}{"`"}`'],
		['-x == - 1', '0 - x == -1'],
		['{x|y;z}', '{x | y; z}'],
		['[.5, - .5, 0.50]', '[.5, -.5, 0.50]'],
		['set(  )', 'set()'],
	])('writes the expression %j', (source, expected) => {
		expect(formatted(`p if {\n\t${source}\n\ttrue\n}`)).toBe(body(expected, 'true'));
	});

	it('keeps lines apart that stood apart, with a comma after the last', () => {
		expect(formatted('p := {"a": 1,\n"b": [2,\n3]}')).toBe('p := {\n\t"a": 1,\n\t"b": [\n\t\t2,\n\t\t3,\n\t],\n}');
		expect(formatted('p := [\n1, 2]')).toBe('p := [\n\t1, 2,\n]');
		expect(formatted('p := f(1,\n2)')).toBe('p := f(\n\t1,\n\t2,\n)');
		expect(formatted('p := [x |\nx := 1]')).toBe('p := [x |\n\tx := 1\n]');
	});

	it('keeps one blank line between expressions and between rules', () => {
		expect(formatted('p if {\nx\n\n\n\ny\n}\n\n\n\nq := 1\nr := 2')).toBe('p if {\n\tx\n\n\ty\n}\n\nq := 1\nr := 2');
	});

	it('keeps comments where they stood', () => {
		const source = '# a\np if { # b\n# c\nx # d\n\n# e\ny := [ # f\n1, # g\n# h\n]\n# i\n} # j\n# k';

		expect(formatted(source)).toBe(
			'# a\np if { # b\n\t# c\n\tx # d\n\n\t# e\n\ty := [ # f\n1, # g\n# h\n]\n\t# i\n} # j\n\n# k',
		);
	});

	it('sorts imports that stand together', () => {
		const source = 'import data.b # b\nimport data.a as c\n\nimport input.x\np := 1';

		expect(formatted(source)).toBe('import data.a as c\nimport data.b # b\n\nimport input.x\n\np := 1');
	});

	it('drops imports of keywords beside rego.v1, but for those beyond v1 in use', () => {
		const source = 'import rego.v1\nimport future.keywords\np if not { x }';

		expect(formatted(source)).toBe('import future.keywords.not\nimport rego.v1\n\np if not { x }');
	});

	it('writes bodies of not', () => {
		const source = 'import future.keywords.not\n\np if {\nnot {x;y}\nnot ({x})\nnot {\nx\n}\n}';

		expect(formatted(source)).toBe(
			'import future.keywords.not\n\np if {\n\tnot { x; y }\n\tnot ({x})\n\tnot {\n\t\tx\n\t}\n}',
		);
	});

	it('writes with on the lines where it stood', () => {
		expect(formatted('p if {\nx with input as 1\nwith data.y as 2\n}')).toBe(
			body('x with input as 1', '\twith data.y as 2'),
		);
	});

	it('leaves text alone that a comment stands in', () => {
		const source = '\tf([1\n# a\n ], 2) == x with y as 1';

		expect(formatted(`p if {\n${source}\n}`)).toBe(`p if {\n${source}\n}`);
	});
});

it('keeps numbers apart that are one double', () => {
	const source = 'package p\n\nx := {0.1, 0.10000000000000000001, 0.10, 9007199254740993.0, 9007199254740992.0}\n';

	expect(format(source)).toBe(
		'package p\n\nx := {0.1, 0.10000000000000000001, 9007199254740993.0, 9007199254740992.0}\n',
	);
});
