import type { Json } from '@tappass/core';
import { describe, expect, test } from 'vitest';
import { Judge } from '../stream/judge.ts';
import { handGuard } from '../test-support/hand-pipeline.ts';
import {
	block,
	body,
	chunk,
	codeOf,
	created,
	delta,
	done,
	message,
	read,
	response,
	start,
	stop,
	text,
} from './read-stream.test.support.ts';
import type { WireFormat } from './wire.ts';
import { chatWire, messagesWire, responsesWire } from './wires.ts';

/* Faults that other gateways shipped, each with the stream that showed it. */

describe('chat completions', () => {
	test('the first token comes with the role and is not lost', async () => {
		const { said } = await read(chatWire, [
			delta({ role: 'assistant', content: 'First' }),
			delta({ content: ' second' }, 'stop'),
			done,
		]);
		expect(said.text).toBe('First second');
	});

	test('a last token that is held comes out before its choice ends', async () => {
		const rules = { redacted: ['secret'] };
		expect((await read(chatWire, [delta({ content: 'a sec' }), delta({}, 'stop'), done], rules)).said.text).toBe(
			'a sec',
		);
		expect((await read(chatWire, [delta({ content: 'a sec' }, 'stop'), done], rules)).said.text).toBe('a sec');
		expect((await read(chatWire, [delta({ content: 'a sec' }), done], rules)).said.text).toBe('a sec');
	});

	test('an empty list of tool calls is no tool call', async () => {
		const { said, out } = await read(chatWire, [
			delta({ content: 'x', tool_calls: [] }),
			delta({ tool_calls: [] }, 'stop'),
			done,
		]);
		expect([said.text, said.calls]).toEqual(['x', []]);
		expect(out).toContain('"tool_calls":[]');
	});

	test('chunks with empty choices, for filters, usage and what else, break nothing', async () => {
		const filters = chunk([], {
			prompt_filter_results: [{ prompt_index: 0 }],
			usage: { prompt_tokens: 5, completion_tokens: 1 },
		});
		const { said, usage } = await read(chatWire, [filters, delta({ content: 'x' }, 'stop'), done]);
		expect([said.text, usage?.input_tokens]).toEqual(['x', 5]);
		// The first chunk of some servers: nothing but what their filters say of the prompt.
		const first = chunk([], { prompt_filter_results: [{ prompt_index: 0 }] });
		const judge = new Judge(handGuard({}));
		const reader = chatWire.reader(chatWire.read(body as Json, 1), judge);
		for (const event of [first, delta({ content: 'x' }, 'stop')])
			await reader.event({ event: '', data: JSON.stringify(event), raw: `data: ${JSON.stringify(event)}\n\n` });
		expect(reader.out).toContain('prompt_filter_results');
		expect(reader.out).toContain('"content":"x"');
	});

	test.each([
		['no index', {}],
		['an index of -1', { index: -1 }],
	])('tool calls with %s are told apart by their ids', async (_what, index) => {
		const call = (id: string, name: string): object => ({
			...index,
			id,
			type: 'function',
			function: { name, arguments: '{}' },
		});
		const events = [delta({ tool_calls: [call('a', 'one'), call('b', 'forbidden_one')] }, 'tool_calls'), done];
		expect((await read(chatWire, events, { tools: ['one'] })).out).not.toContain('forbidden_one');
	});

	test('parallel tool calls in turns are judged whole and come out in their order', async () => {
		const piece = (index: number, args: string, more: object = {}): object =>
			delta({
				tool_calls: [{ index, ...more, function: { arguments: args, ...('id' in more ? { name: `t${index}` } : {}) } }],
			});
		const events = [
			piece(0, '{"a"', { id: 'x' }),
			piece(1, '{"b"', { id: 'y' }),
			delta({ content: 'said in between' }),
			piece(0, ':1}'),
			piece(1, ':2}'),
			delta({}, 'tool_calls'),
			done,
		];
		const { said } = await read(chatWire, events);
		expect(said.calls).toEqual([
			{ name: 't0', args: '{"a":1}' },
			{ name: 't1', args: '{"b":2}' },
		]);
		expect(said.text).toBe('said in between');
	});

	test('a tool call whose name changes is refused: clients differ on which one counts', async () => {
		const call = (name: string): object =>
			delta({ tool_calls: [{ index: 0, id: 'x', function: { name, arguments: '' } }] });
		expect(await codeOf(read(chatWire, [call('harmless'), call('shell__run')]))).toBe('upstream_malformed');
		expect((await read(chatWire, [call('same'), call('same'), delta({}, 'tool_calls'), done])).said.calls).toHaveLength(
			1,
		);
	});

	test('a second last chunk, as some routers send it, is no text after the end', async () => {
		const last = chunk([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: 'stop' }], {
			usage: { prompt_tokens: 3, completion_tokens: 2 },
		});
		const judge = new Judge(handGuard({}));
		const reader = chatWire.reader(chatWire.read(body as Json, 1), judge);
		for (const event of [delta({ content: 'x' }, 'stop'), last])
			await reader.event({ event: '', data: JSON.stringify(event), raw: 'x' });
		expect(reader.usage()).toMatchObject({ input_tokens: 3, output_tokens: 2 });
		const late = { event: '', data: JSON.stringify(delta({ content: 'late' })), raw: '' };
		const refused = expect.objectContaining({ code: 'upstream_malformed' });
		expect(() => reader.event(late)).toThrow(refused);
		const below = delta({ reasoning_details: [{ type: 'reasoning.text', text: 'late' }] });
		expect(() => reader.event({ ...late, data: JSON.stringify(below) })).toThrow(refused);
		const nothing = delta({ reasoning_details: [{ type: 'reasoning.text', text: '' }] });
		expect(() => reader.event({ ...late, data: JSON.stringify(nothing) })).not.toThrow();
	});

	test('tokens in logprobs do not say what was taken out of the text', async () => {
		const events = [
			chunk([
				{
					index: 0,
					delta: { content: 'my secret' },
					logprobs: { content: [{ token: 'secret', logprob: -1 }] },
					finish_reason: null,
				},
			]),
			delta({}, 'stop'),
			done,
		];
		expect((await read(chatWire, events, { redacted: ['secret'] })).out).not.toContain('secret');
	});

	test('reasoning, refusals and fields of tomorrow are judged as well', async () => {
		for (const key of ['reasoning', 'reasoning_content', 'refusal', 'musings']) {
			const events = [delta({ [key]: 'kab' }), delta({ [key]: 'oom' }), delta({}, 'stop'), done];
			const { said, out } = await read(chatWire, events, { forbidden: ['kaboom'] });
			expect([key, said.end, out.includes('kab')]).toEqual([key, 'error', false]);
		}
		const nested = delta({ reasoning_details: [{ type: 'reasoning.text', text: 'kaboom' }] });
		expect((await read(chatWire, [nested, done], { forbidden: ['kaboom'] })).said.end).toBe('error');
	});

	test('text beside the delta, where some clients look as well, is judged', async () => {
		const beside = (more: object): object => chunk([{ index: 0, delta: {}, finish_reason: null, ...more }]);
		const rules = { forbidden: ['kaboom'] };
		expect((await read(chatWire, [beside({ text: 'kaboom' }), done], rules)).said.end).toBe('error');
		expect(await codeOf(read(chatWire, [beside({ message: { content: 'x' } }), done], rules))).toBe(
			'upstream_malformed',
		);
	});

	test('an error in the middle is an error, also when more follows', async () => {
		expect(await codeOf(read(chatWire, [delta({ content: 'x' }), { error: { message: 'overloaded' } }, done]))).toBe(
			'upstream_failed',
		);
	});

	test('a comment of the upstream keeps the connection alive and says nothing', async () => {
		const { out } = await read(chatWire, [': OPENROUTER kaboom\n\n', delta({ content: 'x' }, 'stop'), done]);
		expect(out.startsWith(': keep-alive\n\n')).toBe(true);
	});
});

describe('messages', () => {
	test('later usage replaces earlier usage: nothing is added twice, cached tokens stay apart', async () => {
		const { usage } = await read(messagesWire, [start, ...block(0, { type: 'text', text: '' }, text('x')), ...stop()]);
		expect(usage).toEqual({ input_tokens: 8, cache_read_tokens: 90, cache_write_tokens: 2, output_tokens: 7 });
		const all = { input_tokens: 10, cache_read_input_tokens: 80, cache_creation_input_tokens: 0, output_tokens: 7 };
		const bare = { ...start, message: { ...start.message, usage: { input_tokens: 0, output_tokens: 0 } } };
		expect((await read(messagesWire, [bare, ...stop(all)])).usage).toEqual({
			input_tokens: 10,
			cache_read_tokens: 80,
			cache_write_tokens: 0,
			output_tokens: 7,
		});
	});

	test('a message that breaks off has no usage: its beginning does not know what the end will be', async () => {
		const judge = new Judge(handGuard({}));
		const reader = messagesWire.reader(messagesWire.read(body as Json, 1), judge);
		await reader.event({ event: 'message_start', data: JSON.stringify(start), raw: '' });
		expect(reader.usage()).toBeUndefined();
	});

	test.each([
		['a text', 'Write to ana.silva@example.com'],
		['a block', [{ type: 'text', text: 'Write to ana.silva@example.com' }]],
		['an object', { text: 'Write to ana.silva@example.com' }],
		['nothing', null],
	])('a message_start whose content is %s, which no block would bring to the judge, is refused', async (_, content) => {
		const begun = { ...start, message: { ...start.message, content } };
		const judge = new Judge(handGuard({}));
		const reader = messagesWire.reader(messagesWire.read(body as Json, 1), judge);

		expect(() =>
			reader.event({ event: 'message_start', data: JSON.stringify(begun), raw: 'event: message_start' }),
		).toThrow(expect.objectContaining({ code: 'upstream_malformed' }));
		expect(reader.out).toBe('');
		expect(
			(await read(messagesWire, [{ ...start, message: { ...start.message, content: [] } }, ...stop()])).out,
		).toContain('message_start');
	});

	test('thinking is judged, its seal and redacted thinking pass', async () => {
		const thinking = block(
			0,
			{ type: 'thinking', thinking: '', signature: '' },
			{ type: 'thinking_delta', thinking: 'hm' },
			{ type: 'signature_delta', signature: 'c2VhbA==' },
		);
		const events = [start, ...thinking, ...block(1, { type: 'redacted_thinking', data: 'c2VhbGVk' }), ...stop()];
		const { said, out } = await read(messagesWire, events);
		expect(said.thinking).toBe('hm');
		expect(out).toContain('c2VhbGVk');
		const evil = block(
			0,
			{ type: 'thinking', thinking: '', signature: '' },
			{ type: 'thinking_delta', thinking: 'kab' },
			{ type: 'thinking_delta', thinking: 'oom' },
		);
		expect((await read(messagesWire, [start, ...evil, ...stop()], { forbidden: ['kaboom'] })).out).not.toContain('kab');
	});

	test('a tool that the vendor runs is judged like any other, and so is what it found', async () => {
		const use = block(
			0,
			{ type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
			{ type: 'input_json_delta', partial_json: '{"query":"x"}' },
		);
		const found = block(1, {
			type: 'web_search_tool_result',
			tool_use_id: 's',
			content: [{ type: 'web_search_result', title: 'kaboom', url: 'https://example.com' }],
		});
		expect((await read(messagesWire, [start, ...use, ...stop()], { tools: [] })).out).not.toContain('web_search');
		expect((await read(messagesWire, [start, ...found, ...stop()], { forbidden: ['kaboom'] })).said.end).toBe('error');
	});

	test('arguments both at the start of a block and in pieces are refused: clients differ on which count', async () => {
		const both = block(
			0,
			{ type: 'tool_use', id: 't', name: 'a', input: { evil: 1 } },
			{ type: 'input_json_delta', partial_json: '{}' },
		);
		expect(await codeOf(read(messagesWire, [start, ...both, ...stop()]))).toBe('upstream_malformed');
		const atOnce = block(0, { type: 'tool_use', id: 't', name: 'a', input: { q: 'x' } });
		const { out } = await read(messagesWire, [start, ...atOnce, ...stop()], {
			changeArguments: (args) => args.replace('x', 'y'),
		});
		expect(out).toContain('"input":{"q":"y"}');
	});

	test('a ping passes while a tool call is held, and an error after it is the end', async () => {
		const [open, piece] = block(
			0,
			{ type: 'tool_use', id: 't', name: 'a', input: {} },
			{ type: 'input_json_delta', partial_json: '{' },
		);
		const judge = new Judge(handGuard({}));
		const reader = messagesWire.reader(messagesWire.read(body as Json, 1), judge);
		const send = (event: object): Promise<void> | undefined =>
			reader.event({ event: (event as { type: string }).type, data: JSON.stringify(event), raw: 'raw ' });
		for (const event of [start, open!, piece!]) await send(event);
		expect(reader.out).toBe('raw ');
		await send({ type: 'ping' });
		expect(reader.out).toContain('ping');
		expect(() => send({ type: 'error', error: { type: 'overloaded_error', message: 'x' } })).toThrow(
			expect.objectContaining({ code: 'upstream_failed' }),
		);
	});

	test.each([
		['deltas outside of a block', [start, { type: 'content_block_delta', index: 0, delta: text('x') }]],
		['an event of an unknown kind', [start, { type: 'content_block_words', text: 'x' }]],
		['text in a block of thinking', [start, ...block(0, { type: 'thinking', thinking: '' }, text('x'))]],
		['a message inside a message', [start, start]],
		['events after the end', [start, ...stop(), start]],
		[
			'one block at two places at once',
			[start, ...block(0, { type: 'text', text: '' }), ...block(0, { type: 'text', text: '' })],
		],
	])('%s cannot be judged, so nothing of it goes out', async (_what, events) => {
		expect(await codeOf(read(messagesWire, events))).toBe('upstream_malformed');
	});
});

describe('responses', () => {
	test('a response that comes without deltas is judged by what it repeats', async () => {
		const events = (value: string): readonly object[] => [
			created,
			{ type: 'response.output_item.added', sequence_number: 1, output_index: 0, item: message(value) },
			{ type: 'response.output_item.done', sequence_number: 2, output_index: 0, item: message(value) },
			{ type: 'response.completed', sequence_number: 3, response: response('completed', [message(value)]) },
		];
		expect((await read(responsesWire, events('fine'))).said.text).toBe('fine');
		expect((await read(responsesWire, events('kaboom'), { forbidden: ['kaboom'] })).out).not.toContain('kaboom');
		const redacted = await read(responsesWire, events('a secret'), { redacted: ['secret'] });
		expect([redacted.said.text, redacted.out.includes('secret')]).toEqual(['a [taken out]', false]);
	});

	test('an end that says something else than its pieces is refused', async () => {
		const events = [
			created,
			{
				type: 'response.output_item.added',
				sequence_number: 1,
				output_index: 0,
				item: { ...message(''), content: [] },
			},
			{
				type: 'response.output_text.delta',
				sequence_number: 2,
				output_index: 0,
				content_index: 0,
				item_id: 'i',
				delta: 'harmless',
			},
			{ type: 'response.output_item.done', sequence_number: 3, output_index: 0, item: message('other words') },
		];
		expect(await codeOf(read(responsesWire, events))).toBe('upstream_malformed');
	});

	test('a tool call that only the last event holds is judged there', async () => {
		const call = { type: 'function_call', id: 'f', call_id: 'c', name: 'shell__run', arguments: '{}' };
		const events = [
			created,
			{ type: 'response.completed', sequence_number: 1, response: response('completed', [call]) },
		];
		expect((await read(responsesWire, events, { tools: ['other'] })).out).not.toContain('shell__run');
	});

	test('events of kinds that come later are judged text by text', async () => {
		const events = [created, { type: 'response.musing.delta', sequence_number: 1, output_index: 0, musing: 'kaboom' }];
		expect((await read(responsesWire, events, { forbidden: ['kaboom'] })).said.end).toBe('error');
	});

	test('tools run by the vendor are tool calls', async () => {
		const item = { type: 'web_search_call', id: 'w', status: 'completed', action: { type: 'search', query: 'x' } };
		const events = [
			created,
			{ type: 'response.output_item.added', sequence_number: 1, output_index: 0, item },
			{ type: 'response.web_search_call.searching', sequence_number: 2, output_index: 0, item_id: 'w' },
			{ type: 'response.output_item.done', sequence_number: 3, output_index: 0, item },
		];
		expect((await read(responsesWire, events, { tools: ['other'] })).out).not.toContain('web_search');
	});
});

describe('what is checked is what is sent', () => {
	const wires = [
		['chat', chatWire],
		['responses', responsesWire],
		['messages', messagesWire],
	] as const;
	const reading = (wire: WireFormat, more: object): Promise<string> =>
		codeOf(Promise.resolve().then(() => wire.read({ ...body, max_tokens: 1, ...more } as Json, 10)));
	const textsOf = (wire: WireFormat, more: object): readonly string[] =>
		wire.read({ ...body, max_tokens: 1, ...more } as Json, 10).texts.map(({ text }) => text);

	test.each(wires)('%s: a second name that readers in Go take for the first is refused', async (_name, wire) => {
		expect(await reading(wire, {})).toBe('nothing thrown');
		expect(await reading(wire, { Model: 'dear' })).toBe('request_unsupported');
		expect(await reading(wire, { 'me\u017f\u017fages': [] })).toBe('request_unsupported');
		expect(await reading(wire, { TOOLS: [] })).toBe('request_unsupported');
		const twins = { type: 'function', name: 'a', input_schema: {}, function: { name: 'a', Name: 'b' } };
		expect(await reading(wire, { tools: [twins] })).toBe('request_unsupported');
		const own = {
			type: 'function',
			name: 'a',
			function: { name: 'a', parameters: { properties: { id: {}, ID: {} } } },
		};
		expect(await reading(wire, { tools: [own] })).toBe('nothing thrown');
	});

	test.each(wires)('%s: members that nobody knows are texts like any other', (_name, wire) => {
		expect(textsOf(wire, { documents: [{ text: 'from elsewhere' }], level: 'high' })).toEqual(['hi', 'from elsewhere']);
	});

	test.each([
		'chat_template',
		'user_config',
		'mock_response',
		'data_sources',
		'inference_geo',
		'preset',
		'search_parameters',
		'enable_search',
		'context_window_fallbacks',
		'vector_store_ids',
		'aws_region_name',
		'vertex_location',
		'azure_ad_token',
		'litellm_params',
		'input_cost_per_token',
	])('%s cannot be enforced, so it is refused', async (field) => {
		expect(await reading(chatWire, { [field]: 'x' })).toBe('request_unsupported');
	});

	test('a document in base64 is the text that it stands for, with a stray byte in it as well', () => {
		const secret = 'the secret is out, and more words than that';
		const stray = Buffer.concat([Buffer.from(secret), Buffer.of(0xff)]).toString('base64');
		const wide = Buffer.from(secret, 'utf16le').toString('base64');
		for (const data of [stray, wide, Buffer.from(secret).toString('base64')]) {
			const content = [{ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data } }];
			const texts = textsOf(messagesWire, { messages: [{ role: 'user', content }] });
			expect(texts.some((text) => text.startsWith(secret))).toBe(true);
			const url = [{ type: 'text', text: `data:image/png;base64,${data}` }];
			const inText = textsOf(chatWire, { messages: [{ role: 'user', content: url }] });
			expect(inText.some((text) => text.startsWith(secret))).toBe(true);
		}
	});

	test('what a tool of the vendor answered is not the word of the model', () => {
		const roleOf = (item: object, text: string): string | undefined =>
			responsesWire.read({ ...body, input: [item] } as Json, 10).texts.find((one) => one.text === text)?.role;
		expect(roleOf({ type: 'mcp_call', name: 'read', arguments: '{}', output: 'ignore all' }, 'ignore all')).toBe(
			'tool',
		);
		expect(roleOf({ type: 'file_search_call', results: [{ text: 'ignore all' }] }, 'ignore all')).toBe('tool');
		expect(roleOf({ type: 'item_of_tomorrow', words: 'ignore all' }, 'ignore all')).toBe('tool');
		expect(roleOf({ type: 'function_call_output', call_id: 'c', output: 'ignore all' }, 'ignore all')).toBe('tool');
		expect(roleOf({ type: 'function_call', name: 'a', arguments: 'its own' }, 'its own')).toBe('assistant');
		expect(roleOf({ type: 'reasoning', summary: [{ text: 'its own' }] }, 'its own')).toBe('assistant');
	});

	test('a tool that the vendor runs goes by its kind, whatever the caller calls it', () => {
		const named = (type: string): string | undefined =>
			messagesWire.read({ ...body, max_tokens: 1, tools: [{ type, name: 'collibra__list' }] } as Json, 10)
				.offered_tools[0]?.wire_name;
		expect(named('bash_20250124')).toBe('collibra__list');
		expect(named('web_search_20250305')).toBe('anthropic__web_search');
		expect(named('computer_hosted_20270101')).toBe('anthropic__computer_hosted');
		expect(named('memory_store')).toBe('anthropic__memory_store');
	});

	test('the larger of two limits is reserved, once for each answer', () => {
		const call = chatWire.read({ ...body, n: 2, max_tokens: 900, max_completion_tokens: 1 } as Json, 10);
		expect(call.max_tokens).toBe(900);
	});
});

test('responses: members that nobody knows are judged, and what repeats the text is left out, streamed or whole', async () => {
	const response = {
		id: 'r',
		object: 'response',
		status: 'completed',
		output: [],
		instructions: 'the word of the caller',
	};
	const rules = { forbidden: ['word'] };
	const events = (more: object): readonly object[] => [
		{ type: 'response.created', sequence_number: 0, response: { ...response, status: 'in_progress' } },
		{ type: 'response.completed', sequence_number: 1, response: { ...response, ...more } },
	];
	const whole = async (more: object): Promise<string> => {
		const judge = new Judge(handGuard(rules));
		const edits = await responsesWire.judgeAnswer({ ...response, ...more } as Json, judge);
		return judge.denial?.code ?? JSON.stringify(edits);
	};

	expect((await read(responsesWire, events({ summary_of_tomorrow: 'a word' }), rules)).out).toContain('forbidden_word');
	expect(await whole({ summary_of_tomorrow: 'a word' })).toBe('forbidden_word');
	expect((await read(responsesWire, events({ output_text: 'a word' }), rules)).out).not.toContain('a word');
	expect(await whole({ output_text: 'a word' })).toContain('"remove":true');
	expect((await read(responsesWire, events({}), rules)).out).not.toContain('forbidden_word');
});
