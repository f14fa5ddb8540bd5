import fc from 'fast-check';
import { expect, test } from 'vitest';
import { globsIntersect } from './globs-intersect.ts';

const intersect = (left: string, right: string): boolean => globsIntersect(left, right, () => {});

test.each([
	['pqrs]', "input:pqrs], pos:5, set-close ']' with no preceding '[': the input provided is invalid"],
	['+a', "input:+a, pos:1, flag '+' must be preceded by a non-flag: the input provided is invalid"],
	['a++', "flag '+' must be preceded by a non-flag"],
	['[abc', 'found [ without matching ]'],
	['[-z]', "range character '-' must be preceded by a Unicode character"],
	['[a-]', "range character '-' must be followed by a Unicode character"],
	['[z-a]', "range is out of order: 'a' comes before 'z' in Unicode"],
	['a\\', 'input ends with a \\ (escape) character'],
])('refuses %s', (glob, message) => {
	expect(() => intersect(glob, 'a')).toThrow(message);
	expect(() => intersect('a', glob)).toThrow(message);
});

test.each([
	['a.a.', '.b.b', true],
	['[a-z]+', '[0-9]*', false],
	['[a-z]*', '[0-9]*', false],
	['a*', 'a', true],
	['a*b', 'c*b', true],
	['a+b', 'b', false],
	['.+c', 'abd*c', true],
	['[a-m]+z', '[n-z]+', false],
	['\\[1\\]', '[[]1[\\]]', true],
	['', '', false],
	['x*', '', false],
])('%s and %s: %s, either way round', (left, right, expected) => {
	expect(intersect(left, right)).toBe(expected);
	expect(intersect(right, left)).toBe(expected);
});

test('repeated stars do not explode', () => {
	let steps = 0;
	// Processor time: it does not depend on what else the machine does.
	const started = process.cpuUsage();

	expect(globsIntersect(`${'a*'.repeat(300)}c`, `${'[ab]*'.repeat(300)}b`, (count) => (steps += count))).toBe(false);
	// Each state costs four steps.
	expect(steps).toBeLessThan(4 * 8 * 302 * 302);
	expect(process.cpuUsage(started).user).toBeLessThan(3_000_000);
});

const globs = fc
	.array(fc.tuple(fc.constantFrom('a', 'b', '.', '[ab]', '[b-c]'), fc.constantFrom('', '', '+', '*')), { maxLength: 3 })
	.map((tokens) => tokens.map((token) => token.join('')).join(''));

/** Every string of one to six characters of `abc`: three tokens each need no longer one in common. */
const strings: readonly string[] = [1, 2, 3, 4, 5, 6].flatMap((length) =>
	Array.from({ length: 3 ** length }, (_, n) =>
		n
			.toString(3)
			.padStart(length, '0')
			.replace(/\d/g, (d) => 'abc'[Number(d)]!),
	),
);

test('finds a common string exactly where there is one', () => {
	fc.assert(
		fc.property(globs, globs, (left, right) => {
			const [first, second] = [new RegExp(`^${left}$`), new RegExp(`^${right}$`)];
			const common = strings.some((text) => first.test(text) && second.test(text));
			expect(intersect(left, right)).toBe(common);
			expect(intersect(right, left)).toBe(intersect(left, right));
		}),
		{ numRuns: 1_000, seed: 3 },
	);
});
