import { expect, test } from 'vitest';
import type { ModelCall } from '../pipeline/call.ts';
import { costOf, dearest } from './estimate.ts';
import { ratesAsked, ratesOf } from './tariff.ts';

const price = { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 };
const usage = { input_tokens: 100, cache_read_tokens: 0, cache_write_tokens: 0, output_tokens: 50 };
const plain = (100 * 3 + 50 * 15) / 1e6;
const asking = (body: object, wire = 'openai-chat'): ModelCall => ({ wire, body }) as unknown as ModelCall;

test('priority costs what the price list says, or the most that any list says', () => {
	expect(costOf({ ...price, priority: 1.75 }, usage, ['priority'])).toBeCloseTo(plain * 1.75, 12);
	expect(costOf(price, usage, ['priority'])).toBeCloseTo(plain * 2.5, 12);
	expect(dearest(price, { prompt: 100, answer: 50 }, ['priority'])).toBeCloseTo(
		((100 * 3.75 + 50 * 15) / 1e6) * 2.5,
		12,
	);
});

test('fast answers cost six times as much, those of one country a tenth more', () => {
	expect(costOf(price, usage, ['fast'])).toBeCloseTo(plain * 6, 12);
	expect(costOf(price, usage, ['us', 'fast'])).toBeCloseTo(plain * 6.6, 12);
});

test('what is kept for an hour costs twice the prompt', () => {
	const kept = { ...usage, cache_write_tokens: 1_000, cache_write_hour_tokens: 400 };
	expect(costOf(price, kept, [])).toBeCloseTo(plain + (600 * 3.75 + 400 * 6) / 1e6, 12);
	expect(dearest(price, { prompt: 100, answer: 0 }, ['hour'])).toBeCloseTo((100 * 6) / 1e6, 12);
});

test('a long prompt is charged as one: all of it, and the answer', () => {
	const long = { ...price, long_above: 200_000 };
	const much = { input_tokens: 150_000, cache_read_tokens: 50_001, cache_write_tokens: 0, output_tokens: 10 };
	const list = 150_000 * 3 + 50_001 * 0.3;
	expect(costOf(long, much, [])).toBeCloseTo((list * 2 + 10 * 15 * 1.5) / 1e6, 9);
	expect(costOf(long, { ...much, cache_read_tokens: 50_000 }, [])).toBeCloseTo((list - 0.3 + 150) / 1e6, 9);
	expect(dearest(long, { prompt: 200_001, answer: 10 }, [])).toBeCloseTo((200_001 * 3.75 * 2 + 10 * 15 * 1.5) / 1e6, 9);
});

test('what a request asks for is reserved; a tier that nobody knows is taken for a dear one', () => {
	expect(ratesAsked(asking({ service_tier: 'priority' }))).toEqual(['priority']);
	expect(ratesAsked(asking({ service_tier: 'tomorrow' }))).toEqual(['priority']);
	for (const service_tier of ['auto', 'default', 'flex', null])
		expect(ratesAsked(asking({ service_tier }))).toEqual([]);
	expect(ratesAsked(asking({ speed: 'fast', service_tier: 'auto' }, 'anthropic-messages'))).toEqual(['fast']);
	const cache_control = { type: 'ephemeral', ttl: '1h' };
	const kept = { messages: [{ role: 'user', content: [{ type: 'text', text: 'x', cache_control }] }] };
	expect(ratesAsked(asking(kept, 'anthropic-messages'))).toEqual(['hour']);
	expect(ratesAsked(asking({ cache_control }, 'anthropic-messages'))).toEqual(['hour']);
});

test('what served counts, not what was asked for, where the upstream says so', () => {
	const asked = asking({ service_tier: 'priority' });
	expect(ratesOf(asked, { ...usage, rates: [] })).toEqual([]);
	expect(ratesOf(asked, usage)).toEqual(['priority']);
	expect(ratesOf(asking({}), { ...usage, rates: ['priority'] })).toEqual(['priority']);
	const fast = asking({ speed: 'fast' }, 'anthropic-messages');
	expect(ratesOf(fast, { ...usage, rates: ['us'] })).toEqual(['us', 'fast']);
});
