import { describe, expect, test } from 'vitest';
import { bestPrice, priceFrom, readPrices } from './prices.ts';

const shipped = await readPrices();
const row = (model: string, input: number) => ({ model, input, output: input, cache_read: input, cache_write: input });

describe('shipped prices', () => {
	test.each([
		['gpt-5', 1.25, 10, 2],
		['gpt-5-2025-08-07', 1.25, 10, 2],
		['gpt-5-mini', 0.25, 2, 1.8],
		['gpt-5.2', 1.75, 14, 2],
		['gpt-5.5', 5, 30, 2.5],
		['gpt-5.2-pro', 21, 168, undefined],
		['gpt-5-pro-2025-10-06', 15, 120, undefined],
		['gpt-4.1-nano', 0.1, 0.4, 2],
		['gpt-4o-2024-08-06', 2.5, 10, 1.7],
		['gpt-4o-2024-05-13', 5, 15, 1.75],
		['o3-pro', 20, 80, undefined],
		['o3', 2, 8, 1.75],
		['o3-deep-research', 10, 40, undefined],
		['o4-mini-deep-research', 2, 8, undefined],
		['claude-opus-4-1', 15, 75, undefined],
		['claude-opus-4-6', 5, 25, undefined],
	])('%s costs what its own list says', (model, input, output, priority) => {
		expect(bestPrice(shipped, model)).toMatchObject({ input, output });
		expect(bestPrice(shipped, model)?.priority).toBe(priority);
	});

	test.each(['gpt-5.9', 'gpt-5-vision', 'gpt-6', 'o3-ultra', 'o4'])('%s is not taken for a cheaper one', (model) => {
		expect(bestPrice(shipped, model)).toBeUndefined();
	});

	test('long prompts cost more where the list says so', () => {
		expect(bestPrice(shipped, 'gpt-5.4')?.long_above).toBe(272_000);
		expect(bestPrice(shipped, 'gemini-2.5-pro')?.long_above).toBe(200_000);
	});

	test('no price is below nothing, and a cache never costs more to read than to write', () => {
		for (const { cache_read, cache_write, input, output } of shipped) {
			expect(Math.min(cache_read, cache_write, input, output)).toBeGreaterThan(0);
			expect(cache_read).toBeLessThanOrEqual(cache_write);
		}
	});
});

test('of the prices that an org states, the most specific counts, in whatever order they come', () => {
	const own = [row('gpt-*', 1), row('gpt-5.2', 7), row('gpt-5*', 3)];
	for (const rows of [own, own.toReversed()]) {
		expect(priceFrom(rows, shipped, 'gpt-5.2')).toMatchObject({ input: 7 });
		expect(priceFrom(rows, shipped, 'gpt-5-mini')).toMatchObject({ input: 3 });
		expect(priceFrom(rows, shipped, 'o3')).toMatchObject({ input: 2 });
	}
});

test('what a faster tier or a long prompt costs above it is that of the list also for a stated price', () => {
	expect(priceFrom([row('gpt-5.4', 7)], shipped, 'gpt-5.4')).toMatchObject({
		input: 7,
		priority: 2,
		long_above: 272_000,
	});
	expect(priceFrom([row('own', 7)], shipped, 'own')?.priority).toBeUndefined();
});
