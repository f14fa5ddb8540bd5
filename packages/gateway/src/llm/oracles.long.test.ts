import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import Anthropic from '@anthropic-ai/sdk';
import { ChatAnthropic } from '@langchain/anthropic';
import type { AIMessageChunk } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import type { Json } from '@tappass/core';
import { generateText, jsonSchema, streamText, type ToolSet, tool } from 'ai';
import fc from 'fast-check';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readScript, type Turn } from '../dev/script.ts';
import { type ScriptedModel, scriptedModel } from '../dev/server.ts';
import { rawHead, rawUpstream } from '../test-support/raw-upstream.ts';
import { type Served, serve } from '../test-support/serve.ts';
import { bytesOf, chatStreams, messageStreams, responseStreams } from '../test-support/vendor-streams.ts';

/*
 * The clients that people use, unmodified, once directly at an upstream and once through us: the final message and the
 * usage must be equal to the last field, streamed or not: of answers by a script, of many that are made up, and of streams in the
 * form of each vendor.
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

// One package tells of each model that it does not know.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

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
type Ask = (url: string) => Promise<unknown>;
async function same(ask: Ask, through: string, straight: string): Promise<void> {
	const wanted = seen(await ask(straight));
	expect(JSON.stringify(wanted).length).toBeGreaterThan(30);
	expect(seen(await ask(through))).toEqual(wanted);
}

const tools = [{ type: 'function' as const, function: { name: 'lookup', parameters } }];
const openai = (baseURL: string): OpenAI => new OpenAI({ baseURL, apiKey: 'token', maxRetries: 0 });
const anthropic = (url: string): Anthropic =>
	new Anthropic({ baseURL: url.replace(/\/v1$/, ''), apiKey: 'token', maxRetries: 0 });
const told = async (
	result: Pick<ReturnType<typeof streamText>, 'text' | 'toolCalls' | 'usage' | 'finishReason' | 'reasoningText'>,
) => [
	await result.text,
	await result.reasoningText,
	await result.toolCalls,
	await result.usage,
	await result.finishReason,
];
const aiModels = {
	chat: (url: string) => createOpenAI({ baseURL: url, apiKey: 'token' }).chat('m'),
	responses: (url: string) => createOpenAI({ baseURL: url, apiKey: 'token' }).responses('m'),
	messages: (url: string) => createAnthropic({ baseURL: url, apiKey: 'token' })('m'),
};
const aiCall = (kind: keyof typeof aiModels, url: string, prompt: string) => ({
	model: aiModels[kind](url),
	prompt,
	tools: { lookup: tool({ inputSchema: jsonSchema(parameters) }) } as unknown as ToolSet,
	maxRetries: 0,
});
const langChain = {
	chat: (url: string) =>
		new ChatOpenAI({ model: 'm', apiKey: 'token', maxRetries: 0, configuration: { baseURL: url } }).bindTools([
			...tools,
		]),
	messages: (url: string) =>
		new ChatAnthropic({
			model: 'm',
			apiKey: 'token',
			maxRetries: 0,
			anthropicApiUrl: url.replace(/\/v1$/, ''),
		}).bindTools([{ name: 'lookup', input_schema: parameters }]),
};
async function gathered(stream: AsyncIterable<AIMessageChunk>): Promise<unknown> {
	let whole: AIMessageChunk | undefined;
	for await (const chunk of stream) whole = whole === undefined ? chunk : whole.concat(chunk);
	return whole?.toDict();
}

const notAsking = 'openai, not asking for usage';

/** Each client as it streams, by the wire that it speaks. */
const streaming = {
	chat: (content: string): Readonly<Record<string, Ask>> => {
		const request = { model: 'm', messages: [{ role: 'user' as const, content }], tools };
		const withUsage = { ...request, stream_options: { include_usage: true } };
		return {
			openai: (url) => openai(url).chat.completions.stream(withUsage).finalChatCompletion(),
			[notAsking]: (url) => openai(url).chat.completions.stream(request).finalChatCompletion(),
			ai: (url) => told(streamText(aiCall('chat', url, content))),
			LangChain: async (url) => gathered(await langChain.chat(url).stream(content)),
		};
	},
	responses: (content: string): Readonly<Record<string, Ask>> => {
		const offered = [{ type: 'function' as const, name: 'lookup', parameters, strict: false }];
		return {
			openai: (url) => openai(url).responses.stream({ model: 'm', input: content, tools: offered }).finalResponse(),
			ai: (url) => told(streamText(aiCall('responses', url, content))),
		};
	},
	messages: (content: string): Readonly<Record<string, Ask>> => {
		const offered = [{ name: 'lookup', input_schema: parameters }];
		const request = { model: 'm', max_tokens: 100, messages: [{ role: 'user' as const, content }], tools: offered };
		return {
			'@anthropic-ai/sdk': (url) => anthropic(url).messages.stream(request).finalMessage(),
			ai: (url) => told(streamText(aiCall('messages', url, content))),
			LangChain: async (url) => gathered(await langChain.messages(url).stream(content)),
		};
	},
} as const;

/** Each client as it waits for the whole answer. */
const whole = {
	chat: (content: string): Readonly<Record<string, Ask>> => ({
		openai: (url) => openai(url).chat.completions.create({ model: 'm', messages: [{ role: 'user', content }], tools }),
		ai: (url) => generated('chat', url, content),
		LangChain: async (url) => (await langChain.chat(url).invoke(content)).toDict(),
	}),
	responses: (content: string): Readonly<Record<string, Ask>> => ({
		openai: (url) =>
			openai(url).responses.create({
				model: 'm',
				input: content,
				tools: [{ type: 'function', name: 'lookup', parameters, strict: false }],
			}),
		ai: (url) => generated('responses', url, content),
	}),
	messages: (content: string): Readonly<Record<string, Ask>> => ({
		'@anthropic-ai/sdk': (url) =>
			anthropic(url).messages.create({
				model: 'm',
				max_tokens: 100,
				messages: [{ role: 'user', content }],
				tools: [{ name: 'lookup', input_schema: parameters }],
			}),
		ai: (url) => generated('messages', url, content),
		LangChain: async (url) => (await langChain.messages(url).invoke(content)).toDict(),
	}),
} as const;
async function generated(kind: keyof typeof aiModels, url: string, content: string): Promise<unknown> {
	const { text, reasoningText, toolCalls, usage: used, finishReason } = await generateText(aiCall(kind, url, content));
	return [text, reasoningText, toolCalls, used, finishReason];
}

const wires = ['chat', 'responses', 'messages'] as const;
const sideOf = (wire: (typeof wires)[number]): Served => (wire === 'messages' ? anthropicSide : openaiSide);

describe.each(asks)('%s', (content) => {
	test.each(wires)('is the same to every client: %s', async (wire) => {
		for (const ask of [...Object.values(streaming[wire](content)), ...Object.values(whole[wire](content))])
			await same(ask, sideOf(wire).url, direct.url);
	});
});

// Answers of any making: texts with characters of several units, escapes and none, calls with and without arguments.
const word = fc.constantFrom(
	'a',
	'é',
	'𝕊',
	'"',
	'\\',
	'\n',
	' ',
	'\t',
	'{"',
	'data: ',
	'漢字',
	'\u2028',
	'</s>',
	'longer words',
);
const says = fc.array(word, { minLength: 1, maxLength: 20 }).map((words) => words.join(''));
const given = fc.dictionary(
	fc.constantFrom('q', 'ä', 'deep'),
	fc.oneof(says, fc.integer(), fc.constant(null), fc.array(says)),
);
const answers = fc.record({
	think: fc.option(says, { nil: undefined }),
	say: fc.option(says, { nil: undefined }),
	call: fc.array(fc.record({ tool: fc.constant('lookup'), arguments: given }), { maxLength: 3 }),
	usage: fc
		.tuple(fc.nat(1_000), fc.nat(1_000), fc.nat(1_000))
		.map(([more, output, cached]) => ({ input: more + cached + 1, output, cached })),
});

describe.each([1, 3, 64])('answers of any making, in pieces of %s characters', (chunk) => {
	const made = fc
		.sample(answers, { numRuns: 15, seed: chunk })
		.filter(({ say, call }) => (say ?? '') !== '' || call.length > 0);
	const scripted = made.map((turn, at) => ({ ...turn, when: { user: `case ${at};` } }));

	test.each(wires)('are the same to every client that streams: %s', async (wire) => {
		const speaks = wire === 'messages' ? 'anthropic' : 'openai';
		const through = await serve(scripted, { route: { speaks, model: 'm' } }, chunk);
		try {
			for (const at of made.keys())
				for (const ask of Object.values(streaming[wire](`case ${at};`))) await same(ask, through.url, through.direct);
		} finally {
			await through.close();
		}
	});
});

describe.each([
	['chat', chatStreams],
	['responses', responseStreams],
	['messages', messageStreams],
] as const)('streams as vendors send them: %s', (wire, streams) => {
	test.each(streams)('%s: the same to every client', async (_what, events) => {
		const vendor = await rawUpstream(rawHead('text/event-stream') + bytesOf(events, wire !== 'chat'));
		const speaks = wire === 'messages' ? 'anthropic' : 'openai';
		const through = await serve([{ say: 'unused' }], { route: { speaks, model: 'm', base_url: vendor.url } });
		try {
			for (const [client, ask] of Object.entries(streaming[wire]('hi'))) {
				// The vendor of this test tells usage whether or not it was asked to, which we keep from who did not ask.
				if (client === notAsking) continue;
				await same(ask, through.url, vendor.url).catch((cause) => {
					throw new Error(`${client}: ${String(cause)}`, { cause });
				});
			}
		} finally {
			await through.close();
			await vendor.close();
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
