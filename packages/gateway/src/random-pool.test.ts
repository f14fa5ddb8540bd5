import { expect, test } from 'vitest';
import { randomPool } from './random-pool.ts';

/** Fills with numbers that go up, so that each byte says when it was made. */
function counting(): { readonly fill: (bytes: Uint8Array) => void; readonly calls: () => number } {
	let next = 0;
	let calls = 0;
	const fill = (bytes: Uint8Array): void => {
		calls += 1;
		for (let at = 0; at < bytes.length; at += 1) bytes[at] = next++;
	};
	return { fill, calls: () => calls };
}

test('a source that fails gives nothing, also of what it gave before', () => {
	let works = true;
	const take = randomPool((bytes) => {
		if (!works) throw new Error('no entropy');
		bytes.fill(7);
	}, 16);
	take(10);
	works = false;

	expect(() => take(10)).toThrow('no entropy');
	expect(() => take(4)).toThrow('no entropy');
	expect(() => take(100)).toThrow('no entropy');
});

test('no byte is given twice, and none is left out of the pool unmade', () => {
	const { fill, calls } = counting();
	const take = randomPool(fill, 32);
	const given = [10, 10, 10, 10, 0, 32, 5].flatMap((count) => [...take(count)]);

	expect(new Set(given).size).toBe(given.length);
	expect(calls()).toBe(4);
});

test('more than the pool holds is made for whoever asks', () => {
	const { fill } = counting();
	const take = randomPool(fill, 16);

	expect([...take(20)]).toEqual(Array.from({ length: 20 }, (_, at) => at));
});
