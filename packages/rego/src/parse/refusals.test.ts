import { describe, expect, it } from 'vitest';
import { type Diagnostic, RegoError } from '../errors.ts';
import { parseModule, parseQuery, parseRef, parseTermText } from './index.ts';
import { limits } from './limits.ts';

function refused(read: () => unknown): readonly Diagnostic[] {
	try {
		read();
	} catch (error) {
		if (error instanceof RegoError) return error.diagnostics;
		throw error;
	}
	throw new Error('expected a refusal');
}

const inPackage = (text: string): readonly Diagnostic[] => refused(() => parseModule(`package x\n${text}`, 'x.rego'));

describe('parseModule', () => {
	it.each([
		['allow { input.x }', 2, 1, '`if` keyword is required before rule body'],
		['f(x) { x }', 2, 1, '`if` keyword is required before function body'],
		['p := 1 if x\nelse { y }', 3, 1, '`if` keyword is required before rule body'],
		['p.q', 2, 1, '`contains` keyword is required for partial set rules'],
		['a.b.c', 2, 1, 'rule must have value assignment and/or body declaration'],
		['p', 2, 1, 'var cannot be used for rule name'],
		['p [x] := 1', 2, 1, 'var cannot be used for rule name'],
		['"p"', 2, 1, 'string cannot be used for rule name'],
		['contains := 1', 2, 1, 'contains keyword cannot be used for rule name'],
		['x == 1', 2, 1, 'rule name conflicts with built-in function'],
		['not x', 2, 1, 'negated expressions cannot be used for rule head'],
		['some x', 2, 1, "'some' declarations cannot be used for rule head"],
		['p with input as 1', 2, 1, 'expressions using with keyword cannot be used for rule head'],
		['p := 1; q := 2', 2, 1, 'multiple expressions cannot be used for rule head'],
		['f()', 2, 1, 'rule argument list must take at least one argument'],
		['p := ', 2, 6, 'unexpected eof token: expected rule value term (e.g., p := <VALUE> { ... })'],
		['f(x) := ', 2, 9, 'unexpected eof token: expected function value term (e.g., f(...) := <VALUE> { ... })'],
		['p contains', 2, 11, 'unexpected eof token: expected rule key term (e.g., p contains <VALUE> { ... })'],
		['default p', 2, 1, 'illegal default rule (must have a value)'],
		['default p := input.x', 2, 1, 'illegal default rule (value cannot contain ref)'],
		['default f(1) := 2', 2, 1, 'illegal default rule (arguments cannot contain number)'],
		['default f(x, x) := 2', 2, 1, 'illegal default rule (arguments cannot be repeated x)'],
		['p[x] if x == 1 else := 2', 2, 16, 'else keyword cannot be used on rules with variables in head'],
		['p contains 1 if x else := 2', 2, 19, 'else keyword cannot be used on multi-value rules'],
		['p if x else := 1 if y { z }', 2, 23, 'unexpected { token: expected else keyword'],
		['p if { x; }', 2, 11, 'unexpected } token'],
		['p if { x y }', 2, 10, 'unexpected identifier token: expected \\n or ; or }'],
		['p if { every x in xs }', 2, 22, 'unexpected } token: missing body'],
		['p if { every 1 in xs { x } }', 2, 22, 'unexpected { token: expected value to be a variable'],
		['p if { not some x in xs }', 2, 12, "unexpected some keyword: illegal negation of 'some'"],
		['p if { some x == 1 }', 2, 20, 'unexpected } token: expected `x in xs` or `x, y in xs` expression'],
		['p if { x with y }', 2, 17, 'unexpected } token: expected as keyword'],
		['p if { x with 1 as 2 }', 2, 15, 'unexpected number token: expected ident'],
		['p := [1 2]', 2, 9, 'unexpected number token: expected "," or "]"'],
		['p := {"a": 1, "b" 2}', 2, 19, 'unexpected number token: expected ":"'],
		['p := (1', 2, 8, 'non-terminated expression'],
		['p := 01', 2, 6, 'unexpected number token: expected number without leading zero'],
		['p := 1e999999', 2, 6, 'number too big'],
		['p := "\\u12"', 2, 6, 'illegal string literal: "\\u12"'],
		['p := "a".b', 2, 6, 'illegal ref (head cannot be string)'],
		['p := a. b', 2, 8, 'unexpected whitespace token: expected identifier'],
		['p := @', 2, 6, 'illegal token'],
		['p := $"{x := 1}"', 2, 9, "unexpected assignment (':=') in template-string expression"],
		['p := $"{not x}"', 2, 9, "unexpected negation ('not') in template-string expression"],
		['p := $"{x y}"', 2, 11, 'expected } to end template string expression'],
		['import foo', 2, 8, 'unexpected import path, must begin with one of: {data, future, input, rego}, got: foo'],
		['import data.if', 2, 13, 'unexpected import path, must not end with a keyword, got: if'],
		['import data[x]', 2, 13, 'unexpected var token: expecting string'],
		['import rego.v2', 2, 8, 'invalid import `rego.v2`, must be `rego.v1`'],
		['import future.x', 2, 8, 'invalid import, must be `future.keywords`'],
		['import future.keywords.in as x', 2, 8, '`future` imports cannot be aliased'],
		['import future.keywords.and', 2, 8, 'unexpected keyword, must be one of [contains every if in not]'],
		['package y', 2, 1, 'unexpected package'],
	])('refuses %j', (text, row, col, message) => {
		const [first] = inPackage(text);

		expect(first).toMatchObject({ code: 'rego_parse_error', message });
		expect([first!.loc?.row, first!.loc?.col]).toEqual([row, col]);
	});

	it.each([
		['', 'empty module'],
		['# nothing', 'empty module'],
		['p := 1', 'package expected'],
		['package 1', 'unexpected number token'],
		['package a[b]', 'unexpected var token: expecting string'],
	])('refuses the file %j', (source, message) => {
		expect(refused(() => parseModule(source, 'x.rego'))[0]?.message).toBe(message);
	});

	it('shows the old syntax of partial sets how it is written now', () => {
		const hints = inPackage('deny[msg] { msg := "no" }').map(({ hint }) => hint);

		expect(hints).toEqual(['write `deny[msg] if { … }`', 'write `deny contains msg`']);
	});

	it('shows the line and a caret below the place', () => {
		expect(inPackage('\tp := )')[0]?.details).toEqual(['p := )', '     ^']);
	});

	it('reports every statement that cannot be read, in order', () => {
		const found = inPackage('p := )\nq := 1\nr := ]\ns if {\n\tx = = y\n}\nt := }');

		expect(found.map(({ loc }) => loc?.row)).toEqual([2, 4, 6, 8]);
	});

	it('stops at ten diagnostics', () => {
		expect(inPackage('p := )\n'.repeat(50))).toHaveLength(limits.diagnostics);
	});
});

describe('limits', () => {
	const deep: readonly (readonly [string, string])[] = [
		['(', ')'],
		['[', ']'],
		['{', '}'],
		['{"a": ', '}'],
		['f(', ')'],
		['a[', ']'],
		['[x | ', ']'],
		['{x: y | ', '}'],
		['$"{', '}"'],
		['1 + (', ')'],
	];

	it.each(deep)('refuses %j nested without end, and reads it nested a little', (open, close) => {
		const nested = (count: number): string => `p := ${open.repeat(count)}1${close.repeat(count)}`;

		expect(inPackage(nested(100_000))[0]?.code).toBe('rego_limit_error');
		expect(parseModule(`package x\n${nested(50)}`, '').rules).toHaveLength(1);
	});

	it.each(['1 + ', '1 in ', 'x | '])('refuses a chain of %j without end', (step) => {
		expect(inPackage(`p := ${step.repeat(100_000)}1`)[0]?.code).toBe('rego_limit_error');
	});

	it('refuses more else branches than the limit', () => {
		const branches = (count: number): string => `p := 0 if false${' else := 1 if false'.repeat(count)}`;

		expect(inPackage(branches(limits.elseBranches + 1))[0]?.code).toBe('rego_limit_error');
		expect(parseModule(`package x\n${branches(limits.elseBranches)}`, '').rules).toHaveLength(1);
	});

	it('a reference of more terms than the limit', () => {
		const reference = (length: number) => `package x\np := input${'.a'.repeat(length - 1)}`;

		expect(refused(() => parseModule(reference(limits.refLength + 1), ''))[0]?.code).toBe('rego_limit_error');
		expect(parseModule(reference(limits.refLength), '').rules).toHaveLength(1);
		expect(refused(() => parseModule(`package ${'x.'.repeat(limits.refLength)}x`, ''))[0]?.code).toBe(
			'rego_limit_error',
		);
	});

	it('refuses a source text and a number literal that are too long', () => {
		const source = `package x\n${' '.repeat(limits.sourceLength)}`;

		expect(refused(() => parseModule(source, ''))[0]?.code).toBe('rego_limit_error');
		expect(inPackage(`p := ${'1'.repeat(limits.numberLength + 1)}`)[0]?.code).toBe('rego_limit_error');
	});

	it('reads a line of a million characters in time that grows with it', () => {
		// Processor time: it does not depend on what else the machine does.
		const started = process.cpuUsage();

		parseModule(`package x\np := [${'1,'.repeat(500_000)}1]`, '');
		inPackage(`p := ${'} '.repeat(500_000)}`);

		expect(process.cpuUsage(started).user).toBeLessThan(10_000_000);
	});

	it('answers any jumble of tokens with a tree or with diagnostics', () => {
		const pieces = [
			'{',
			'}',
			'[',
			']',
			'(',
			')',
			'|',
			'"',
			'`',
			'$"',
			'if',
			'else',
			'not',
			'every',
			'some',
			'in',
			':=',
			'=',
			'.',
			'1',
			'x',
			'\n',
			' ',
			'#',
			'\u0000',
			'\ud800',
			'import',
			'package',
			'default',
			'with',
			',',
		];
		let seed = 1;
		const next = (below: number): number => {
			seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
			return seed % below;
		};
		for (let round = 0; round < 3000; round++) {
			const text = Array.from({ length: next(60) }, () => pieces[next(pieces.length)]).join('');
			try {
				parseModule(`package x\n${text}`, '');
			} catch (error) {
				expect(error).toBeInstanceOf(RegoError);
			}
		}
	});
});

describe('parseQuery, parseTermText, parseRef', () => {
	it('refuses a query without expressions, and statements of modules', () => {
		expect(refused(() => parseQuery(''))[0]?.message).toBe('found empty body');
		expect(refused(() => parseQuery('import data.x'))[0]?.message).toBe('unexpected import keyword: expected query');
	});

	it('refuses a term with variables, and more than one term', () => {
		expect(refused(() => parseTermText('{x}'))[0]?.message).toBe('expected term without variables but got {x}');
		expect(refused(() => parseTermText('1; 2'))[0]?.message).toBe('expected exactly one term but got 1; 2');
		expect(refused(() => parseTermText('not 1'))[0]?.message).toBe('expected exactly one term but got not 1');
	});

	it('refuses what is no ref', () => {
		expect(refused(() => parseRef('"a"'))[0]?.message).toBe('expected ref but got "a"');
	});
});
