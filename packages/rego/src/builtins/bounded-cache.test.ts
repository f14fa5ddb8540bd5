import { expect, test } from 'vitest';
import { BoundedCache } from './bounded-cache.ts';

test('keeps nothing of what could not be made', () => {
	const cache = new BoundedCache<number>(2);

	expect(() =>
		cache.get('a', () => {
			throw new Error('no');
		}),
	).toThrow('no');

	expect(cache.size).toBe(0);
});

test('makes room by dropping the oldest entry', () => {
	const cache = new BoundedCache<number>(2);
	for (const key of ['a', 'b', 'c']) cache.get(key, () => 1);

	expect(cache.size).toBe(2);
	expect(cache.get('c', () => 2)).toBe(1);
	expect(cache.get('a', () => 2)).toBe(2);
});
