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

/** The most specific pattern that names a model. */
export function shippedPrice(prices: readonly ModelPrice[], model: string): ModelPrice | undefined {
	let best: ModelPrice | undefined;
	for (const price of prices) {
		const exact = !price.model.endsWith('*');
		const hit = exact ? price.model === model : model.startsWith(price.model.slice(0, -1));
		if (hit && (best === undefined || price.model.length > best.model.length)) best = price;
	}
	return best;
}
