import fc from 'fast-check';
import { RE2JS } from 're2js';
import { expect, test } from 'vitest';
import { nativeRegExp, reachOf } from './regex-native.ts';

test.each([
	'(a+)+$',
	'^a*a$',
	'^a?a',
	'^\\w+\\d$',
	'^.*x$',
	'a*',
	'[a-z]+@x',
	'a|b',
	'^a**',
	'^a{2}{3}',
	'^a*?b',
	'\\bx',
	'^[[:alpha:]]$',
	'^(?i)x',
	'^\\pL$',
	'\\8',
	'a{3',
	'^$x',
	`^a{1001}`,
])('leaves %s to RE2', (pattern) => {
	expect(nativeRegExp(pattern)).toBeUndefined();
});

test.each(['^[a-z0-9-]+\\.example\\.com$', '^/api/v[0-9]+/users$', '^[^/]+/x$', 'secret', '^\\d{3}-\\d{4}$', '^$', ''])(
	'takes %s',
	(pattern) => {
		expect(nativeRegExp(pattern)).toBeInstanceOf(RegExp);
	},
);

const atoms = [
	'a',
	'b',
	'c',
	'.',
	'\\.',
	'\\d',
	'\\w',
	'\\s',
	'\\S',
	'[a-b]',
	'[^a]',
	'[b-]',
	'[\\d.]',
	'é',
	'😀',
	'\n',
	' ',
	'1',
	'_',
];
const repeats = ['', '', '', '?', '*', '+', '{2}', '{1,3}', '{2,}'];
const patterns = fc
	.tuple(
		fc.constantFrom('', '^'),
		fc.array(fc.tuple(fc.constantFrom(...atoms), fc.constantFrom(...repeats)), { maxLength: 6 }),
		fc.constantFrom('', '$'),
	)
	.map(([start, items, end]) => start + items.map((item) => item.join('')).join('') + end);
const texts = fc
	.array(fc.constantFrom('a', 'b', 'c', '.', '1', '_', ' ', '\n', '\r', '\u2028', '\v', 'é', '😀', '-'), {
		maxLength: 12,
	})
	.map((chars) => chars.join(''));

test('means the same as RE2 wherever it takes a pattern', () => {
	let taken = 0;
	fc.assert(
		fc.property(patterns, fc.array(texts, { minLength: 4, maxLength: 4 }), (pattern, samples) => {
			const native = nativeRegExp(pattern);
			if (native === undefined) return;
			taken += 1;
			const re2 = RE2JS.compile(pattern);
			for (const text of samples)
				expect(native.test(text), `${pattern} on ${JSON.stringify(text)}`).toBe(re2.test(text));
		}),
		{ numRuns: 3_000, seed: 42 },
	);
	expect(taken).toBeGreaterThan(300);
});

test('what is taken stays linear on texts that nearly match', () => {
	for (const pattern of ['^a+b+c+d+$', '^[a-z]*[0-9]*-$', '^\\d{1,900}z$', '^a{1,500}b{1,500}c$']) {
		const native = nativeRegExp(pattern);
		expect(native, pattern).toBeDefined();
		const text = `${'a'.repeat(100_000)}${'b'.repeat(100_000)}!`;
		// Processor time: it does not depend on what else the machine does.
		const started = process.cpuUsage();
		native!.test(text);
		native!.test('1'.repeat(200_000));
		expect(process.cpuUsage(started).user, pattern).toBeLessThan(1_000_000);
	}
});

test.each([
	['a.*b|a', Number.POSITIVE_INFINITY],
	['a+$', Number.POSITIVE_INFINITY],
	['a+a', Number.POSITIVE_INFINITY],
	['(ab|c)d', 7],
	['[a-z]+', 1],
	['\\d+-', 1],
])('a search for %s reads at most %d characters past its match', (pattern, reach) => {
	expect(reachOf(pattern)).toBe(reach);
});
