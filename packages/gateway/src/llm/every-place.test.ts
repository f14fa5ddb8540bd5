import type { Json } from '@tappass/core';
import { describe, expect, test } from 'vitest';
import { playChat } from '../dev/play-chat.ts';
import { playMessages } from '../dev/play-messages.ts';
import { playResponses } from '../dev/play-responses.ts';
import { readScript } from '../dev/script.ts';
import { Judge } from '../stream/judge.ts';
import { rewriteJson } from '../stream/rewrite-json.ts';
import { SseParser, writeEvent } from '../stream/sse.ts';
import { handGuard } from '../test-support/hand-pipeline.ts';
import { changed, marker } from './every-place.test.support.ts';
import type { WireFormat } from './wire.ts';
import { chatWire, messagesWire, responsesWire } from './wires.ts';

/* A forbidden text is put into every place of every event of an answer, one after the other: it comes out of none. */

const rules = { forbidden: [marker], tools: ['a__b', 'openai__web_search', 'anthropic__web_search'] };
const body = { model: 'm', stream: true, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }], input: 'hi' };
const script = readScript(
	{
		schema: 'tappass.dev-model/1',
		chunk: 40,
		turns: [{ think: 'hm', say: 'well', call: [{ tool: 'a__b', arguments: { q: 'x' } }] }],
	},
	's',
);
/** Events of kinds that the scripted models do not play, each with the place before the end where it stands. */
const logprob = { token: 'x', logprob: -1, bytes: [120], top_logprobs: [{ token: 'y', logprob: -2, bytes: [121] }] };
const more: Readonly<Record<string, { readonly before: number; readonly events: readonly object[] }>> = {
	'openai-chat': {
		before: -2,
		events: [
			{
				id: 'c',
				object: 'chat.completion.chunk',
				choices: [
					{
						index: 0,
						delta: { content: 'x', reasoning_details: [{ type: 'reasoning.text', text: 'x', index: 0 }] },
						logprobs: { content: [logprob], refusal: null },
						finish_reason: null,
					},
				],
			},
		],
	},
	'openai-responses': {
		before: -1,
		events: [
			{
				type: 'response.output_item.added',
				output_index: 7,
				item: { type: 'web_search_call', id: 'w', action: { query: 'x' } },
			},
			{ type: 'response.web_search_call.searching', output_index: 7, item_id: 'w' },
			{
				type: 'response.output_item.done',
				output_index: 7,
				item: { type: 'web_search_call', id: 'w', action: { query: 'x' } },
			},
			{
				type: 'response.output_item.added',
				output_index: 8,
				item: { type: 'message', id: 'm', role: 'assistant', content: [] },
			},
			{
				type: 'response.content_part.added',
				output_index: 8,
				content_index: 0,
				item_id: 'm',
				part: { type: 'output_text', text: '', annotations: [] },
			},
			{
				type: 'response.output_text.delta',
				output_index: 8,
				content_index: 0,
				item_id: 'm',
				delta: 'x',
				logprobs: [logprob],
			},
			{
				type: 'response.output_text.annotation.added',
				output_index: 8,
				content_index: 0,
				item_id: 'm',
				annotation: { type: 'url_citation', url: 'x', title: 'x' },
			},
			{
				type: 'response.output_text.done',
				output_index: 8,
				content_index: 0,
				item_id: 'm',
				text: 'x',
				logprobs: [logprob],
			},
			{
				type: 'response.output_item.added',
				output_index: 9,
				item: { type: 'custom_tool_call', id: 'k', call_id: 'k', name: 'a__b', input: '' },
			},
			{ type: 'response.custom_tool_call_input.delta', output_index: 9, item_id: 'k', delta: 'x' },
			{ type: 'response.custom_tool_call_input.done', output_index: 9, item_id: 'k', input: 'x' },
			{
				type: 'response.output_item.done',
				output_index: 9,
				item: { type: 'custom_tool_call', id: 'k', call_id: 'k', name: 'a__b', input: 'x' },
			},
			{ type: 'response.of_tomorrow.delta', output_index: 8, words: 'x' },
			{ type: 'response.of_tomorrow', words: 'x' },
		],
	},
	'anthropic-messages': {
		before: -2,
		events: [
			{
				type: 'content_block_start',
				index: 7,
				content_block: { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
			},
			{ type: 'content_block_delta', index: 7, delta: { type: 'input_json_delta', partial_json: '{"query":"x"}' } },
			{ type: 'content_block_stop', index: 7 },
			{
				type: 'content_block_start',
				index: 8,
				content_block: {
					type: 'web_search_tool_result',
					tool_use_id: 's',
					content: [{ type: 'web_search_result', title: 'x', url: 'x', encrypted_content: 'eA==' }],
				},
			},
			{ type: 'content_block_stop', index: 8 },
			{ type: 'content_block_start', index: 9, content_block: { type: 'thinking', thinking: '', signature: '' } },
			{ type: 'content_block_delta', index: 9, delta: { type: 'signature_delta', signature: 'eA==' } },
			{ type: 'content_block_stop', index: 9 },
			{ type: 'content_block_start', index: 10, content_block: { type: 'text', text: '', citations: [] } },
			{
				type: 'content_block_delta',
				index: 10,
				delta: { type: 'citations_delta', citation: { cited_text: 'x', url: 'x' } },
			},
			{ type: 'content_block_delta', index: 10, delta: { type: 'text_delta', text: 'x' } },
			{ type: 'content_block_stop', index: 10 },
			{ type: 'content_block_start', index: 11, content_block: { type: 'redacted_thinking', data: 'eA==' } },
			{ type: 'content_block_stop', index: 11 },
			{ type: 'content_block_start', index: 12, content_block: { type: 'compaction', content: null } },
			{ type: 'content_block_delta', index: 12, delta: { type: 'compaction_delta', content: 'x' } },
			{ type: 'content_block_stop', index: 12 },
		],
	},
};

// What a response repeats of its request is the caller's own.
const repeated =
	/^\/(?:response\/)?(?:conversation|include|instructions|metadata|previous_response_id|prompt|prompt_cache_key|reasoning|safety_identifier|text|tool_choice|tools|user)(?:\/|$)/;

async function streamed(wire: WireFormat, events: readonly string[]): Promise<string> {
	const judge = new Judge(handGuard(rules));
	const reader = wire.reader(wire.read(body as Json, 10), judge);
	try {
		for (const event of new SseParser().push(Buffer.from(events.join('')))) {
			await reader.event(event);
			if (judge.denial !== undefined) return reader.out;
		}
		await reader.end();
	} catch {
		// Refused: what was let out before counts all the same.
	}
	return reader.out;
}

async function whole(wire: WireFormat, answer: Json): Promise<string> {
	const judge = new Judge(handGuard(rules));
	try {
		const edits = await wire.judgeAnswer(answer, judge);
		return judge.denial === undefined ? rewriteJson(JSON.stringify(answer), edits) : '';
	} catch {
		return '';
	}
}

describe.each([
	['chat completions', chatWire, playChat],
	['responses', responsesWire, playResponses],
	['messages', messagesWire, playMessages],
] as const)('%s', (_name, wire, play) => {
	const played = play(script, script.turns[0]!, body as Json, 1);
	const { before, events } = more[wire.wire]!;
	const written = events.map((event) =>
		writeEvent(wire === chatWire ? '' : (event as { type: string }).type, JSON.stringify(event)),
	);
	const all = [...played.events.slice(0, before), ...written, ...played.events.slice(before)];

	test('no place of a stream lets it out', async () => {
		const seen: string[] = [];
		let tried = 0;
		for (const [index, event] of all.entries()) {
			const [parsed] = new SseParser().push(Buffer.from(event));
			if (parsed?.data === undefined || parsed.data === '[DONE]') continue;
			for (const { at, value } of changed(JSON.parse(parsed.data) as Json)) {
				const out = await streamed(wire, all.with(index, writeEvent(parsed.event, JSON.stringify(value))));
				tried += 1;
				if (out.includes(marker) && !repeated.test(at)) seen.push(`${index} ${at}`);
			}
		}
		expect(seen).toEqual([]);
		expect(tried).toBeGreaterThan(100);
	});

	test('no place of a whole answer does', async () => {
		const seen: string[] = [];
		for (const { at, value } of changed(played.whole))
			if ((await whole(wire, value)).includes(marker) && !repeated.test(at)) seen.push(at);
		expect(seen).toEqual([]);
	});

	test('and without it all of it comes out', async () => {
		const out = await streamed(wire, all);
		expect([...written, 'well'].filter((one) => !out.includes(one))).toEqual([]);
		expect(await whole(wire, played.whole)).toBe(JSON.stringify(played.whole));
	});
});
