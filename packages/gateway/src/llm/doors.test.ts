import { request } from 'node:http';
import Anthropic from '@anthropic-ai/sdk';
import { type Json, TapPassError } from '@tappass/core';
import OpenAI from 'openai';
import { afterEach, describe, expect, test } from 'vitest';
import type { ModelCall } from '../pipeline/call.ts';
import { gather } from '../test-support/grammar.ts';
import { type Served, serve } from '../test-support/serve.ts';

let served: Served | undefined;
afterEach(async () => {
	await served?.close();
	served = undefined;
});
async function start(...args: Parameters<typeof serve>): Promise<Served> {
	served = await serve(...args);
	return served;
}

interface Door {
	readonly wire: ModelCall['wire'];
	readonly path: string;
	readonly speaks: 'openai' | 'anthropic';
	readonly body: (text: string) => { readonly [key: string]: Json };
}
const chat: Door = {
	wire: 'openai-chat',
	path: '/chat/completions',
	speaks: 'openai',
	body: (content) => ({ model: 'scripted', messages: [{ role: 'user', content }] }),
};
const responses: Door = {
	wire: 'openai-responses',
	path: '/responses',
	speaks: 'openai',
	body: (input) => ({ model: 'scripted', input }),
};
const messages: Door = {
	wire: 'anthropic-messages',
	path: '/messages',
	speaks: 'anthropic',
	body: (content) => ({ model: 'scripted', max_tokens: 100, messages: [{ role: 'user', content }] }),
};
const doors = [chat, responses, messages];

function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
	return fetch(url, {
		method: 'POST',
		headers: { 'content-type': 'application/json', authorization: 'Bearer token', ...headers },
		body: typeof body === 'string' ? body : body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body),
	});
}
const openaiModel = (url: string, id: string): Promise<unknown> =>
	new OpenAI({ baseURL: url, apiKey: 'right', maxRetries: 0 }).models.retrieve(id);
const anthropicModel = (url: string, id: string): Promise<unknown> =>
	new Anthropic({ baseURL: url.replace(/\/v1$/, ''), apiKey: 'right', maxRetries: 0 }).models.retrieve(id);
interface ErrorBody {
	readonly type?: string;
	readonly request_id?: string;
	readonly error: {
		readonly code: string;
		readonly message: string;
		readonly because: readonly string[];
		readonly type: string;
		readonly request_id?: string;
	};
}

describe.each(doors)('$wire refuses', (door) => {
	test('a denied call in its own wire, and tells clients not to try again', async () => {
		const { url, model } = await start([{ say: 'hi' }], { route: { speaks: door.speaks } });

		const answer = await post(url + door.path, door.body('DENY ME'));

		const { error, request_id } = (await answer.json()) as ErrorBody;
		expect([answer.status, error.code, error.because]).toEqual([403, 'tool_denied', ['by hand']]);
		expect(error.request_id ?? request_id).toBe('req_hand');
		expect(answer.headers.get('x-should-retry')).toBe('false');
		expect(answer.headers.get('x-request-id')).toBe('req_hand');
		expect(model.calls).toEqual([]);
	});

	test.each([
		['bytes that are not UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), 400, 'json_malformed'],
		['JSON that breaks off', '{"model":', 400, 'json_malformed'],
		['a key twice', '{"model":"a","model":"b"}', 400, 'json_duplicate_key'],
		['deep JSON', `{"model":"m","x":${'['.repeat(80)}${']'.repeat(80)}}`, 400, 'json_too_deep'],
		['a list', '[]', 400, 'request_malformed'],
		['no model', '{}', 400, 'request_malformed'],
	])('%s, under the sandbox it came from', async (_what, body, status, code) => {
		const { url, audited, pipeline } = await start([{ say: 'hi' }], { route: { speaks: door.speaks } });

		const answer = await post(url + door.path, body);

		const { error } = (await answer.json()) as ErrorBody;
		expect([answer.status, error.code]).toEqual([status, code]);
		expect(audited.map(({ type, code: why, sandbox_id, step }) => [type, why, sandbox_id, step])).toEqual([
			['call.refused', code, 'sbx_hand', 'validate_wire'],
		]);
		expect(pipeline.calls).toEqual([]);
	});

	test.each(['models', 'fallbacks', 'api_base', 'plugins', 'api_key'])('%s: another way to a model', async (field) => {
		const { url } = await start([{ say: 'hi' }], { route: { speaks: door.speaks } });
		const answer = await post(url + door.path, { ...door.body('hi'), [field]: ['other'] });
		expect(((await answer.json()) as ErrorBody).error.code).toBe('request_unsupported');
	});

	test('a body of 100 MB without reading it', async () => {
		const { url } = await start([{ say: 'hi' }], { route: { speaks: door.speaks } });
		const status = await new Promise<number | undefined>((resolve, reject) => {
			const headers = { 'content-length': '104857600', 'x-api-key': 'token' };
			const req = request(url + door.path, { method: 'POST', headers }, (res) => {
				res.resume();
				resolve(res.statusCode);
				req.destroy();
			});
			req.on('error', reject);
			req.write('{');
		});
		expect(status).toBe(413);
	});

	test('who presents no token, or two, before anything is said of the body', async () => {
		const { url, audited } = await start([{ say: 'hi' }], { token: 'right', route: { speaks: door.speaks } });
		for (const headers of [
			{ authorization: 'Bearer wrong' },
			{ authorization: 'Bearer right', 'x-api-key': 'other' },
		]) {
			const answer = await post(url + door.path, 'not json', headers as Record<string, string>);
			expect([answer.status, ((await answer.json()) as ErrorBody).error.code]).toEqual([401, 'token_invalid']);
		}
		expect(audited).toEqual([]);
	});

	test.each([false, true])('a forbidden word of the model, stream: %s', async (stream) => {
		const { url, pipeline } = await start([{ say: 'it goes kaboom now' }], {
			forbidden: ['kaboom'],
			route: { speaks: door.speaks },
		});

		const answer = await post(url + door.path, { ...door.body('hi'), stream });

		const text = await answer.text();
		expect(text).not.toContain('kaboom');
		await pipeline.settled(1);
		if (stream) {
			const said = gather(door.wire, text);
			expect([said.end, said.text]).toEqual(['error', door.wire === 'openai-responses' ? '' : 'it goes ']);
		} else expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([403, 'false']);
		const released = stream ? Buffer.byteLength(text) : 0;
		expect(pipeline.outcomes).toHaveLength(1);
		expect(pipeline.outcomes[0]).toMatchObject({ how: 'blocked', code: 'forbidden_word', status: 403 });
		expect(pipeline.outcomes[0]!.released_bytes).toBeLessThanOrEqual(released);
		if (stream) expect(pipeline.outcomes[0]!.released_bytes).toBeGreaterThan(0);
	});

	test.each([false, true])(
		'a tool call that is not allowed, with nothing of it let out, stream: %s',
		async (stream) => {
			const call = [{ tool: 'shell__run', arguments: { cmd: 'rm -rf' } }];
			const { url, pipeline } = await start([{ say: 'Well.', call }], {
				tools: ['other'],
				route: { speaks: door.speaks },
			});

			const text = await (await post(url + door.path, { ...door.body('hi'), stream })).text();

			expect(text).not.toContain('shell__run');
			expect(text).not.toContain('rm -rf');
			await pipeline.settled(1);
			expect(pipeline.outcomes).toMatchObject([{ how: 'blocked', code: 'tool_denied' }]);
		},
	);

	test.each([false, true])('to let anything out that could not be recorded, stream: %s', async (stream) => {
		const { url, pipeline } = await start([{ say: 'hi there' }], {
			route: { speaks: door.speaks },
			recorded: () => Promise.reject(new TapPassError('audit_unavailable')),
		});
		const answer = await post(url + door.path, { ...door.body('hi'), stream });
		expect(answer.status).toBe(503);
		expect(await answer.text()).not.toContain('hi there');
		await pipeline.settled(1);
		expect(pipeline.outcomes).toMatchObject([{ how: 'upstream_error', code: 'audit_unavailable', released_bytes: 0 }]);
	});

	test('to go on once the call was cut, and says why', async () => {
		const cut = new AbortController();
		const { url, pipeline } = await start([{ say: 'slowly, slowly, slowly', delay_ms: 20 }], {
			route: { speaks: door.speaks },
			cut: cut.signal,
		});
		const answer = await post(url + door.path, { ...door.body('hi'), stream: true });
		setTimeout(() => cut.abort(), 50);
		const text = await answer.text();
		expect(gather(door.wire, text).end).toBe('error');
		expect(text).toContain('sandbox_revoked');
		await pipeline.settled(1);
		expect(pipeline.outcomes).toMatchObject([{ how: 'aborted', code: 'sandbox_revoked' }]);
	});
});

describe.each(doors)('$wire', (door) => {
	test('sends the very bytes on, with the credential of the route and no other header of the caller', async () => {
		const { url, lastCall } = await start([{ say: 'hi' }], {
			route: { speaks: door.speaks, headers: { authorization: 'Bearer vaulted' } },
		});
		const bytes = `  ${JSON.stringify(door.body('Grüße 𝕊'), null, '\t')}\n`;

		const answer = await post(url + door.path, bytes, {
			'openai-organization': 'other',
			cookie: 'a=b',
			'x-api-key': 'token',
		});

		expect(answer.status).toBe(200);
		expect(Buffer.from(lastCall().bytes).toString()).toBe(bytes);
		const { headers } = lastCall();
		expect(headers.authorization).toBe('Bearer vaulted');
		expect([headers['openai-organization'], headers['cookie'], headers['x-api-key']]).toEqual([
			undefined,
			undefined,
			undefined,
		]);
	});

	test('takes a doubled /v1 for one', async () => {
		const { url } = await start([{ say: 'hi' }], { route: { speaks: door.speaks } });
		expect((await post(`${url}/v1${door.path}`, door.body('hi'))).status).toBe(200);
	});

	test("writes edits, takes tools out, and puts the upstream's own name of the model", async () => {
		const tool = (name: string): Json =>
			door.wire === 'openai-chat'
				? { type: 'function', function: { name, parameters: {} } }
				: door.wire === 'openai-responses'
					? { type: 'function', name, parameters: {} }
					: { name, input_schema: {} };
		const at = door.wire === 'openai-responses' ? '/input' : '/messages/0/content';
		const { url, lastCall, pipeline } = await start([{ say: 'hi' }], {
			route: { speaks: door.speaks, model: 'renamed' },
			edits: [{ at, text: 'mask me' }],
			hidden: ['shell.run'],
		});

		await post(url + door.path, {
			...door.body('alice'),
			tools: [tool('shell__run'), tool('mcp__collibra__get_asset')],
		});

		const [call] = pipeline.calls as readonly [ModelCall];
		expect(call.texts).toContainEqual({ at, role: 'user', text: 'alice' });
		expect(call.offered_tools.map(({ name }) => name)).toEqual(['shell.run', 'collibra.get_asset']);
		expect(lastCall().body).toEqual({
			...door.body('mask me'),
			model: 'renamed',
			tools: [tool('mcp__collibra__get_asset')],
		});
	});

	test('leaves no empty list of tools, and no choice among them', async () => {
		const tool =
			door.wire === 'openai-chat' ? { type: 'function', function: { name: 'a' } } : { type: 'function', name: 'a' };
		const offered = door.wire === 'anthropic-messages' ? { name: 'a', input_schema: {} } : tool;
		const { url, lastCall } = await start([{ say: 'hi' }], { route: { speaks: door.speaks }, hidden: ['a'] });
		await post(url + door.path, { ...door.body('hi'), tools: [offered], tool_choice: 'required' });
		expect(lastCall().body).toEqual(door.body('hi'));
	});

	test.each([false, true])('changes what was redacted in the answer and nothing else, stream: %s', async (stream) => {
		const turn = { think: 'my secret plan', say: 'the secret is out', call: [{ tool: 'a__b', arguments: { q: 'x' } }] };
		const { url, pipeline } = await start([turn], {
			redacted: ['secret'],
			changeArguments: (args) => args.replace('x', 'y'),
			route: { speaks: door.speaks },
		});
		const text = await (await post(url + door.path, { ...door.body('hi'), stream })).text();
		expect(text).not.toContain('secret');
		await pipeline.settled(1);
		expect(pipeline.outcomes).toMatchObject([
			{ how: 'completed', released_bytes: Buffer.byteLength(text), status: 200 },
		]);
		if (!stream) {
			expect(text).toContain('the [taken out] is out');
			expect(text).toMatch(/"q\\?":\\?"y/);
			return;
		}
		const said = gather(door.wire, text);
		expect([said.text, said.thinking]).toEqual(['the [taken out] is out', 'my [taken out] plan']);
		expect(said.calls).toEqual([{ name: 'a__b', args: '{"q":"y"}' }]);
	});

	test('tells a caller that vanishes from one that was served, and stops the upstream', async () => {
		const { url, pipeline } = await start([{ say: 'a long tale '.repeat(50), delay_ms: 5 }], {
			route: { speaks: door.speaks },
		});
		const gone = new AbortController();
		const answer = await fetch(url + door.path, {
			method: 'POST',
			headers: { authorization: 'Bearer token' },
			body: JSON.stringify({ ...door.body('hi'), stream: true }),
			signal: gone.signal,
		});
		await answer.body!.getReader().read();
		gone.abort();
		await pipeline.settled(1);
		expect(pipeline.outcomes).toMatchObject([{ how: 'client_gone', usage: undefined }]);
	});

	test.each([false, true])(
		'settles with what the upstream says was used, cached tokens apart, stream: %s',
		async (stream) => {
			const { url, pipeline } = await start([{ say: 'hi', usage: { input: 70, output: 9, cached: 30 } }], {
				route: { speaks: door.speaks },
			});
			await (await post(url + door.path, { ...door.body('hi'), stream })).text();
			await pipeline.settled(1);
			expect(pipeline.outcomes[0]!.usage).toEqual({
				input_tokens: 70,
				cache_read_tokens: 30,
				cache_write_tokens: 0,
				output_tokens: 9,
			});
		},
	);
});

test('asks for usage in a stream, and does not tell a client that did not', async () => {
	const { url, lastCall } = await start([{ say: 'hi' }]);
	const plain = await (await post(`${url}/chat/completions`, { ...chat.body('hi'), stream: true })).text();
	expect(lastCall().body).toMatchObject({ stream_options: { include_usage: true } });
	expect(plain).not.toContain('usage');
	const asked = { ...chat.body('hi'), stream: true, stream_options: { include_usage: true } };
	expect(gather('openai-chat', await (await post(`${url}/chat/completions`, asked)).text()).usage).toBeTruthy();
	const opposed = { ...asked, stream_options: { include_usage: false } };
	expect(await (await post(`${url}/chat/completions`, opposed)).text()).not.toContain('usage');
	expect(lastCall().body).toMatchObject({ stream_options: { include_usage: true } });
});

describe('what is kept at the vendor, where nobody can look at it, is refused', () => {
	test.each([
		['/responses', { ...responses.body('hi'), previous_response_id: 'resp_1' }],
		['/responses', { ...responses.body('hi'), conversation: 'conv_1' }],
		['/responses', { ...responses.body('hi'), prompt: { id: 'pmpt_1' } }],
		['/responses', { ...responses.body('hi'), background: true }],
		['/responses', { model: 'm', input: [{ type: 'item_reference', id: 'msg_1' }] }],
		['/responses', { model: 'm', input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'file_1' }] }] }],
		[
			'/chat/completions',
			{ model: 'm', messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'f' } }] }] },
		],
		['/chat/completions', { ...chat.body('hi'), modalities: ['text', 'audio'] }],
		['/messages', { ...messages.body('hi'), container: 'c_1' }],
	])('%s %j', async (path, body) => {
		const { url } = await start([{ say: 'hi' }]);
		const answer = await post(url + path, body);
		expect([answer.status, ((await answer.json()) as ErrorBody).error.code]).toEqual([400, 'request_unsupported']);
	});
});

test('tools that a vendor would run are offered tools like any other, and taken out like any other', async () => {
	const { url, pipeline, lastCall } = await start([{ say: 'hi' }], {
		route: { speaks: 'anthropic' },
		hidden: ['anthropic.mcp', 'anthropic.web_search'],
	});
	await post(`${url}/messages`, {
		...messages.body('hi'),
		tools: [
			{ type: 'web_search_20250305', name: 'web_search' },
			{ type: 'bash_20250124', name: 'bash' },
		],
		mcp_servers: [{ type: 'url', url: 'https://evil.example/mcp', name: 'evil' }],
	});
	const [call] = pipeline.calls as readonly [ModelCall];
	expect(call.offered_tools.map(({ name }) => name)).toEqual(['anthropic.web_search', 'bash', 'anthropic.mcp']);
	expect(lastCall().body).toEqual({ ...messages.body('hi'), tools: [{ type: 'bash_20250124', name: 'bash' }] });
});

test('texts are found in content of any kind, with the role of who wrote them; base64 is what it stands for', async () => {
	const { url, pipeline } = await start([{ say: 'hi' }], { route: { speaks: 'anthropic' } });
	await post(`${url}/messages`, {
		model: 'm',
		max_tokens: 1,
		system: [{ type: 'text', text: 'be good', cache_control: { type: 'ephemeral' } }],
		metadata: { user_id: 'u@example.com' },
		messages: [
			{
				role: 'assistant',
				content: [{ type: 'tool_use', id: 'toolu_1', name: 'a__b', input: { deep: ['x', { y: 'z' }] } }],
			},
			{
				role: 'user',
				content: [
					{ type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'a result' }] },
					{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGk=' } },
					{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgoAAAANSUhEUgAAAAE=' } },
					{ type: 'image', source: { type: 'url', url: 'https://example.com/?q=stolen' } },
					{ type: 'of_tomorrow', payload: 'new words', 'and a name': 1 },
				],
			},
		],
	});
	const [call] = pipeline.calls as readonly [ModelCall];
	expect(call.texts.map(({ at, role, text }) => `${role} ${at} ${text}`)).toEqual([
		'system /system/0/text be good',
		'assistant /messages/0/content/0/name a__b',
		'assistant /messages/0/content/0/input/deep/0 x',
		'assistant /messages/0/content/0/input/deep/1/y z',
		'tool /messages/1/content/0/content/0/text a result',
		'user /messages/1/content/1/source/data hi',
		'user /messages/1/content/3/source/url https://example.com/?q=stolen',
		'user /messages/1/content/4/payload new words',
		'user /messages/1/content/4/and a name and a name',
		'user /metadata/user_id u@example.com',
	]);
});

test('lists the models that the policy lets the caller use, for clients of both wires', async () => {
	const { url } = await start([{ say: 'hi' }], { token: 'right' });
	const list = async (token: string): Promise<Response> =>
		fetch(`${url}/models`, { headers: { authorization: `Bearer ${token}` } });
	expect((await list('wrong')).status).toBe(401);
	const told = (await (await list('right')).json()) as { readonly data: readonly { readonly id: string }[] };
	expect(told).toMatchObject({ object: 'list', has_more: false });
	// One that two upstreams serve is one; of a family only the names that the policy says are names.
	expect(told.data.map(({ id }) => id)).toEqual(['scripted', 'family-one']);
	expect(told.data[0]).toMatchObject({ object: 'model', type: 'model', owned_by: 'script' });
});

test.each([
	['openai', openaiModel],
	['@anthropic-ai/sdk', anthropicModel],
] as const)('tells %s of one model, and of none that the caller may not use', async (_client, retrieve) => {
	const { url } = await start([{ say: 'hi' }], { token: 'right' });

	expect(await retrieve(url, 'family-one')).toMatchObject({ id: 'family-one' });
	for (const id of ['hidden', 'family-*', 'nowhere', '../models'])
		await expect(retrieve(url, id), id).rejects.toMatchObject({ status: 404 });
});

test('count_tokens passes the pipeline and generates nothing', async () => {
	const { url, pipeline } = await start([{ say: 'hi' }], { route: { speaks: 'anthropic' } });
	const answer = await post(`${url}/messages/count_tokens?beta=true`, messages.body('hi'));
	expect(Object.keys((await answer.json()) as object)).toEqual(['input_tokens']);
	expect(pipeline.calls).toMatchObject([{ max_tokens: 0, stream: false }]);
	await pipeline.settled(1);
	expect(pipeline.outcomes).toMatchObject([{ how: 'completed', usage: { input_tokens: 0, output_tokens: 0 } }]);
});

test('says of what it does not serve so, in the wire that was meant', async () => {
	const { url } = await start([{ say: 'hi' }]);
	const missing = await post(`${url}/embeddings`, {});
	expect([missing.status, ((await missing.json()) as ErrorBody).error.code]).toEqual([404, 'not_found']);
	const wrong = await fetch(`${url}/messages`);
	expect([wrong.status, ((await wrong.json()) as ErrorBody).type]).toEqual([405, 'error']);
});

test('every route asks who calls before anything else, and what reaches a model or a tool passes the pipeline', async () => {
	const { url, pipeline, gateway } = await start([{ say: 'hi' }], { token: 'right', route: { speaks: 'anthropic' } });
	const base = url.slice(0, -'/v1'.length);
	const tool = { tool: 'any.tool', jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'any__tool' } };
	for (const { method, path, reaches, public: open } of gateway.routes) {
		if (open === true) continue;
		const door = doors.find((one) => path.endsWith(one.path)) ?? messages;
		const before = { admit: pipeline.calls.length, identify: pipeline.identified() };
		const answer = await fetch(base + path, {
			method,
			headers: { authorization: 'Bearer wrong', 'content-type': 'application/json' },
			...(method === 'POST' ? { body: JSON.stringify(reaches === 'tool' ? tool : door.body('hi')) } : {}),
		});
		expect([path, answer.status]).toEqual([path, 401]);
		const judged = { admit: pipeline.calls.length - before.admit, identify: pipeline.identified() - before.identify };
		expect([path, judged]).toEqual([path, reaches === 'model' ? { admit: 1, identify: 0 } : { admit: 0, identify: 1 }]);
	}
});
