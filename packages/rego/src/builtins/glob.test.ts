import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { caller, testContext } from './calling.test.support.ts';
import { globBuiltins } from './glob.ts';

const call = caller(globBuiltins);

describe('glob.match refuses', () => {
	test.each([
		['delimiters that are no array', ['*', 1, 'a'], 'operand 2 must be one of {array, null} but got number'],
		[
			'a delimiter that is no string',
			['*', [1], 'a'],
			'operand 2 must be array of strings but got array containing number',
		],
		[
			'a delimiter of two characters',
			['*', ['..'], 'a'],
			'operand 2 must be array of runes but got array containing string',
		],
		['a range that goes down', ['[z-a]', [], 'a'], "hi character 'a' should be greater than lo 'z'"],
		['two ranges in one class', ['[a-z0-9]', [], 'a'], 'expected close range character'],
		['a class that stays open', ['[abc', [], 'a'], 'unexpected end of input'],
		['an empty class', ['[]', [], 'a'], 'could not parse range'],
	] as const)('%s', (_name, args, message) => {
		expect(() => call('glob.match', ...args)).toThrow(message);
	});
});

test.each([
	['*.example.com', ['.'], 'api.example.com', 'a.b.example.com'],
	['*.example.com', ['.'], '.example.com', 'example.com'],
	['**.example.com', ['.'], 'a.b.example.com', 'a.b.example.org'],
	['example.com', ['.'], 'example.com', 'example.com.'],
	['api.*', ['.'], 'api.x', 'api.x.y'],
	['*', [], 'a', 'a.b'],
	['*', null, 'a.b', undefined],
	['*:github:com', [':'], 'api:github:com', 'a:b:github:com'],
	['?at', ['f'], 'bat', 'fat'],
	['[abc]at', [], 'cat', 'fat'],
	['[!abc]at', [], 'fat', 'cat'],
	['[a-c]at', [], 'bat', 'dat'],
	['[!a-c]at', [], 'dat', 'bat'],
	['{cat,bat,[fr]at}', [], 'rat', 'at'],
	['api.{eu,us}.x.io', ['.'], 'api.us.x.io', 'api.ap.x.io'],
	['a.*.z', ['.'], 'a.b.z', 'a.z'],
	['a.**.z', ['.'], 'a.b.c.z', 'a.z'],
	['ab*ba', ['.'], 'abba', 'aba'],
	['{a,b}{*,/**}', ['/'], 'b/c/d', 'c'],
	['{a,b}{a,b}{a,b}{a,b}{a,b}', [], 'ababa', 'abab'],
	['a{b,{c,d*}}e', [], 'adxxe', 'adx.xe'],
	['{,a}b', [], 'b', 'aab'],
	['\\*.x', [], '*.x', 'a.x'],
	['a?c', [], 'a😀c', 'abbc'],
	['*a*b*', null, 'xxaxxbxx', 'xxbxxaxx'],
] as const)('%s with delimiters %j matches %s, not %s', (pattern, delimiters, matching, other) => {
	expect(call('glob.match', pattern, delimiters, matching)).toBe(true);
	if (other !== undefined) expect(call('glob.match', pattern, delimiters, other)).toBe(false);
});

test('a pattern of many stars takes time in proportion to the text', () => {
	const pattern = `${'*a'.repeat(30)}b`;
	let steps = 0;
	const counting = caller(globBuiltins, testContext({ spend: (count) => (steps += count) }));

	// Processor time: it does not depend on what else the machine does.
	const started = process.cpuUsage();

	expect(counting('glob.match', pattern, null, 'a'.repeat(2_000))).toBe(false);
	expect(process.cpuUsage(started).user).toBeLessThan(2_000_000);
	expect(steps).toBeGreaterThan(100);
});

test('glob.quote_meta escapes what has a meaning, and only that', () => {
	expect(call('glob.quote_meta', '*.github.com')).toBe('\\*.github.com');
	expect(call('glob.quote_meta', 'a,b-c!d')).toBe('a,b-c!d');
	const quoted = call('glob.quote_meta', '[x]{y}?\\') as string;
	expect(call('glob.match', quoted, null, '[x]{y}?\\')).toBe(true);
});

const alphabet = ['a', 'b', '.', '/', '😀'];
const globs = fc
	.array(fc.constantFrom('a', 'b', '.', '*', '**', '?', '{a,b.}', '{,a*}', '[ab]', '[!a]', '[a-b]', '😀'), {
		maxLength: 5,
	})
	.map((parts) => parts.join(''));

test('agrees with the regular expression that means the same', () => {
	fc.assert(
		fc.property(
			globs,
			fc.subarray(['.', '/', '😀']),
			fc.array(fc.array(fc.constantFrom(...alphabet), { maxLength: 6 }), { minLength: 5, maxLength: 5 }),
			(pattern, delimiters, texts) => {
				const any = delimiters.length === 0 ? '[^]' : `[^${delimiters.join('')}]`;
				const source = pattern.replace(/\*\*?|[?.,{}]|\[!/gu, (part) => {
					const meanings: Record<string, string> = {
						'**': '[^]*',
						'*': `${any}*`,
						'?': any,
						'.': '\\.',
						',': '|',
						'{': '(?:',
						'}': ')',
						'[!': '[^',
					};
					return meanings[part]!;
				});
				const expected = new RegExp(`^(?:${source})$`, 'u');
				for (const chars of texts) {
					const text = chars.join('');
					const got = call('glob.match', pattern, delimiters.length === 0 ? null : delimiters, text);
					expect(got, `${pattern} ${delimiters.join('')} on ${text}`).toBe(expected.test(text));
				}
			},
		),
		{ numRuns: 2_000, seed: 7 },
	);
});
