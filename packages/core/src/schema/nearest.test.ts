import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

test('guesses no word when none is near, nor for a text that is no name', () => {
	expect(nearest('xyz', ['policy'])).toBe(undefined);
	expect(nearest('', ['policy'])).toBe(undefined);
	expect(nearest('x'.repeat(1_000_000), ['x'.repeat(1_000_001)])).toBe(undefined);
});

test('guesses the word that was meant', () => {
	expect(nearest('polcy', ['policy', 'pack'])).toBe('policy');
	expect(nearest('complie', ['compile', 'check'])).toBe('compile');
});
