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
	globsIntersect('a*'.repeat(40), `${'[ab]*'.repeat(40)}b`, (count) => (steps += count));

	expect(steps).toBeLessThan(4 * 41 * 42);
});
