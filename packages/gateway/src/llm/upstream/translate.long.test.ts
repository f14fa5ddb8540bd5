import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Json } from '@tappass/core';
import { afterEach, describe, expect, test } from 'vitest';
import type { ModelCall } from '../../pipeline/call.ts';
import { gather } from '../../test-support/grammar.ts';
import { type Served, serve } from '../../test-support/serve.ts';

let served: Served | undefined;
let fake: Server | undefined;
afterEach(async () => {
	await served?.close();
	fake?.close();
	fake?.closeAllConnections();
	served = undefined;
	fake = undefined;
});

const turn = {
	think: 'I should look, secretly',
	say: 'Ich schaue nach, 𝕊ekunde.',
	call: [
		{ tool: 'collibra__get_asset', arguments: { id: 'ä1' } },
		{ tool: 'collibra__list', arguments: {} },
	],
	usage: { input: 40, output: 12, cached: 5 },
};
const schema = { type: 'object', properties: { id: { type: 'string' } } };

// Each tells the same story: a system text, a question, a call, its result, two tools.
const requests: Readonly<
	Record<ModelCall['wire'], { readonly path: string; readonly body: { readonly [key: string]: Json } }>
> = {
	'openai-chat': {
		path: '/chat/completions',
		body: {
			model: 'asked',
			max_completion_tokens: 64,
			messages: [
				{ role: 'system', content: 'be brief' },
				{ role: 'user', content: [{ type: 'text', text: 'which asset?' }] },
				{
					role: 'assistant',
					content: null,
					tool_calls: [{ id: 'c1', type: 'function', function: { name: 'collibra__list', arguments: '{"q":1}' } }],
				},
				{ role: 'tool', tool_call_id: 'c1', content: 'none yet' },
			],
			tools: [{ type: 'function', function: { name: 'collibra__get_asset', description: 'gets', parameters: schema } }],
			tool_choice: 'auto',
		},
	},
	'openai-responses': {
		path: '/responses',
		body: {
			model: 'asked',
			max_output_tokens: 64,
			instructions: 'be brief',
			input: [
				{ role: 'user', content: [{ type: 'input_text', text: 'which asset?' }] },
				{ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'c2VhbGVk' },
				{ type: 'function_call', call_id: 'c1', name: 'collibra__list', arguments: '{"q":1}' },
				{ type: 'function_call_output', call_id: 'c1', output: 'none yet' },
			],
			tools: [{ type: 'function', name: 'collibra__get_asset', description: 'gets', parameters: schema }],
			tool_choice: 'auto',
		},
	},
	'anthropic-messages': {
		path: '/messages',
		body: {
			model: 'asked',
			max_tokens: 64,
			system: 'be brief',
			messages: [
				{ role: 'user', content: 'which asset?' },
				{ role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'collibra__list', input: { q: 1 } }] },
				{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: 'none yet' }] },
			],
			tools: [{ name: 'collibra__get_asset', description: 'gets', input_schema: schema }],
			tool_choice: { type: 'auto' },
		},
	},
};

async function post(wire: ModelCall['wire'], more: { readonly [key: string]: Json } = {}): Promise<Response> {
	const { path, body } = requests[wire];
	return fetch(served!.url + path, {
		method: 'POST',
		headers: { authorization: 'Bearer token' },
		body: JSON.stringify({ ...body, ...more }),
	});
}

const pairs = [
	['openai-chat', 'anthropic'],
	['openai-responses', 'anthropic'],
	['openai-responses', 'openai-compatible'],
	['openai-chat', 'mistral'],
	['anthropic-messages', 'openai'],
	['anthropic-messages', 'openai-compatible'],
	['anthropic-messages', 'mistral'],
] as const;

describe.each(pairs)('%s to %s', (wire, speaks) => {
	test('tells the upstream the same story, by its own name of the model and with the credential of the route', async () => {
		served = await serve(
			[turn],
			{ route: { speaks, model: 'there', headers: { authorization: 'Bearer vaulted' } } },
			3,
		);
		expect((await post(wire)).status).toBe(200);
		const { body, headers, conversation } = served.lastCall();
		expect([conversation.model, conversation.user, conversation.results]).toEqual([
			'there',
			'which asset?',
			['none yet'],
		]);
		expect([headers.authorization, headers['x-api-key']]).toEqual(['Bearer vaulted', undefined]);
		const text = JSON.stringify(body);
		for (const said of ['be brief', 'collibra__get_asset', 'gets', 'collibra__list', '64'])
			expect(text).toContain(said);
		expect(text).not.toContain('asked');
	});

	test("streams the answer in the grammar of the caller's wire", async () => {
		served = await serve([turn], { route: { speaks } }, 3);
		const said = gather(wire, await (await post(wire, { stream: true })).text());
		expect([said.text, said.end]).toEqual([turn.say, 'complete']);
		// Mistral's wire has no such field for thinking.
		if (speaks !== 'mistral' && speaks !== 'openai') expect(said.thinking).toBe(turn.think);
		expect(said.calls.map(({ name, args }) => [name, JSON.parse(args)])).toEqual(
			turn.call.map((call) => [call.tool, call.arguments]),
		);
		await served.pipeline.settled(1);
		const { usage } = served.pipeline.outcomes[0]!;
		// Nobody told what was used: then nobody says it was nothing, and the reservation stands.
		if (speaks === 'mistral') return expect(usage).toBeUndefined();
		expect(usage!.input_tokens + usage!.cache_read_tokens).toBe(45);
		expect(usage!.output_tokens).toBe(12);
		expect(usage!.cache_read_tokens).toBe(5);
	});

	test('gives a whole answer that says what the stream says', async () => {
		served = await serve([turn], { route: { speaks } });
		const answer = (await (await post(wire)).json()) as { readonly [key: string]: Json };
		const text = JSON.stringify(answer);
		for (const said of [turn.say, 'collibra__get_asset', 'collibra__list', 'ä1']) expect(text).toContain(said);
		expect(answer['model']).toBe('asked');
	});

	test.each([true, false])('blocks, redacts and refuses like any other answer, stream: %s', async (stream) => {
		served = await serve(
			[{ say: 'the secret is kaboom' }],
			{ route: { speaks }, forbidden: ['kaboom'], redacted: ['secret'] },
			3,
		);
		const text = await (await post(wire, { stream })).text();
		expect(text).not.toContain('kaboom');
		expect(text).not.toContain('secret');
		await served.pipeline.settled(1);
		expect(served.pipeline.outcomes).toMatchObject([{ how: 'blocked', code: 'forbidden_word' }]);
	});

	test.each([
		['status', 429, 'upstream_failed'],
		['status', 401, 'upstream_refused'],
		['truncate', 200, 'upstream_'],
		['reset', 200, 'upstream_'],
		['error', 200, 'upstream_'],
	] as const)('says of an upstream that fails by %s %i so', async (fault, status, code) => {
		served = await serve([{ ...turn, fault, status: status < 400 ? 500 : status }], { route: { speaks } }, 3);
		const answer = await post(wire, { stream: true });
		const text = await answer.text();
		expect(answer.status).toBe(status === 401 ? 502 : status);
		expect(text).toContain(code);
		if (status === 200) expect(gather(wire, text).end).toBe('error');
		await served.pipeline.settled(1);
		expect(served.pipeline.outcomes).toMatchObject([{ how: 'upstream_error' }]);
	});
});

test('what another wire has no place for is refused, not dropped', async () => {
	served = await serve([turn], { route: { speaks: 'openai-compatible' } });
	const hosted = await post('openai-responses', { tools: [{ type: 'web_search' }] });
	expect([hosted.status, (await hosted.text()).includes('request_unsupported')]).toEqual([400, true]);
	expect(served.model.calls).toEqual([]);
});

test('a custom tool and a tool of a namespace come back as they were offered', async () => {
	const call = [
		{ tool: 'apply_patch', arguments: { input: '*** Begin' } },
		{ tool: 'mcp__collibra__get_asset', arguments: { id: 'a' } },
	];
	served = await serve([{ call }], { route: { speaks: 'openai-compatible' } });
	const tools = [
		{ type: 'custom', name: 'apply_patch', description: 'patches', format: { type: 'text' } },
		{ type: 'namespace', name: 'mcp__collibra', tools: [{ type: 'function', name: 'get_asset', parameters: schema }] },
	];
	const { output } = (await (await post('openai-responses', { tools })).json()) as {
		output: readonly { [key: string]: Json }[];
	};
	expect(output).toMatchObject([
		{ type: 'custom_tool_call', name: 'apply_patch', input: '*** Begin' },
		{ type: 'function_call', name: 'get_asset', namespace: 'mcp__collibra', arguments: '{"id":"a"}' },
	]);
});

test.each(Object.keys(requests) as ModelCall['wire'][])('%s to google', async (wire) => {
	const asked: { url: string; key: unknown; body: string }[] = [];
	fake = createServer((req, res) => {
		let body = '';
		req.on('data', (chunk) => {
			body += chunk;
		});
		req.on('end', () => {
			asked.push({ url: req.url!, key: req.headers['x-goog-api-key'], body });
			const parts = [
				{ text: 'Moment, ' },
				{ text: 'bitte.' },
				{ functionCall: { name: 'collibra__get_asset', args: { id: 'a' } } },
			];
			const usageMetadata = {
				promptTokenCount: 9,
				candidatesTokenCount: 4,
				totalTokenCount: 13,
				cachedContentTokenCount: 2,
			};
			const event = (part: Json, more: object): string =>
				`data: ${JSON.stringify({ candidates: [{ index: 0, content: { role: 'model', parts: [part] }, ...more }], usageMetadata })}\r\n\r\n`;
			res.writeHead(200, { 'content-type': 'text/event-stream' });
			res.end(parts.map((part, at) => event(part as Json, at === 2 ? { finishReason: 'STOP' } : {})).join(''));
		});
	});
	await new Promise<void>((resolve) => fake!.listen(0, '127.0.0.1', resolve));
	const base_url = `http://127.0.0.1:${(fake.address() as AddressInfo).port}`;
	served = await serve([turn], {
		route: { speaks: 'google', base_url, model: 'gemini', headers: { 'x-goog-api-key': 'vaulted' } },
	});

	const said = gather(wire, await (await post(wire, { stream: true })).text());

	expect([said.text, said.end]).toEqual(['Moment, bitte.', 'complete']);
	expect(said.calls).toEqual([{ name: 'collibra__get_asset', args: '{"id":"a"}' }]);
	expect(asked).toMatchObject([{ url: '/v1beta/models/gemini:streamGenerateContent?alt=sse', key: 'vaulted' }]);
	for (const text of ['be brief', 'which asset?', 'none yet']) expect(asked[0]!.body).toContain(text);
	await served.pipeline.settled(1);
	expect(served.pipeline.outcomes[0]!.usage).toEqual({
		input_tokens: 7,
		cache_read_tokens: 2,
		cache_write_tokens: 0,
		output_tokens: 4,
	});
});
