import { expect, test } from 'vitest';
import type { ModelCall } from '../pipeline/call.ts';
import { costOf, dearest, estimateTokens, usedTokens } from './estimate.ts';

const price = { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 };
const call = (text: string, body_bytes: number, max_tokens?: number, body: object = {}): ModelCall =>
	({ kind: 'model', texts: [{ at: '/x', role: 'user', text }], body_bytes, max_tokens, body }) as unknown as ModelCall;

test('cached tokens are charged at their own price, and each token once', () => {
	const usage = { input_tokens: 100, cache_read_tokens: 10_000, cache_write_tokens: 2_000, output_tokens: 50 };

	expect(usedTokens(usage)).toBe(12_150);
	expect(costOf(price, usage, [])).toBeCloseTo((100 * 3 + 10_000 * 0.3 + 2_000 * 3.75 + 50 * 15) / 1e6, 12);
});

test('a reservation is never below what an honest call costs', () => {
	const tokens = estimateTokens(call('ä'.repeat(500), 1_200, 100));

	expect(tokens).toEqual({ prompt: 600, answer: 100 });
	expect(dearest(price, tokens, [])).toBeCloseTo((600 * 3.75 + 100 * 15) / 1e6, 12);
});

test('an image does not eat the budget of a day, and an unlimited answer is taken for a long one', () => {
	expect(estimateTokens(call('x', 20_000_000))).toEqual({ prompt: 1 + 65_536, answer: 8_192 });
});

test('several answers are as many', () => {
	expect(estimateTokens(call('x', 1, 100, { n: 3 })).answer).toBe(300);
});
