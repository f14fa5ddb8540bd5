/*
 * Streams in the form in which vendors and routers send them, with the members that they add around what is said: written by
 * hand after their documentation. Each is `[what, events]`; an event is an object, or text that goes out as it stands.
 */

/** One stream. */
export type VendorStream = readonly [what: string, events: readonly (object | string)[]];

const chunk = (choices: readonly object[], more: object = {}): object => ({
	id: 'chatcmpl-1',
	object: 'chat.completion.chunk',
	created: 1_700_000_000,
	model: 'm-2026-01-01',
	system_fingerprint: 'fp_1',
	...more,
	choices,
});
const choice = (delta: object, finish_reason: string | null = null, more: object = {}): object => ({
	index: 0,
	delta,
	logprobs: null,
	finish_reason,
	...more,
});
const piece = (index: number, given: string, more: object = {}): object =>
	choice({
		tool_calls: [{ index, ...more, function: { ...('id' in more ? { name: 'lookup' } : {}), arguments: given } }],
	});
const usage = {
	prompt_tokens: 70,
	completion_tokens: 29,
	total_tokens: 99,
	prompt_tokens_details: { cached_tokens: 30, audio_tokens: 0 },
	completion_tokens_details: { reasoning_tokens: 9, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
};
const filtered = { hate: { filtered: false, severity: 'safe' }, violence: { filtered: false, severity: 'safe' } };

/** Chat completions. */
export const chatStreams: readonly VendorStream[] = [
	[
		'text, then tool calls in turns',
		[
			chunk([choice({ role: 'assistant', content: '', refusal: null })], { service_tier: 'default', usage: null }),
			chunk([choice({ content: 'Grüß' })], { usage: null, obfuscation: 'aVq3x' }),
			chunk([choice({ content: ' dich,\n𝕊 "q" \\' })], { usage: null, obfuscation: 'x' }),
			chunk([piece(0, '', { id: 'call_a', type: 'function' })], { usage: null }),
			chunk([piece(0, '{"q":')], { usage: null }),
			chunk([piece(1, '', { id: 'call_b', type: 'function' })], { usage: null }),
			chunk([piece(1, '{}')], { usage: null }),
			chunk([piece(0, '"ä\\"\\u00e9"}')], { usage: null }),
			chunk([choice({}, 'tool_calls')], { usage: null }),
			chunk([], { usage }),
			'data: [DONE]\n\n',
		],
	],
	[
		'filters around what is said',
		[
			chunk([], { prompt_filter_results: [{ prompt_index: 0, content_filter_results: filtered }] }),
			chunk([choice({ role: 'assistant', content: '' }, null, { content_filter_results: {} })]),
			chunk([choice({ content: 'It is four.' }, null, { content_filter_results: filtered })]),
			chunk([choice({}, 'stop', { content_filter_results: {} })]),
			chunk([], { usage }),
			'data: [DONE]\n\n',
		],
	],
	[
		'comments, reasoning, and usage with the last choice',
		[
			': PROCESSING\n\n',
			chunk([choice({ role: 'assistant', content: '', reasoning_content: 'let me' })]),
			': PROCESSING\n\n',
			chunk([choice({ content: '', reasoning_content: ' see …' })]),
			chunk([choice({ content: 'seen' })]),
			chunk([choice({ content: '' }, 'stop')], { usage }),
			'data: [DONE]\n\n',
		],
	],
	[
		'several choices, one refused',
		[
			chunk([choice({ role: 'assistant', content: '' }), { ...choice({ role: 'assistant', content: '' }), index: 1 }]),
			chunk([choice({ content: 'one' })]),
			chunk([{ ...choice({ refusal: 'I will not.' }), index: 1 }]),
			chunk([choice({ content: ' more' })]),
			chunk([choice({}, 'length')]),
			chunk([{ ...choice({}, 'stop'), index: 1 }]),
			'data: [DONE]\n\n',
		],
	],
];

const block = (index: number, content_block: object, ...deltas: readonly object[]): readonly object[] => [
	{ type: 'content_block_start', index, content_block },
	...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
	{ type: 'content_block_stop', index },
];
const begun = {
	type: 'message_start',
	message: {
		id: 'msg_1',
		type: 'message',
		role: 'assistant',
		model: 'm-20260101',
		content: [],
		stop_reason: null,
		stop_sequence: null,
		usage: {
			input_tokens: 40,
			cache_creation_input_tokens: 5,
			cache_read_input_tokens: 30,
			cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 0 },
			output_tokens: 1,
			service_tier: 'standard',
			inference_geo: 'not_available',
		},
	},
};
const over = (stop_reason: string, more: object = {}): readonly object[] => [
	{
		type: 'message_delta',
		delta: { stop_reason, stop_sequence: null, ...more },
		usage: { input_tokens: 40, cache_creation_input_tokens: 5, cache_read_input_tokens: 30, output_tokens: 29 },
	},
	{ type: 'message_stop' },
];
const json = (partial_json: string): object => ({ type: 'input_json_delta', partial_json });
const text = (said: string): object => ({ type: 'text_delta', text: said });

/** Messages. */
export const messageStreams: readonly VendorStream[] = [
	[
		'thinking, text and two tools',
		[
			begun,
			{ type: 'ping' },
			...block(
				0,
				{ type: 'thinking', thinking: '', signature: '' },
				{ type: 'thinking_delta', thinking: 'let me' },
				{ type: 'thinking_delta', thinking: ' see …' },
				{ type: 'signature_delta', signature: 'EqQBCkYIBxgCKkBzaWduYXR1cmUgb2YgdGhlIHRoaW5raW5n' },
			),
			...block(1, { type: 'redacted_thinking', data: 'EqQBCkYIBxgCKkByZWRhY3RlZCB0aGlua2luZw==' }),
			...block(2, { type: 'text', text: '' }, text('Grüß dich,\n'), text('𝕊 "q" \\')),
			{ type: 'ping' },
			...block(
				3,
				{ type: 'tool_use', id: 'toolu_a', name: 'lookup', input: {} },
				json(''),
				json('{"q": "ä'),
				json('\\"\\u00e9"}'),
			),
			...block(4, { type: 'tool_use', id: 'toolu_b', name: 'lookup', input: {} }, json('')),
			...over('tool_use'),
		],
	],
	[
		'a search that the vendor makes, with citations',
		[
			begun,
			...block(
				0,
				{ type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} },
				json('{"query":"cats"}'),
			),
			...block(1, {
				type: 'web_search_tool_result',
				tool_use_id: 'srvtoolu_1',
				content: [
					{
						type: 'web_search_result',
						title: 'Cats',
						url: 'https://example.com/cats',
						encrypted_content: 'RW5jcnlwdGVk',
						page_age: null,
					},
				],
			}),
			...block(
				2,
				{ type: 'text', text: '', citations: [] },
				{
					type: 'citations_delta',
					citation: {
						type: 'web_search_result_location',
						cited_text: 'Cats sleep.',
						url: 'https://example.com/cats',
						title: 'Cats',
						encrypted_index: 'RW5jcnlwdGVk',
					},
				},
				text('They sleep.'),
			),
			...over('end_turn'),
		],
	],
	['nothing but an end', [begun, ...over('refusal')]],
];

const answer = (status: string, output: readonly object[], used: object | null = null): object => ({
	id: 'resp_1',
	object: 'response',
	created_at: 1_700_000_000,
	status,
	error: null,
	incomplete_details: null,
	instructions: null,
	max_output_tokens: null,
	model: 'm-2026-01-01',
	output,
	parallel_tool_calls: true,
	previous_response_id: null,
	reasoning: { effort: 'low', summary: 'auto' },
	store: false,
	temperature: 1,
	text: { format: { type: 'text' } },
	tool_choice: 'auto',
	tools: [],
	top_p: 1,
	truncation: 'disabled',
	usage: used,
	metadata: {},
});
const thought = { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: 'let me see …' }] };
const said = {
	id: 'msg_1',
	type: 'message',
	status: 'completed',
	role: 'assistant',
	content: [{ type: 'output_text', annotations: [], logprobs: [], text: 'Grüß dich,\n𝕊 "q" \\' }],
};
const called = {
	id: 'fc_1',
	type: 'function_call',
	status: 'completed',
	call_id: 'call_a',
	name: 'lookup',
	arguments: '{"q":"ä\\""}',
};
const part = { item_id: 'msg_1', output_index: 1, content_index: 0 };
const summary = { item_id: 'rs_1', output_index: 0, summary_index: 0 };
const used = {
	input_tokens: 70,
	input_tokens_details: { cached_tokens: 30 },
	output_tokens: 29,
	output_tokens_details: { reasoning_tokens: 9 },
	total_tokens: 99,
};

/** Responses. */
export const responseStreams: readonly VendorStream[] = [
	[
		'a summary of reasoning, text and a tool',
		[
			{ type: 'response.created', response: answer('in_progress', []) },
			{ type: 'response.in_progress', response: answer('in_progress', []) },
			{ type: 'response.output_item.added', output_index: 0, item: { ...thought, summary: [] } },
			{ type: 'response.reasoning_summary_part.added', ...summary, part: { type: 'summary_text', text: '' } },
			{ type: 'response.reasoning_summary_text.delta', ...summary, delta: 'let me', obfuscation: 'a8Kq' },
			{ type: 'response.reasoning_summary_text.delta', ...summary, delta: ' see …', obfuscation: 'x' },
			{ type: 'response.reasoning_summary_text.done', ...summary, text: 'let me see …' },
			{ type: 'response.reasoning_summary_part.done', ...summary, part: thought.summary[0] },
			{ type: 'response.output_item.done', output_index: 0, item: thought },
			{ type: 'response.output_item.added', output_index: 1, item: { ...said, status: 'in_progress', content: [] } },
			{ type: 'response.content_part.added', ...part, part: { ...said.content[0], text: '' } },
			{ type: 'response.output_text.delta', ...part, delta: 'Grüß dich,\n', logprobs: [], obfuscation: 'bW9' },
			{ type: 'response.output_text.delta', ...part, delta: '𝕊 "q" \\', logprobs: [], obfuscation: 'Z' },
			{ type: 'response.output_text.done', ...part, text: said.content[0]!.text, logprobs: [] },
			{ type: 'response.content_part.done', ...part, part: said.content[0] },
			{ type: 'response.output_item.done', output_index: 1, item: said },
			{
				type: 'response.output_item.added',
				output_index: 2,
				item: { ...called, status: 'in_progress', arguments: '' },
			},
			{
				type: 'response.function_call_arguments.delta',
				item_id: 'fc_1',
				output_index: 2,
				delta: '{"q":',
				obfuscation: 'k',
			},
			{
				type: 'response.function_call_arguments.delta',
				item_id: 'fc_1',
				output_index: 2,
				delta: '"ä\\""}',
				obfuscation: 'k',
			},
			{ type: 'response.function_call_arguments.done', item_id: 'fc_1', output_index: 2, arguments: called.arguments },
			{ type: 'response.output_item.done', output_index: 2, item: called },
			{ type: 'response.completed', response: answer('completed', [thought, said, called], used) },
		].map((event, sequence_number) => ({ ...event, sequence_number })),
	],
	[
		'an answer that its length ended',
		[
			{ type: 'response.created', response: answer('in_progress', []) },
			{ type: 'response.output_item.added', output_index: 1, item: { ...said, status: 'in_progress', content: [] } },
			{ type: 'response.content_part.added', ...part, part: { ...said.content[0], text: '' } },
			{ type: 'response.output_text.delta', ...part, delta: 'Grüß', logprobs: [] },
			{ type: 'response.output_text.done', ...part, text: 'Grüß', logprobs: [] },
			{ type: 'response.content_part.done', ...part, part: { ...said.content[0], text: 'Grüß' } },
			{
				type: 'response.output_item.done',
				output_index: 1,
				item: { ...said, status: 'incomplete', content: [{ ...said.content[0], text: 'Grüß' }] },
			},
			{
				type: 'response.incomplete',
				response: {
					...answer(
						'incomplete',
						[{ ...said, status: 'incomplete', content: [{ ...said.content[0], text: 'Grüß' }] }],
						used,
					),
					incomplete_details: { reason: 'max_output_tokens' },
				},
			},
		].map((event, sequence_number) => ({ ...event, sequence_number })),
	],
];

/** The bytes of a stream as a server sends them. */
export function bytesOf(events: readonly (object | string)[], named: boolean): string {
	return events
		.map((event) => {
			if (typeof event === 'string') return event;
			const name = named ? `event: ${(event as { readonly type: string }).type}\n` : '';
			return `${name}data: ${JSON.stringify(event)}\n\n`;
		})
		.join('');
}
