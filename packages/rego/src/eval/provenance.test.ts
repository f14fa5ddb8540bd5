import { expect, test } from 'vitest';
import { compile, type EvaluateOptions } from '../program.ts';
import type { ProvenanceEntry } from './provenance.ts';

type Shown = Record<string, readonly (string | Shown)[]>;

function show(entries: readonly ProvenanceEntry[], deep: boolean): Shown {
	const shown: Shown = {};
	for (const { path, reasons } of entries) {
		shown[path] = reasons.flatMap((reason) => {
			const { site } = reason;
			const text = `${site.file}:${site.startRow}${reason.default ? ' default' : ''}`;
			const below = deep ? reason.because() : [];
			return below.length > 0 ? [text, show(below, deep)] : [text];
		});
	}
	return shown;
}

function because(source: string, path = 'data.p.a', options: EvaluateOptions & { deep?: boolean } = {}): Shown {
	const evaluation = compile({ 'p.rego': `package p\n\n${source}` }).evaluate(path, { ...options, provenance: true });
	return show(evaluation.provenance!, options.deep ?? false);
}

test('names the rule that made a complete value', () => {
	expect(because('a := 1 if input == 1\na := 2 if input == 2', 'data.p.a', { input: 2 })).toEqual({
		'data.p.a': ['p.rego:4'],
	});
});

test('names the else branch that held', () => {
	expect(because('a := 1 if {\n\tfalse\n} else := 2 if {\n\ttrue\n}')).toEqual({ 'data.p.a': ['p.rego:5'] });
});

test('says that a default stands because no body held', () => {
	expect(because('default a := 1\na := 2 if input')).toEqual({ 'data.p.a': ['p.rego:3 default'] });
});

test('stops at the first sufficient rule unless all reasons are asked for', () => {
	const source = 'a if true\na if not false\na if false';

	expect(because(source)).toEqual({ 'data.p.a': ['p.rego:3'] });
	expect(because(source, 'data.p.a', { allReasons: true })).toEqual({ 'data.p.a': ['p.rego:3', 'p.rego:4'] });
});

test('gives every rule that put a member into a set', () => {
	const source = 'a contains "x" if true\na contains y if some y in ["y", "x"]';

	expect(because(source)).toEqual({ 'data.p.a["x"]': ['p.rego:3', 'p.rego:4'], 'data.p.a["y"]': ['p.rego:4'] });
});

test('gives the rule of each entry of an object', () => {
	const source = 'a.x := 1\na[k] := 2 if k := "y"';

	expect(because(source)).toEqual({ 'data.p.a["x"]': ['p.rego:3'], 'data.p.a["y"]': ['p.rego:4'] });
});

test('gives every document of a package', () => {
	expect(because('a := 1\nb contains 2\nc := 3 if false', 'data.p')).toEqual({
		'data.p.a': ['p.rego:3'],
		'data.p.b[2]': ['p.rego:4'],
	});
});

test('follows what a rule read, down to the rules at the bottom', () => {
	const source =
		'a if {\n\tb\n\tnot c\n\td["x"]\n}\nb if f(1)\nc if false\nd contains "x" if e\nd contains "y"\ne if input.e\nf(x) if x == 1';

	expect(because(source, 'data.p.a', { input: { e: true }, deep: true })).toEqual({
		'data.p.a': [
			'p.rego:3',
			{
				'data.p.b': ['p.rego:8', { 'data.p.f': ['p.rego:13'] }],
				'data.p.d["x"]': ['p.rego:10', { 'data.p.e': ['p.rego:12'] }],
			},
		],
	});
});

test('leaves out what failed attempts read', () => {
	const source =
		'a := x if {\n\tsome x in [1, 2]\n\tok[x]\n}\nok[1] if low\nok[2] if high\nlow if input.low\nhigh if true';

	expect(because(source, 'data.p.a', { deep: true })).toEqual({
		'data.p.a': ['p.rego:3', { 'data.p.ok[2]': ['p.rego:8', { 'data.p.high': ['p.rego:10'] }] }],
	});
});

test('gives what a comprehension gathered', () => {
	const source = 'a := {x | b[x]; x > 1}\nb contains 1\nb contains 2';

	expect(because(source, 'data.p.a', { deep: true })).toEqual({
		'data.p.a': ['p.rego:3', { 'data.p.b[2]': ['p.rego:5'] }],
	});
});

test('gives a site its exact range and its annotation', () => {
	const source = 'package p\n\n# METADATA\n# title: Why not\na if {\n\ttrue\n}\n';
	const evaluation = compile({ 'p.rego': source }).evaluate('data.p.a', { provenance: true });
	const [reason] = evaluation.provenance![0]!.reasons;

	expect(reason!.site).toMatchObject({
		path: 'data.p.a',
		file: 'p.rego',
		startRow: 5,
		startCol: 1,
		endRow: 7,
		endCol: 2,
	});
	expect(reason!.site.annotation?.title).toBe('Why not');
});

test('changes no result', () => {
	const source =
		'a := {"s": s, "o": o, "f": f(2)}\ns contains x if some x in [1, 2]\no[k] := v if some k, v in ["p", "q"]\nf(x) := y if y := x + count(s)';
	const program = compile({ 'p.rego': `package p\n\n${source}` });

	expect(program.evaluate('data.p.a', { provenance: true }).result).toEqual(program.evaluate('data.p.a').result);
});

test('of a single member gives that member only', () => {
	const source = 'a contains "x"\na contains "y" if true\nb if a["y"]';
	const program = compile({ 'p.rego': `package p\n\n${source}\nc if { b; a["x"] }` });
	const evaluation = program.evaluate('data.p.a["x"]', { provenance: true });

	expect(evaluation.result).toBe('x');
	expect(show(evaluation.provenance!, false)).toEqual({ 'data.p.a["x"]': ['p.rego:3'] });
	expect(show(program.evaluate('data.p.c', { provenance: true }).provenance!, true)).toEqual({
		'data.p.c': [
			'p.rego:6',
			{ 'data.p.a["x"]': ['p.rego:3'], 'data.p.b': ['p.rego:5', { 'data.p.a["y"]': ['p.rego:4'] }] },
		],
	});
});

// Reasons are noted on every decision of the gateway, over lists that an agent writes: they must not cost time squared.
test.each([
	['one member that every item gives', 'a contains "x" if {\n\tsome x in input\n\tx >= 0\n}'],
	['functions called in a comprehension', 'f(x) if x >= 0\na if count([x | some x in input; f(x)]) > 0'],
	['functions called by every', 'f(x) if x >= 0\na if every x in input { f(x) }'],
	[
		'a set looked into at every turn',
		'b contains x if some x in input\na contains x if {\n\tsome x in input\n\tx in b\n}',
	],
	[
		'a comprehension looked into at every turn',
		'f(x) if x >= 0\na contains x if {\n\tsome x in input\n\tx in {y | some y in input; f(y)}\n}',
	],
])('takes time in proportion to the input for %s', (_, source) => {
	const program = compile({ 'p.rego': `package p\n\n${source}` });
	const run = (items: number): number => {
		const input = Array.from({ length: items }, (_, i) => i);
		const started = performance.now();
		expect(program.evaluate('data.p.a', { input, provenance: true }).provenance?.length).toBeGreaterThan(0);
		return performance.now() - started;
	};
	run(1000);
	// A bound against hanging, on a busy machine too: squared, it would be half a minute and more.
	expect(run(50_000)).toBeLessThan(15_000);
});

test('tells what a rule rests on that reads a whole set, and each document once', () => {
	const source = [
		'b contains x if some x in ["y", "z"]',
		'c contains x if some x in b',
		'f(x) if x != ""',
		'a if {\n\tcount(b) == 2\n\tcount([x | some x in b; f(x)]) == 2\n\tcount([x | some x in c]) == 2\n}',
	].join('\n');

	expect(because(source, 'data.p.a', { deep: true })).toEqual({
		'data.p.a': [
			'p.rego:6',
			{
				'data.p.b["y"]': ['p.rego:3'],
				'data.p.b["z"]': ['p.rego:3'],
				'data.p.f': ['p.rego:5'],
				'data.p.c["y"]': ['p.rego:4', { 'data.p.b["y"]': ['p.rego:3'] }],
				'data.p.c["z"]': ['p.rego:4', { 'data.p.b["z"]': ['p.rego:3'] }],
			},
		],
	});
});

test('holds for sets of any size', () => {
	const { provenance } = compile({
		'p.rego': 'package p\n\na contains x if some x in numbers.range(1, 130000)',
	}).evaluate('data.p', { provenance: true, limits: { stepsMax: 5_000_000 } });

	expect(provenance).toHaveLength(130_000);
});
