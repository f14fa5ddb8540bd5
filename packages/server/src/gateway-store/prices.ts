import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseBytesWith, TapPassError } from '@tappass/core';
import { z } from 'zod';

/** Dollars per million tokens of the models that a pattern names. */
export interface ModelPrice {
	readonly model: string;
	readonly input: number;
	readonly output: number;
	readonly cache_read: number;
	readonly cache_write: number;
	/** Times as much that a faster tier costs; undefined: the list does not say. */
	readonly priority?: number | undefined;
	/** Tokens of a prompt above which it is charged as a long one; undefined: it never is. */
	readonly long_above?: number | undefined;
}

const dollars = z.number().min(0).max(10_000);
const schema = z.strictObject({
	schema: z.literal('tappass.model-prices/1'),
	as_of: z.string(),
	prices: z.array(
		z.strictObject({
			model: z.string().min(1),
			input: dollars,
			output: dollars,
			cache_read: dollars,
			cache_write: dollars,
			priority: z.number().min(1).max(10).optional(),
			long_above: z.int().min(1).optional(),
		}),
	),
});

/** The shipped list prices. They age: an org's own rows come first. @throws {TapPassError} policy_invalid */
export async function readPrices(): Promise<readonly ModelPrice[]> {
	const file = fileURLToPath(import.meta.resolve('@tappass/policies/model-prices.json'));
	try {
		return parseBytesWith(schema, await readFile(file), 'model-prices.json').prices;
	} catch (cause) {
		throw new TapPassError('policy_invalid', { detail: 'the shipped model prices', cause });
	}
}

/** What a model costs: as the org states, else as the list says, which also knows what is charged above either. */
export function priceFrom(
	own: readonly ModelPrice[],
	shipped: readonly ModelPrice[],
	model: string,
): ModelPrice | undefined {
	const listed = bestPrice(shipped, model);
	const stated = bestPrice(own, model);
	if (stated === undefined) return listed;
	return { ...stated, priority: listed?.priority, long_above: listed?.long_above };
}

/** The most specific pattern that names a model. */
export function bestPrice(prices: readonly ModelPrice[], model: string): ModelPrice | undefined {
	let best: ModelPrice | undefined;
	for (const price of prices) {
		if (!isNamed(price.model, model)) continue;
		if (best === undefined || specificity(price) > specificity(best)) best = price;
	}
	return best;
}

// A whole name is more specific than any beginning of it.
function specificity({ model }: ModelPrice): number {
	return model.endsWith('*') ? model.length - 1 : model.length + 1;
}

/** Whether a pattern (exact, or with `*` at its end) names a model. */
export function isNamed(pattern: string, model: string): boolean {
	return pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : pattern === model;
}
