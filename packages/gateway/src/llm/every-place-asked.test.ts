import type { Json } from '@tappass/core';
import { TapPassError } from '@tappass/core';
import { describe, expect, test } from 'vitest';
import { changed, marker } from './every-place.test.support.ts';
import type { WireFormat } from './wire.ts';
import { chatWire, messagesWire, responsesWire } from './wires.ts';

/* A text is put into every place of a request, one after the other: the pipeline sees it, or the request is refused. */

const schema = { type: 'object', properties: { id: { type: 'string', description: 'x' } } };
const image = 'data:image/png;base64,iVBORw0KGgo=';
const requests: readonly (readonly [string, WireFormat, object])[] = [
	[
		'chat completions',
		chatWire,
		{
			model: 'm',
			stream: true,
			stream_options: { include_usage: true },
			n: 1,
			max_tokens: 5,
			temperature: 1,
			logprobs: true,
			stop: ['x'],
			user: 'u',
			metadata: { a: 'x' },
			prediction: { type: 'content', content: 'x' },
			response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
			tool_choice: { type: 'function', function: { name: 'a' } },
			messages: [
				{ role: 'system', content: 'x', name: 'n' },
				{
					role: 'user',
					content: [
						{ type: 'text', text: 'x' },
						{ type: 'image_url', image_url: { url: image, detail: 'low' } },
					],
				},
				{
					role: 'assistant',
					content: null,
					refusal: 'x',
					tool_calls: [{ id: 'c', type: 'function', function: { name: 'a', arguments: '{}' } }],
				},
				{ role: 'tool', tool_call_id: 'c', content: 'x' },
			],
			tools: [{ type: 'function', function: { name: 'a', description: 'x', parameters: schema } }],
		},
	],
	[
		'responses',
		responsesWire,
		{
			model: 'm',
			stream: false,
			instructions: 'x',
			max_output_tokens: 5,
			store: false,
			include: ['reasoning.encrypted_content'],
			reasoning: { effort: 'low', summary: 'auto' },
			text: { format: { type: 'text' } },
			metadata: { a: 'x' },
			input: [
				{
					role: 'user',
					content: [
						{ type: 'input_text', text: 'x' },
						{ type: 'input_image', image_url: image },
					],
				},
				{ type: 'reasoning', id: 'r', summary: [{ type: 'summary_text', text: 'x' }], encrypted_content: 'eA==' },
				{ type: 'function_call', call_id: 'c', name: 'a', arguments: '{}' },
				{ type: 'function_call_output', call_id: 'c', output: 'x' },
				{ type: 'item_of_tomorrow', words: 'x' },
			],
			tools: [{ type: 'function', name: 'a', description: 'x', parameters: schema }],
		},
	],
	[
		'messages',
		messagesWire,
		{
			model: 'm',
			max_tokens: 5,
			stream: false,
			system: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral', ttl: '1h' } }],
			thinking: { type: 'enabled', budget_tokens: 1024 },
			stop_sequences: ['x'],
			metadata: { user_id: 'u' },
			service_tier: 'auto',
			tool_choice: { type: 'tool', name: 'a' },
			messages: [
				{
					role: 'user',
					content: [
						{ type: 'text', text: 'x' },
						{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } },
					],
				},
				{
					role: 'assistant',
					content: [
						{ type: 'thinking', thinking: 'x', signature: 'eA==' },
						{ type: 'tool_use', id: 't', name: 'a', input: { q: 'x' } },
					],
				},
				{
					role: 'user',
					content: [{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: 'x' }], is_error: false }],
				},
			],
			tools: [{ name: 'a', description: 'x', input_schema: schema }],
		},
	],
];

describe.each(requests)('%s', (_name, wire, request) => {
	test('what stands anywhere in it is judged, offered as a tool, or refused', () => {
		const unseen: string[] = [];
		for (const { at, value } of changed(request as Json)) {
			try {
				const { texts, offered_tools, model } = wire.read(value, 10);
				const seen = [...texts.map(({ text }) => text), JSON.stringify(offered_tools), model];
				if (!seen.some((text) => text.includes(marker))) unseen.push(at);
			} catch (error) {
				expect(error).toBeInstanceOf(TapPassError);
			}
		}
		expect(unseen).toEqual([]);
	});
});
