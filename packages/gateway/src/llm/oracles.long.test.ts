import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import Anthropic from '@anthropic-ai/sdk';
import { ChatAnthropic } from '@langchain/anthropic';
import type { AIMessageChunk } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import type { Json } from '@tappass/core';
import { generateText, jsonSchema, streamText, type ToolSet, tool } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readScript, type Turn } from '../dev/script.ts';
import { type ScriptedModel, scriptedModel } from '../dev/server.ts';
import { type Served, serve } from '../test-support/serve.ts';

/*
 * The clients that people use, unmodified, once directly at an upstream and once through us: the final message and the
 * usage must be equal to the last field, streamed or not.
 */

const usage = { input: 70, output: 9, cached: 30 };
const turns: readonly Partial<Turn>[] = [
	{ when: { user: 'plain' }, say: 'Grüß dich, 𝕊! "quoted" \\ back\nline', usage },
	{ when: { user: 'thinking' }, think: 'let me see …', say: 'seen', usage },
	{
		when: { user: 'parallel' },
		say: 'both',
		call: [
			{ tool: 'lookup', arguments: { q: 'ä"\\', deep: { list: [1, 'x', null] } } },
			{ tool: 'lookup', arguments: { q: '' } },
		],
		usage,
	},
	{ when: { user: 'only a call' }, call: [{ tool: 'lookup', arguments: { q: 'x' } }], usage },
];
const asks = ['plain', 'thinking', 'parallel', 'only a call'];
const parameters = { type: 'object', properties: { q: { type: 'string' } } } as const;

let openaiSide: Served;
let anthropicSide: Served;
let direct: ScriptedModel;
beforeAll(async () => {
	openaiSide = await serve(turns, { route: { model: 'm' } }, 4);
	anthropicSide = await serve(turns, { route: { speaks: 'anthropic', model: 'm' } }, 4);
	direct = await scriptedModel(readScript({ schema: 'tappass.dev-model/1', chunk: 4, turns }, 'script.yaml'));
});
afterAll(async () => {
	await openaiSide.close();
	await anthropicSide.close();
	await direct.close();
});

/** What a client sees, without what must differ: ids and times, and the request id, which is ours. */
function seen(value: unknown): Json {
	const text = JSON.stringify(value, (key, one) =>
		/^(?:id|itemId|call_id|item_id|tool_call_id|toolCallId|_request_id|response_metadata|created|created_at|timestamp|headers|date)$/.test(
			key,
		)
			? undefined
			: one,
	);
	return JSON.parse(text) as Json;
}
async function same(ask: (url: string) => Promise<unknown>, through: Served): Promise<void> {
	const wanted = seen(await ask(direct.url));
	expect(JSON.stringify(wanted).length).toBeGreaterThan(60);
	expect(seen(await ask(through.url))).toEqual(wanted);
}

describe.each(asks)('%s', (content) => {
	const tools = [{ type: 'function', function: { name: 'lookup', parameters } }] as const;
	const openai = (baseURL: string): OpenAI => new OpenAI({ baseURL, apiKey: 'token', maxRetries: 0 });
	const anthropic = (url: string): Anthropic =>
		new Anthropic({ baseURL: url.replace(/\/v1$/, ''), apiKey: 'token', maxRetries: 0 });
	const chat = { model: 'm', messages: [{ role: 'user' as const, content }], tools: [...tools] };

	test('openai: chat completions', async () => {
		await same((url) => openai(url).chat.completions.create(chat), openaiSide);
		const asked = { ...chat, stream_options: { include_usage: true } };
		await same((url) => openai(url).chat.completions.stream(asked).finalChatCompletion(), openaiSide);
		await same((url) => openai(url).chat.completions.stream(chat).finalChatCompletion(), openaiSide);
	});

	test('openai: responses', async () => {
		const request = {
			model: 'm',
			input: content,
			tools: [{ type: 'function' as const, name: 'lookup', parameters, strict: false }],
		};
		await same((url) => openai(url).responses.create(request), openaiSide);
		await same((url) => openai(url).responses.stream(request).finalResponse(), openaiSide);
	});

	test('@anthropic-ai/sdk: messages', async () => {
		const request = {
			model: 'm',
			max_tokens: 100,
			messages: [{ role: 'user' as const, content }],
			tools: [{ name: 'lookup', input_schema: parameters }],
		};
		await same((url) => anthropic(url).messages.create(request), anthropicSide);
		await same((url) => anthropic(url).messages.stream(request).finalMessage(), anthropicSide);
	});

	test.each(['chat', 'responses', 'messages'] as const)('ai: %s', async (kind) => {
		const model = (url: string) => {
			if (kind === 'messages') return createAnthropic({ baseURL: url, apiKey: 'token' })('m');
			const provider = createOpenAI({ baseURL: url, apiKey: 'token' });
			return kind === 'chat' ? provider.chat('m') : provider.responses('m');
		};
		const side = kind === 'messages' ? anthropicSide : openaiSide;
		const rest = {
			prompt: content,
			tools: { lookup: tool({ inputSchema: jsonSchema(parameters) }) } as unknown as ToolSet,
			maxRetries: 0,
		};
		const told = async (
			result: Pick<ReturnType<typeof streamText>, 'text' | 'toolCalls' | 'usage' | 'finishReason' | 'reasoningText'>,
		) => [
			await result.text,
			await result.reasoningText,
			await result.toolCalls,
			await result.usage,
			await result.finishReason,
		];
		await same(async (url) => {
			const {
				text,
				reasoningText,
				toolCalls,
				usage: used,
				finishReason,
			} = await generateText({ model: model(url), ...rest });
			return [text, reasoningText, toolCalls, used, finishReason];
		}, side);
		await same((url) => told(streamText({ model: model(url), ...rest })), side);
	});

	test('LangChain, both wires', async () => {
		const settings = { model: 'm', apiKey: 'token', maxRetries: 0 };
		const overOpenai = (url: string) =>
			new ChatOpenAI({ ...settings, configuration: { baseURL: url } }).bindTools([...tools]);
		const overAnthropic = (url: string) =>
			new ChatAnthropic({ ...settings, anthropicApiUrl: url.replace(/\/v1$/, '') }).bindTools([
				{ name: 'lookup', input_schema: parameters },
			]);
		for (const [client, side] of [
			[overOpenai, openaiSide],
			[overAnthropic, anthropicSide],
		] as const) {
			await same(async (url) => (await client(url).invoke(content)).toDict(), side);
			await same(async (url) => {
				let whole: AIMessageChunk | undefined;
				for await (const chunk of await client(url).stream(content))
					whole = whole === undefined ? chunk : whole.concat(chunk);
				return whole?.toDict();
			}, side);
		}
	});
});

describe('a denial reaches each client as its own kind of error, and is not tried again', () => {
	const content = 'DENY ME';
	test('openai', async () => {
		const before = openaiSide.pipeline.calls.length;
		const client = new OpenAI({ baseURL: openaiSide.url, apiKey: 'token', maxRetries: 3 });
		const asked = client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content }] });
		await expect(asked).rejects.toMatchObject({ status: 403, code: 'tool_denied', requestID: 'req_hand' });
		expect(openaiSide.pipeline.calls.length - before).toBe(1);
	});

	test('@anthropic-ai/sdk', async () => {
		const before = anthropicSide.pipeline.calls.length;
		const client = new Anthropic({ baseURL: anthropicSide.url.replace(/\/v1$/, ''), apiKey: 'token', maxRetries: 3 });
		const asked = client.messages.create({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content }] });
		await expect(asked).rejects.toMatchObject({
			status: 403,
			error: { error: { code: 'tool_denied' } },
			requestID: 'req_hand',
		});
		expect(anthropicSide.pipeline.calls.length - before).toBe(1);
	});
});

describe('a block in the middle of a stream reaches each client as an error', () => {
	test('openai and @anthropic-ai/sdk', async () => {
		const said = [{ say: 'it goes kaboom now' }];
		const rules = { forbidden: ['kaboom'] };
		const one = await serve(said, rules);
		const other = await serve(said, { ...rules, route: { speaks: 'anthropic' } });
		try {
			const client = new OpenAI({ baseURL: one.url, apiKey: 'token', maxRetries: 0 });
			const stream = client.chat.completions.stream({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });
			await expect(stream.finalChatCompletion()).rejects.toMatchObject({ code: 'forbidden_word' });
			const response = client.responses.stream({ model: 'm', input: 'hi' });
			await expect(response.finalResponse()).rejects.toMatchObject({ code: 'forbidden_word' });
			const anthropic = new Anthropic({ baseURL: other.url.replace(/\/v1$/, ''), apiKey: 'token', maxRetries: 0 });
			const message = anthropic.messages.stream({
				model: 'm',
				max_tokens: 9,
				messages: [{ role: 'user', content: 'hi' }],
			});
			await expect(message.finalMessage()).rejects.toMatchObject({ error: { error: { code: 'forbidden_word' } } });
		} finally {
			await one.close();
			await other.close();
		}
	});
});
