import { describe, expect, test } from 'vitest';
import { caller, testContext } from './calling.test.support.ts';
import { regexBuiltins } from './regex.ts';

const call = caller(regexBuiltins);

describe('refuses', () => {
	test.each([
		['regex.match', ['[', 'a'], 'error parsing regexp: missing closing ]: `[`'],
		['regex.match', ['(?=a)', 'a'], 'error parsing regexp: invalid or unsupported Perl syntax: `(?=`'],
		['regex.match', [1, 'a'], 'operand 1 must be string but got number'],
		['regex.match', ['a', null], 'operand 2 must be string but got null'],
		['regex.find_n', ['a', 'a', 1.5], 'operand 3 must be integer number but got floating-point number'],
		['regex.template_match', ['{a', 'a', '{', '}'], 'unbalanced braces in "{a"'],
		['regex.template_match', ['a}{', 'a', '{', '}'], 'unbalanced braces in "a}{"'],
		['regex.template_match', ['{[}', 'a', '{', '}'], 'error parsing regexp: missing closing ]'],
		[
			'regex.template_match',
			['a', 'a', '<<', '>'],
			'start delimiter has to be exactly one character long but is 2 long',
		],
		['regex.template_match', ['a', 'a', '<', ''], 'end delimiter has to be exactly one character long but is 0 long'],
		['regex.replace', ['a', '(', 'b'], 'error parsing regexp: missing closing ): `(`'],
	] as const)('%s%j', (name, args, message) => {
		expect(() => call(name, ...args)).toThrow(message);
	});
});

test.each([
	['^[a-z]+\\[[0-9]+\\]$', 'foo[1]', true],
	['^[a-z]+\\[[0-9]+\\]$', 'foo[1]\n', false],
	['', 'x', true],
	['(?i)abc', 'xABCx', true],
	['a.c', 'a\nc', false],
	['(?s)a.c', 'a\nc', true],
	['\\s', '\v', false],
])('regex.match(%j, %j) is %s', (pattern, text, expected) => {
	expect(call('regex.match', pattern, text)).toBe(expected);
	expect(call('re_match', pattern, text)).toBe(expected);
});

test('an expression that makes backtracking engines hang is matched at once', () => {
	// Processor time: it does not depend on what else the machine does.
	const started = process.cpuUsage();

	expect(call('regex.match', '^(a+)+$', `${'a'.repeat(50_000)}!`)).toBe(false);
	expect(process.cpuUsage(started).user).toBeLessThan(2_000_000);
});

test('an expression that grows large when compiled is charged for its size', () => {
	let steps = 0;
	const counting = caller(regexBuiltins, testContext({ spend: (count) => (steps += count) }));

	counting('regex.match', '(?:a|b){1000}c', 'a'.repeat(1_000));
	expect(steps).toBeGreaterThan(900);
	expect(() => call('regex.match', 'a'.repeat(100_001), 'a')).toThrow(
		'regular expression is too long: 100001 characters',
	);
	expect(() => call('regex.match', '(a{1000}b{1000}){1000}', 'a')).toThrow('error parsing regexp: ');
});

test('many matches are charged for how far each may look', () => {
	const stepsOf = (pattern: string): number => {
		let steps = 0;
		const counting = caller(regexBuiltins, testContext({ spend: (count) => (steps += count) }));
		counting('regex.find_n', pattern, 'a'.repeat(2_000), -1);
		return steps;
	};

	expect(stepsOf('a')).toBeLessThan(3_000);
	expect(stepsOf('a|b')).toBeLessThan(3_000);
	expect(stepsOf('a.*b|a')).toBeGreaterThan(10_000);
});

test('regex.is_valid says false of anything that is no expression', () => {
	expect(call('regex.is_valid', '++')).toBe(false);
	expect(call('regex.is_valid', 1)).toBe(false);
	expect(call('regex.is_valid', 'a+')).toBe(true);
});

test.each([
	['a.', 'paranormal', -1, ['ar', 'an', 'al']],
	['a.', 'paranormal', 2, ['ar', 'an']],
	['a.', 'paranormal', 0, []],
	['x*', 'axb', -1, ['', 'x', '']],
	['.', '😀é', -1, ['😀', 'é']],
	['^', 'ab', -1, ['']],
	['z', 'ab', -1, []],
])('regex.find_n(%j, %j, %d)', (pattern, text, count, expected) => {
	expect(call('regex.find_n', pattern, text, count)).toEqual(expected);
});

test('regex.find_all_string_submatch_n gives groups, empty where they took no part', () => {
	expect(call('regex.find_all_string_submatch_n', 'a(x*)b', '-axxb-ab-', -1)).toEqual([
		['axxb', 'xx'],
		['ab', ''],
	]);
	expect(call('regex.find_all_string_submatch_n', '(a)|(b)', 'b', -1)).toEqual([['b', '', 'b']]);
});

test.each([
	['a', 'banana', ['b', 'n', 'n', '']],
	['z+', 'pizza', ['pi', 'a']],
	['^[a-z ]+$', 'foobar baz', ['', '']],
	['x', '', ['']],
	['', 'abc', ['a', 'b', 'c']],
	['', '', []],
	['b*', 'abbc', ['a', 'c']],
])('regex.split(%j, %j)', (pattern, text, expected) => {
	expect(call('regex.split', pattern, text)).toEqual(expected);
});

test.each([
	['foo', '^[a-z]', 'F', 'Foo'],
	['foo', '[a-z]$', 'F', 'foF'],
	['-wy-wxxy-', 'w(x*)y', '0', '-0-0-'],
	['-wxxy-', 'w(x*)y', '[$1]', '-[xx]-'],
	['-wxxy-', 'w(x*)y', '[$1x]', '-[]-'],
	// biome-ignore lint/suspicious/noTemplateCurlyInString: the replacement syntax has braces.
	['-wxxy-', 'w(x*)y', '[${1}x]', '-[xxx]-'],
	['-wxxy-', 'w(?P<n>x*)y', '$n $$ $9 $', '-xx $  $-'],
	['abc', '', '-', '-a-b-c-'],
	['baac', 'a*', 'x', 'xbxcx'],
	['foo', 'z', 'x', 'foo'],
])('regex.replace(%j, %j, %j) is %j', (text, pattern, template, expected) => {
	expect(call('regex.replace', text, pattern, template)).toBe(expected);
});

test('regex.template_match takes text outside of the delimiters as it stands', () => {
	expect(call('regex.template_match', 'urn:foo:<.*>', 'urn:foo:bar:baz', '<', '>')).toBe(true);
	expect(call('regex.template_match', 'urn.foo:{[a-z]{3}}', 'urn.foo:bar', '{', '}')).toBe(true);
	expect(call('regex.template_match', 'urn.foo:{.*}', 'urnxfoo:bar', '{', '}')).toBe(false);
});

test('regex.globs_match says whether two expressions have a string in common', () => {
	expect(call('regex.globs_match', 'a.a.[0-9]+z', '.b.b2359825792*594823z')).toBe(true);
	expect(call('regex.globs_match', '[a-z]+', '[0-9]*')).toBe(false);
});
