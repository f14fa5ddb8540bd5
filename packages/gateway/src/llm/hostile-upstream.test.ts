import type { Json } from '@tappass/core';
import { describe, expect, test } from 'vitest';
import { Judge } from '../stream/judge.ts';
import { handGuard } from '../test-support/hand-pipeline.ts';
import {
	block,
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

/* What an upstream, or a model behind it, could put where a reader that goes by the usual form does not look. */

const forbidden = { forbidden: ['kaboom'] };

/** The code by which a whole answer is refused; `released` when it is not. */
async function whole(wire: WireFormat, answer: object, rules: Parameters<typeof handGuard>[0] = forbidden) {
	const judge = new Judge(handGuard(rules));
	const edits = await wire.judgeAnswer(answer as Json, judge);
	return judge.denial?.code ?? (edits.length === 0 ? 'released' : JSON.stringify(edits));
}

describe('chat completions', () => {
	const call = (more: object, fn: object = {}): object => ({
		index: 0,
		id: 'x',
		type: 'function',
		function: { name: 'one', arguments: '{}', ...fn },
		...more,
	});
	const said = (value: object): object => ({ choices: [{ index: 0, message: value, finish_reason: 'stop' }] });

	test.each([
		['beside a call', { tool_calls: [call({ extra_content: { note: 'kaboom' } })] }],
		['inside of its function', { tool_calls: [call({}, { note: 'kaboom' })] }],
		['inside of a function of the old form', { function_call: { name: 'one', arguments: '{}', note: 'kaboom' } }],
		['as the name of a member', { extras: [{ 'a kaboom is a long name': 1 }] }],
		['where a word of the grammar stands', { role: 'a kaboom of words' }],
	])('a text %s is judged, streamed and whole', async (_what, value) => {
		const { out } = await read(chatWire, [delta(value), delta({}, 'tool_calls'), done], forbidden);
		expect(out).not.toContain('kaboom');
		expect(await whole(chatWire, said(value))).toBe('forbidden_word');
	});

	test.each([
		['calls that are no list', { tool_calls: { name: 'kaboom' } }],
		['calls that are a text', { tool_calls: 'kaboom' }],
		['a function call that is a text', { function_call: 'kaboom' }],
		['a function that is a text', { tool_calls: [{ index: 0, function: 'kaboom' }] }],
	])('%s are refused, streamed and whole', async (_what, value) => {
		expect(await codeOf(read(chatWire, [delta(value), delta({}, 'tool_calls'), done]))).toBe('upstream_malformed');
		expect(await codeOf(whole(chatWire, said(value)))).toBe('upstream_malformed');
	});

	test('a text in the reason for the end, or in the usage, is judged', async () => {
		const reason = [delta({ content: 'x' }), delta({}, 'a kaboom of reasons'), done];
		expect((await read(chatWire, reason, forbidden)).out).not.toContain('kaboom');
		const usage = chunk([{ index: 0, delta: { content: 'x' }, finish_reason: 'stop' }], { usage: { note: 'kaboom' } });
		expect((await read(chatWire, [usage, done], forbidden)).out).not.toContain('kaboom');
		expect(await whole(chatWire, { ...said({ content: 'x' }), usage: { note: 'kaboom' } })).toBe('forbidden_word');
		expect(await whole(chatWire, { choices: [{ message: { content: 'x' }, delta: { content: 'kaboom' } }] })).toBe(
			'forbidden_word',
		);
	});

	test('the name of who serves a router passes, and nothing longer in its place', async () => {
		const from = (provider: string): object =>
			chunk([{ index: 0, delta: { content: 'x' }, finish_reason: 'stop' }], { provider });
		for (const provider of ['Amazon Bedrock', 'Google AI Studio', 'Z.AI', 'openai'])
			expect((await read(chatWire, [from(provider), done], { forbidden: ['Amazon', 'Google', 'AI'] })).said.text).toBe(
				'x',
			);
		const said = ['what goes kaboom', 'Kaboom And Kaboom And kaboom', `${'A'.repeat(60)}kaboom Kaboom`];
		for (const provider of said)
			expect((await read(chatWire, [from(provider), done], forbidden)).out).not.toContain('kaboom');
	});

	test('tokens of log probabilities that are not the text they stand beside are judged', async () => {
		const beside = chunk([
			{ index: 0, delta: { content: 'x' }, logprobs: { content: [{ token: 'kab' }, { token: 'oom' }] } },
		]);
		expect((await read(chatWire, [beside, delta({}, 'stop'), done], forbidden)).out).not.toContain('oom');
		const logprobs = { content: [{ token: 'kab' }, { token: 'oom' }] };
		expect(await whole(chatWire, { choices: [{ message: { content: 'x' }, logprobs }] })).toBe('forbidden_word');
	});

	test('a text in pieces below a list, as routers and Mistral stream it, is one text', async () => {
		const reasoning = (value: string): object =>
			delta({ reasoning_details: [{ type: 'reasoning.text', text: value, index: 0 }] });
		const content = (value: string): object => delta({ content: [{ type: 'text', text: value }] });
		for (const piece of [reasoning, content]) {
			const events = (words: readonly string[]): readonly (object | string)[] => [
				...words.map(piece),
				delta({}, 'stop'),
				done,
			];
			expect((await read(chatWire, events(['a kab', 'oom']), forbidden)).out).not.toContain('kab');
			const { out } = await read(chatWire, events(['a sec', 'ret', ' b sec']), { redacted: ['secret'] });
			const texts = [...out.matchAll(/"text":"([^"]*)"/g)].map(([, one]) => one).join('');
			expect(texts).toBe('a [taken out] b sec');
		}
	});

	test('an event has no name of its own, but for a plain word', async () => {
		const named = (name: string): string =>
			`event: ${name}\ndata: ${JSON.stringify(delta({ content: 'x' }, 'stop'))}\n\n`;
		expect(await codeOf(read(chatWire, [named('a kaboom of words'), done]))).toBe('upstream_malformed');
		expect(await codeOf(read(chatWire, [named('error'), done]))).toBe('upstream_failed');
		expect((await read(chatWire, [named('message'), done])).said.text).toBe('x');
	});

	test('an index that is no number is refused: clients add its text to that of the number', async () => {
		const choice = (index: unknown, content: string): object => ({ index, delta: { content }, finish_reason: null });
		const events = [chunk([choice(0, 'kab'), choice('0', 'oom')]), delta({}, 'stop'), done];
		expect(await codeOf(read(chatWire, events, forbidden))).toBe('upstream_malformed');
		expect(await codeOf(read(chatWire, [delta({ tool_calls: [call({ index: '0' })] }), done]))).toBe(
			'upstream_malformed',
		);
	});

	test('a tool call that goes on under another id is refused: it may be another call', async () => {
		const piece = (id: string): object =>
			delta({ tool_calls: [{ index: 0, id, function: { name: 'one', arguments: '' } }] });
		expect(await codeOf(read(chatWire, [piece('x'), piece('y'), delta({}, 'tool_calls'), done]))).toBe(
			'upstream_malformed',
		);
		expect(await codeOf(read(chatWire, [piece('x'), piece(''), piece('x'), delta({}, 'tool_calls'), done]))).toBe(
			'nothing thrown',
		);
	});

	test('usage beside a text that is held reaches the caller who asked for it', async () => {
		const events = [
			chunk([{ index: 0, delta: { content: 'sec' }, finish_reason: null }], {
				usage: { prompt_tokens: 3, completion_tokens: 1 },
			}),
			delta({}, 'stop'),
			done,
		];
		const { out } = await read(chatWire, events, { redacted: ['secret'] }, { stream_options: { include_usage: true } });
		expect(out).toContain('"prompt_tokens":3');
	});
});

describe('messages', () => {
	const plain = block(0, { type: 'text', text: '' }, text('x'));
	const tool = (more: object): readonly object[] =>
		block(
			0,
			{ type: 'tool_use', id: 't', name: 'a', input: {}, ...more },
			{ type: 'input_json_delta', partial_json: '{}' },
		);

	test.each([
		['at the start', [{ ...start, note: 'kaboom' }, ...plain, ...stop()]],
		['at the start of a block', [start, { ...plain[0], note: 'kaboom' }, ...plain.slice(1), ...stop()]],
		['at a delta', [start, plain[0]!, { ...plain[1], note: 'kaboom' }, plain[2]!, ...stop()]],
		['at the end of a block', [start, ...plain.slice(0, 2), { ...plain[2], note: 'kaboom' }, ...stop()]],
		['at the end', [start, ...plain, stop()[0]!, { type: 'message_stop', note: 'kaboom' }]],
		['beside the last delta', [start, ...plain, { ...stop()[0], context_management: { note: 'kaboom' } }, stop()[1]!]],
		['in the usage', [start, ...plain, ...stop({ output_tokens: 1, note: 'kaboom' })]],
		['in a tool block', [start, ...tool({ caller: { note: 'kaboom' } }), ...stop()]],
		[
			'beside arguments',
			[
				start,
				tool({})[0]!,
				{ ...tool({})[1], delta: { type: 'input_json_delta', partial_json: '{}', n: 'kaboom' } },
				tool({})[2]!,
				...stop(),
			],
		],
		[
			'in a document that is text',
			[start, ...block(0, { type: 'document', source: { type: 'text', data: 'a kaboom' } }), ...stop()],
		],
		['where a seal stands', [start, ...block(0, { type: 'redacted_thinking', data: 'not sealed: kaboom' }), ...stop()]],
	])('a text that nobody expects %s is judged', async (_where, events) => {
		expect((await read(messagesWire, events, forbidden)).out).not.toContain('kaboom');
		expect(await codeOf(read(messagesWire, events))).toBe('nothing thrown');
	});

	test.each([
		['beside the content', { content: [], note: 'kaboom' }],
		['in the usage', { content: [], usage: { note: 'kaboom' } }],
		['in a tool block', { content: [{ type: 'tool_use', id: 't', name: 'a', input: {}, caller: { note: 'kaboom' } }] }],
		['in a document', { content: [{ type: 'document', source: { type: 'text', data: 'kaboom' } }] }],
	])('a text %s of a whole answer is judged', async (_where, answer) => {
		expect(await whole(messagesWire, answer)).toBe('forbidden_word');
	});

	test('pieces of a kind that comes later are one text', async () => {
		const events = (...words: readonly string[]): readonly object[] => [
			start,
			...block(
				0,
				{ type: 'compaction', content: '' },
				...words.map((content) => ({ type: 'compaction_delta', content })),
			),
			...stop(),
		];
		expect((await read(messagesWire, events('a kab', 'oom'), forbidden)).out).not.toContain('kab');
		const { out } = await read(messagesWire, events('a sec', 'ret', ' b sec'), { redacted: ['secret'] });
		const texts = [...out.matchAll(/"content":"([^"]*)"/g)].map(([, one]) => one).join('');
		expect(texts).toBe('a [taken out] b sec');
	});
});

describe('responses', () => {
	/** Reads events that are numbered in their order. */
	const stream = (events: readonly object[], rules: Parameters<typeof read>[2] = {}): ReturnType<typeof read> =>
		read(
			responsesWire,
			events.map((event, sequence_number) => ({ ...event, sequence_number })),
			rules,
		);
	const at = { output_index: 0, item_id: 'i' };
	const added = (item: object): object => ({
		type: 'response.output_item.added',
		sequence_number: 1,
		output_index: 0,
		item,
	});
	const itemDone = (item: object): object => ({
		type: 'response.output_item.done',
		sequence_number: 8,
		output_index: 0,
		item,
	});
	const completed = (...output: readonly object[]): object => ({
		type: 'response.completed',
		sequence_number: 9,
		response: response('completed', output),
	});
	const call = (more: object = {}): object => ({
		type: 'function_call',
		id: 'f',
		call_id: 'c',
		name: 'one',
		arguments: '{}',
		...more,
	});
	const open = added({ ...message(''), content: [] });

	test.each([
		[
			'a part and a delta',
			{ type: 'response.output_text.delta', part: { type: 'output_text', text: '' }, delta: 'kaboom' },
		],
		['a response and a delta', { type: 'response.output_text.delta', response: {}, delta: 'kaboom' }],
		['an item and a delta', { type: 'response.output_text.delta', item: {}, delta: 'kaboom' }],
	])('an event that holds %s is refused: clients differ on which one counts', async (_what, event) => {
		expect(await codeOf(stream([created, open, { ...at, ...event }], forbidden))).toBe('upstream_malformed');
	});

	test.each([
		['name', { name: 'shell__run' }],
		['namespace', { namespace: 'shell' }],
		['call id', { call_id: 'other' }],
		['kind', { type: 'custom_tool_call', input: '{}' }],
	])('a tool call that ends under another %s is refused', async (_what, begun) => {
		const events = [created, added(call({ arguments: '', ...begun })), itemDone(call()), completed(call())];
		expect(await codeOf(stream(events))).toBe('upstream_malformed');
	});

	test('a tool call that ends as a message, or names another tool with its arguments, is refused', async () => {
		const pieces = { type: 'response.function_call_arguments.delta', ...at, delta: '{}' };
		const asMessage = [
			created,
			added(call({ arguments: '' })),
			pieces,
			itemDone(message('x')),
			completed(message('x')),
		];
		expect(await codeOf(stream(asMessage, { tools: [] }))).toBe('upstream_malformed');
		const end = { type: 'response.function_call_arguments.done', ...at, arguments: '{}', name: 'shell__run' };
		const renamed = [created, added(call({ arguments: '' })), pieces, end, itemDone(call()), completed(call())];
		expect(await codeOf(stream(renamed))).toBe('upstream_malformed');
	});

	test.each([
		['a response', [{ ...created, note: 'kaboom' }]],
		[
			'the error of a response that goes on',
			[{ ...created, response: { ...response('in_progress'), error: 'kaboom' } }],
		],
		[
			'a piece of text',
			[created, open, { type: 'response.output_text.delta', ...at, content_index: 0, delta: 'x', note: 'kaboom' }],
		],
		[
			'the end of a text',
			[created, open, { type: 'response.output_text.done', ...at, content_index: 0, text: '', note: 'kaboom' }],
		],
		[
			'a part',
			[
				created,
				open,
				{
					type: 'response.content_part.added',
					...at,
					content_index: 0,
					part: { type: 'output_text', text: '' },
					note: 'kaboom',
				},
			],
		],
		['a tool call', [created, added(call({ note: 'kaboom' })), itemDone(call())]],
		['the end of a tool call', [created, added(call({ arguments: '' })), itemDone(call({ note: 'kaboom' }))]],
		[
			'a piece of arguments',
			[
				created,
				added(call({ arguments: '' })),
				{ type: 'response.function_call_arguments.delta', ...at, delta: '{}', note: 'kaboom' },
				itemDone(call()),
			],
		],
		[
			'the beginning of a call that the vendor runs',
			[
				created,
				added({ type: 'web_search_call', id: 'w', action: { query: 'kaboom' } }),
				itemDone({ type: 'web_search_call', id: 'w', action: { query: 'x' } }),
			],
		],
		['an item', [created, { ...added(message('')), note: 'kaboom' }]],
	])('a text that nobody expects beside %s is judged', async (_what, events) => {
		const { out } = await stream([...events], forbidden).catch(() => ({ out: '' }));
		expect(out).not.toContain('kaboom');
		const clean = JSON.parse(JSON.stringify(events).replaceAll('kaboom', 'x')) as object[];
		expect(await codeOf(stream([...clean, completed()]))).toBe('nothing thrown');
	});

	test('what the vendor ran is what its pieces said', async () => {
		const item = (code: string): object => ({ type: 'code_interpreter_call', id: 'w', code, container_id: 'k' });
		const piece = { type: 'response.code_interpreter_call_code.delta', ...at, delta: 'kaboom()' };
		const events = (code: string): readonly object[] => [
			created,
			added(item('')),
			piece,
			itemDone(item(code)),
			completed(),
		];
		expect(await codeOf(stream(events('print()')))).toBe('upstream_malformed');
		expect(await codeOf(stream(events('kaboom()')))).toBe('nothing thrown');
		expect((await stream(events('kaboom()'), forbidden)).out).not.toContain('kaboom');
	});

	test('what is taken out of a call that the vendor ran is taken out of its item', async () => {
		const item = { type: 'web_search_call', id: 'w', action: { query: 'a secret' } };
		const rules = { changeArguments: (args: string) => args.replace('secret', '[taken out]') };
		const { out } = await stream([created, added(item), itemDone(item), completed(item)], {
			...rules,
			redacted: ['secret'],
		});
		expect(out).not.toContain('secret');
		expect(out.match(/a \[taken out\]/g)).toHaveLength(3);
		expect(await whole(responsesWire, { output: [item] }, rules)).toContain('[taken out]');
	});

	test('an output that is no list is refused', async () => {
		const events = [
			created,
			{ type: 'response.completed', sequence_number: 1, response: { ...response('completed'), output: 'kaboom' } },
		];
		expect(await codeOf(stream(events))).toBe('upstream_malformed');
	});

	test('an error that is a text is judged', async () => {
		expect(await whole(responsesWire, { output: [], error: 'kaboom' })).toBe('forbidden_word');
		expect(await whole(responsesWire, { output: [], incomplete_details: { reason: 'a kaboom' } })).toBe(
			'forbidden_word',
		);
	});

	test('pieces of a kind that comes later are one text', async () => {
		const piece = (musing: string): object => ({ type: 'response.musing.delta', ...at, musing });
		const { out } = await stream([created, open, piece('a kab'), piece('oom'), completed()], forbidden);
		expect(out).not.toContain('kab');
		const redacted = await stream([created, open, piece('a sec'), piece('ret'), completed()], {
			redacted: ['secret'],
		});
		expect([...redacted.out.matchAll(/"musing":"([^"]*)"/g)].map(([, one]) => one).join('')).toBe('a [taken out]');
	});
});
