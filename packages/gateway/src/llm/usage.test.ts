import type { Json } from '@tappass/core';
import { afterEach, describe, expect, test } from 'vitest';
import type { ModelCall } from '../pipeline/call.ts';
import { Judge } from '../stream/judge.ts';
import { handGuard } from '../test-support/hand-pipeline.ts';
import { type Served, serve } from '../test-support/serve.ts';
import {
	block,
	body,
	chunk,
	created,
	delta,
	done,
	read,
	response,
	start,
	stop,
	text,
} from './read-stream.test.support.ts';
import { chatWire, messagesWire, responsesWire } from './wires.ts';

/* What an upstream says was used, and when that is believed. */

let served: Served | undefined;
afterEach(async () => {
	await served?.close();
	served = undefined;
});

const end = delta({}, 'stop');
const told = (usage: object, more: object = {}): object => chunk([], { usage, ...more });

describe('chat completions', () => {
	test('usage before the end is no usage: an answer that breaks off cost more than it said by then', async () => {
		const judge = new Judge(handGuard({}));
		const reader = chatWire.reader(chatWire.read(body as Json, 1), judge);
		const early = chunk([{ index: 0, delta: { content: 'x' }, finish_reason: null }], {
			usage: { prompt_tokens: 9, completion_tokens: 1 },
		});
		await reader.event({ event: '', data: JSON.stringify(early), raw: '' });
		expect(reader.usage()).toBeUndefined();
		await reader.event({ event: '', data: JSON.stringify(end), raw: '' });
		expect(reader.usage()).toMatchObject({ input_tokens: 9 });
	});

	test('nobody answers an empty prompt: zero is told where nothing is known', async () => {
		const zero = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
		expect((await read(chatWire, [delta({ content: 'x' }), end, told(zero), done])).usage).toBeUndefined();
		expect(chatWire.usageOf({ choices: [], usage: zero })).toBeUndefined();
	});

	test('tokens of reasoning that only the total holds are paid for', async () => {
		const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 400 };
		expect((await read(chatWire, [delta({ content: 'x' }), end, told(usage), done])).usage).toMatchObject({
			input_tokens: 10,
			output_tokens: 390,
		});
		expect(chatWire.usageOf({ usage })).toMatchObject({ output_tokens: 390 });
	});

	test.each([
		[{ prompt_tokens: -1, completion_tokens: 1 }],
		[{ prompt_tokens: 1.5, completion_tokens: 1 }],
		[{ prompt_tokens: '3', completion_tokens: 1 }],
		[{ prompt_tokens: 1e300, completion_tokens: 1 }],
		[{ prompt_tokens: 3 }],
		[null],
	])('%j is no usage', (usage) => {
		expect(chatWire.usageOf({ usage })).toBeUndefined();
	});

	test('more cached tokens than the prompt has take nothing off the bill', () => {
		const usage = { prompt_tokens: 3, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 1e6 } };
		expect(chatWire.usageOf({ usage })).toMatchObject({ input_tokens: 0, cache_read_tokens: 3 });
	});

	test('the tier that served is told with it, streamed and whole', async () => {
		const usage = { prompt_tokens: 10, completion_tokens: 5 };
		const tiered = (service_tier: string): Json => ({ service_tier, usage });
		expect(chatWire.usageOf(tiered('priority'))).toMatchObject({ rates: ['priority'] });
		expect(chatWire.usageOf(tiered('default'))).toMatchObject({ rates: [] });
		expect(chatWire.usageOf({ usage })?.rates).toBeUndefined();
		const early = chunk([{ index: 0, delta: { content: 'x' }, finish_reason: 'stop' }], { service_tier: 'priority' });
		expect((await read(chatWire, [early, told(usage), done])).usage).toMatchObject({ rates: ['priority'] });
	});
});

describe('responses', () => {
	const completed = (usage: object, more: object = {}): object => ({
		type: 'response.completed',
		sequence_number: 1,
		response: { ...response('completed', [], usage), ...more },
	});

	test('the same, of its own members', async () => {
		const usage = { input_tokens: 10, output_tokens: 5, total_tokens: 400 };
		const { usage: used } = await read(responsesWire, [created, completed(usage, { service_tier: 'priority' })]);
		expect(used).toMatchObject({ input_tokens: 10, output_tokens: 390, rates: ['priority'] });
		expect(
			(await read(responsesWire, [created, completed({ input_tokens: 0, output_tokens: 0 })])).usage,
		).toBeUndefined();
	});
});

describe('messages', () => {
	const said = block(0, { type: 'text', text: '' }, text('x'));
	const begun = (usage: object): object => ({ ...start, message: { ...(start['message'] as object), usage } });

	test('tokens that are kept for an hour stand apart: writing them costs more', async () => {
		const cache_creation = { ephemeral_5m_input_tokens: 2, ephemeral_1h_input_tokens: 40 };
		const usage = { input_tokens: 3, cache_creation_input_tokens: 42, cache_creation, output_tokens: 1 };
		const { usage: used } = await read(messagesWire, [begun(usage), ...said, ...stop()]);
		expect(used).toMatchObject({ cache_write_tokens: 42, cache_write_hour_tokens: 40, output_tokens: 7 });
		expect(messagesWire.usageOf({ usage })).toMatchObject({ cache_write_hour_tokens: 40 });
	});

	test('fast answers and those of one country are told', () => {
		const usage = { input_tokens: 3, output_tokens: 1 };
		expect(messagesWire.usageOf({ usage: { ...usage, speed: 'fast', inference_geo: 'us' } })).toMatchObject({
			rates: ['fast', 'us'],
		});
		expect(messagesWire.usageOf({ usage: { ...usage, speed: 'standard' } })).toMatchObject({ rates: [] });
	});

	test('zero is told where nothing is known', async () => {
		const zero = { input_tokens: 0, output_tokens: 0 };
		expect((await read(messagesWire, [begun(zero), ...said, ...stop({ output_tokens: 4 })])).usage).toBeUndefined();
		expect(messagesWire.usageOf({ usage: zero })).toBeUndefined();
	});
});

describe.each<[ModelCall['wire'], string, object]>([
	['openai-chat', '/chat/completions', { model: 'm', messages: [{ role: 'user', content: 'hi' }] }],
	['openai-responses', '/responses', { model: 'm', input: 'hi' }],
])('%s, at an upstream of another wire', (_wire, path, asked) => {
	test('a faster tier, which is not asked for there, is refused, and costs nothing', async () => {
		served = await serve([{ say: 'hi' }], { route: { speaks: 'anthropic' } });
		const answer = await fetch(served.url + path, {
			method: 'POST',
			headers: { authorization: 'Bearer token' },
			body: JSON.stringify({ ...asked, service_tier: 'priority' }),
		});
		expect([answer.status, (await answer.text()).includes('request_unsupported')]).toEqual([400, true]);
		await served.pipeline.settled(1);
		expect(served.pipeline.outcomes[0]).toMatchObject({ usage: { input_tokens: 0, output_tokens: 0 } });
	});
});
