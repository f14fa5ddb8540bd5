/**
 * Input that is no call, and answers that are none: at every door a coded error on the caller's own wire, nothing of what
 * was said inside, no reservation left open, and a record under the sandbox that it came from.
 */
import { createServer, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { createGateway } from './app.ts';
import { readScript, type Turn } from './dev/script.ts';
import { scriptedModel } from './dev/server.ts';
import { createPipeline } from './pipeline/pipeline.ts';
import { type TestSandbox, type TestTerms, testSandbox } from './sandbox.test.support.ts';
import { listen } from './test-support/listen.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
	for (const close of closing.splice(0).reverse()) await close();
});

/** A door, a body that it takes, and how an error of it tells its code. */
interface Door {
	readonly path: string;
	readonly body: object;
	readonly codeOf: (body: Said) => string | undefined;
}
interface Said {
	readonly type?: string;
	readonly code?: string;
	readonly request_id?: string;
	readonly jsonrpc?: string;
	readonly error?: { readonly code?: string; readonly data?: { readonly code?: string } };
}
const messages = { model: 'scripted-a', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const openaiCode = ({ error }: Said): string | undefined => error?.code;
const anthropicCode = ({ type, error }: Said): string | undefined => (type === 'error' ? error?.code : undefined);
const models: readonly Door[] = [
	{
		path: '/v1/chat/completions',
		body: { model: 'scripted', messages: [{ role: 'user', content: 'hi' }] },
		codeOf: openaiCode,
	},
	{ path: '/v1/responses', body: { model: 'scripted', input: 'hi' }, codeOf: openaiCode },
	{ path: '/v1/messages', body: messages, codeOf: anthropicCode },
	{ path: '/v1/messages/count_tokens', body: messages, codeOf: anthropicCode },
];
const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'collibra__list_schemas', arguments: {} } };
const tools: readonly Door[] = [
	{
		path: '/v1/tools/execute',
		body: { tool: 'collibra.list_schemas', arguments: {} },
		codeOf: ({ type, code }) => (type === `urn:tappass:problem:${code}` ? code : undefined),
	},
	{
		path: '/mcp',
		body: call,
		codeOf: ({ jsonrpc, error }) => (jsonrpc === '2.0' ? error?.data?.code : undefined),
	},
];
const doors = [...models, ...tools];

interface World extends TestSandbox {
	readonly base: URL;
	readonly headersOf: (door: Door) => Record<string, string>;
}

async function start(turn: Partial<Turn> = { say: 'hi' }, terms: TestTerms = {}): Promise<World> {
	const model = await scriptedModel(readScript({ schema: 'tappass.dev-model/1', turns: [turn] }, 'script.yaml'));
	closing.push(model.close);
	const sandbox = await testSandbox(terms);
	for (const [name, speaks] of [
		['scripted', 'openai'],
		['scripted-a', 'anthropic'],
	] as const)
		sandbox.ports.upstreams.serve({
			model: name,
			price: { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 },
			route: {
				upstream: name,
				headers: { authorization: 'Bearer fixture-credential' },
				base_url: model.url,
				speaks,
				timeout_ms: 2_000,
			},
		});
	const gateway = createGateway({ pipeline: createPipeline(sandbox.ports), ports: sandbox.ports });
	const { url, close } = await listen(gateway);
	closing.push(close);
	return {
		...sandbox,
		base: new URL(url),
		headersOf: (door) => ({
			'content-type': 'application/json',
			authorization: `Bearer ${tools.includes(door) ? sandbox.broker.token : sandbox.caller.token}`,
		}),
	};
}

function post(world: World, door: Door, body: string | Uint8Array): Promise<Response> {
	return fetch(new URL(door.path, world.base), {
		method: 'POST',
		headers: world.headersOf(door),
		body: typeof body === 'string' ? body : Buffer.from(body),
	});
}

/** A policy under which no call may take longer than a moment. */
const brief: TestTerms = { steps: { forward: { parameters: { timeout_seconds_max: 0.15 } } } };

/** What every one of them leaves behind. */
function expectRecorded({ ports, policy }: World, code: string): void {
	expect(
		ports.audit.events.map(({ type, code: why, sandbox_id, decision }) => [type, why, sandbox_id, decision]),
	).toEqual([['call.refused', code, policy.sandbox_id, 'block']]);
	expect(ports.budgets.open).toBe(0);
}

const deep = (body: object): string =>
	JSON.stringify({ ...body, deep: 0 }).replace('"deep":0', `"deep":${'['.repeat(100)}${']'.repeat(100)}`);
const megabyte = Buffer.alloc(2 ** 20, 0x20);
const bad: readonly (readonly [string, (door: Door) => string | Uint8Array, string, number])[] = [
	['bytes that are not UTF-8', () => new Uint8Array([0x7b, 0xff, 0x7d]), 'json_malformed', 400],
	['JSON that breaks off', ({ body }) => JSON.stringify(body).slice(0, -3), 'json_malformed', 400],
	['nothing', () => '', 'json_malformed', 400],
	['a key twice', ({ body }) => JSON.stringify(body).replace('{', '{"a":1,"a":2,'), 'json_duplicate_key', 400],
	['deep JSON', ({ body }) => deep(body), 'json_too_deep', 400],
	['another wire', () => '[]', 'request_malformed', 400],
];

describe.each(doors)('$path', (door) => {
	test.each(bad)('refuses %s, and records it', async (_what, bodyOf, code, status) => {
		const world = await start();

		const answer = await post(world, door, bodyOf(door));

		expect([answer.status, door.codeOf((await answer.json()) as Said)]).toEqual([status, code]);
		expectRecorded(world, code);
	});

	test('refuses 100 MB before a byte of them came, and records it', async () => {
		const world = await start();
		const headers = { ...world.headersOf(door), 'content-length': String(100 * 2 ** 20) };
		const said = await new Promise<readonly unknown[]>((resolve, reject) => {
			const asked = request(new URL(door.path, world.base), { method: 'POST', headers }, async (answer) => {
				resolve([answer.statusCode, door.codeOf(JSON.parse(await text(answer)) as Said)]);
				asked.destroy();
			});
			asked.on('error', reject).flushHeaders();
		});

		expect(said).toEqual([413, 'request_too_large']);
		expectRecorded(world, 'request_too_large');
	});

	test('refuses 100 MB of which nobody said how much they are, and records it', async () => {
		const world = await start();
		const body = ReadableStream.from(Array.from({ length: 100 }, () => megabyte));

		const asked = { method: 'POST', headers: world.headersOf(door), duplex: 'half', body };
		const answer = await fetch(new URL(door.path, world.base), asked as RequestInit);

		expect([answer.status, door.codeOf((await answer.json()) as Said)]).toEqual([413, 'request_too_large']);
		expectRecorded(world, 'request_too_large');
	});

	test('records a caller that vanishes in the middle of its body', async () => {
		const world = await start();
		const head = Object.entries(world.headersOf(door)).map(([name, value]) => `${name}: ${value}\r\n`);
		const socket = connect(Number(world.base.port), '127.0.0.1');
		await new Promise<void>((resolve) => socket.once('connect', resolve));
		socket.write(`POST ${door.path} HTTP/1.1\r\nhost: x\r\n${head.join('')}content-length: 1000\r\n\r\n{"model":`);
		await new Promise((resolve) => setTimeout(resolve, 20));
		socket.destroy();

		await expect.poll(() => world.ports.audit.events.length).toBe(1);
		expectRecorded(world, 'request_malformed');
	});
});

test('a caller that was refused in the middle of its body, and neither sends on nor leaves, is left', async () => {
	const world = await start();
	const socket = connect(Number(world.base.port), '127.0.0.1');
	const left = new Promise<string>((resolve) => {
		let heard = '';
		socket.setEncoding('utf8').on('data', (piece) => {
			heard += piece;
		});
		socket.once('end', () => resolve(heard));
	});
	const token = `authorization: Bearer ${world.caller.token}`;
	socket.write(`POST /v1/messages HTTP/1.1\r\nhost: x\r\n${token}\r\ncontent-length: 99999999\r\n\r\n{`);

	expect(await left).toMatch(/^HTTP\/1\.1 413 [\s\S]*connection: close[\s\S]*request_too_large/i);
	socket.destroy();
});

describe.each(models.slice(0, 3))('$path', (door) => {
	test.each([
		['truncate', true, 'upstream_truncated'],
		['reset', true, 'upstream_truncated'],
		['error', true, 'upstream_failed'],
		['garbage', true, 'upstream_malformed'],
		['reset', false, 'upstream_truncated'],
		['garbage', false, 'upstream_malformed'],
		['hang', false, 'call_too_long'],
		['hang', true, 'call_too_long'],
	] as const)('settles and records an answer that ends by %s, stream: %s', async (fault, stream, code) => {
		const world = await start({ say: 'a tale that is cut off somewhere', fault }, fault === 'hang' ? brief : {});

		const answer = await post(world, door, JSON.stringify({ ...door.body, stream }));
		const text = await answer.text();

		expect(text).toContain(code);
		expect(text).not.toMatch(/127\.0\.0\.1|fixture-credential/);
		await expect
			.poll(() => world.ports.audit.events.map(({ type }) => type))
			.toEqual(['call.admitted', 'call.settled']);
		const how = code === 'call_too_long' ? 'aborted' : 'upstream_error';
		expect(world.ports.audit.events[1]).toMatchObject({ code, payload: { how, code } });
		expect(world.ports.budgets.open).toBe(0);
	});

	test.each([true, false])('settles and records a caller that vanishes, stream: %s', async (stream) => {
		const world = await start({ say: 'a long tale '.repeat(50), delay_ms: stream ? 10 : 150 });
		const gone = new AbortController();
		const asked = fetch(new URL(door.path, world.base), {
			method: 'POST',
			headers: world.headersOf(door),
			body: JSON.stringify({ ...door.body, stream }),
			signal: gone.signal,
		}).catch(() => undefined);
		await expect.poll(() => world.ports.audit.events.length).toBe(1);
		gone.abort();
		await asked;

		await expect
			.poll(() => world.ports.audit.events.map(({ type }) => type))
			.toEqual(['call.admitted', 'call.settled']);
		expect(world.ports.audit.events[1]).toMatchObject({ payload: { how: 'client_gone' } });
		expect(world.ports.budgets.open).toBe(0);
	});
});

describe('/mcp', () => {
	const version = '2026-07-28';
	const stateless = { 'mcp-protocol-version': version, 'mcp-method': 'tools/call', 'mcp-name': call.params.name };
	const _meta = {
		'io.modelcontextprotocol/protocolVersion': version,
		'io.modelcontextprotocol/clientCapabilities': {},
	};
	const asked = (params: object): object => ({ ...call, params: { ...params, _meta } });

	test.each<[string, object, Readonly<Record<string, string>>, number, number]>([
		['a call outside of a session', call, {}, 400, -32_600],
		['a call in a session that was made up', call, { 'mcp-session-id': 'e30.e30' }, 404, -32_000],
		['an answer to nobody', { jsonrpc: '2.0', id: 7, result: {} }, stateless, 400, -32_600],
		['a call that says not what its client can do', call, stateless, 400, -32_602],
		['a call under the name of another', asked(call.params), { ...stateless, 'mcp-name': 'other' }, 400, -32_020],
		['a call of another method', asked(call.params), { ...stateless, 'mcp-method': 'ping' }, 400, -32_020],
		['a call of nothing', asked({}), stateless, 200, -32_602],
		['arguments that are a list', asked({ ...call.params, arguments: [] }), stateless, 200, -32_602],
		['input that is a list', asked({ ...call.params, inputResponses: [] }), stateless, 200, -32_602],
	])('refuses %s, and records it', async (_what, body, headers, status, code) => {
		const world = await start();

		const answer = await fetch(new URL('/mcp', world.base), {
			method: 'POST',
			headers: { ...world.headersOf(tools[1]!), ...headers },
			body: JSON.stringify(body),
		});

		const { error } = (await answer.json()) as Said;
		expect([answer.status, error?.code]).toEqual([status, code]);
		expectRecorded(world, status === 404 ? 'not_found' : 'request_malformed');
	});

	test.each([
		['resources/read', {}],
		['prompts/get', { name: 7 }],
		['prompts/get', { name: 'a__b', arguments: [] }],
		['completion/complete', { ref: { type: 'ref/prompt', name: 'a__b' } }],
	])('refuses %s with %j, and records it', async (method, params) => {
		const world = await start();
		const name = (params as { readonly name?: string }).name;

		const answer = await fetch(new URL('/mcp', world.base), {
			method: 'POST',
			headers: {
				...world.headersOf(tools[1]!),
				...stateless,
				'mcp-method': method,
				'mcp-name': typeof name === 'string' ? name : '',
			},
			body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }),
		});

		expect([answer.status, ((await answer.json()) as Said).error?.code]).toEqual([200, -32_602]);
		expectRecorded(world, 'request_malformed');
	});
});

/** A server with one tool, which answers a call of it as it is told. */
async function toolServer(world: World, answer: (res: ServerResponse, id: number) => void): Promise<void> {
	const results: Readonly<Record<string, object>> = {
		initialize: {
			protocolVersion: '2025-11-25',
			capabilities: { tools: {} },
			serverInfo: { name: 'bad', version: '1' },
		},
		'tools/list': { tools: [{ name: 'list_schemas', inputSchema: { type: 'object' } }] },
	};
	const server = createServer(async (req, res) => {
		const { id, method } = JSON.parse(await text(req)) as { readonly id?: number; readonly method: string };
		if (method === 'tools/call') return answer(res, id!);
		if (id === undefined) return void res.writeHead(202).end();
		const result = results[method];
		const said = result === undefined ? { error: { code: -32_601, message: 'no' } } : { result };
		res.writeHead(200, { 'content-type': 'application/json' });
		res.end(JSON.stringify({ jsonrpc: '2.0', id, ...said }));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	closing.push(async () => {
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
	});
	world.ports.mcpServers.register(world.policy.org_id, {
		name: 'collibra',
		transport: { kind: 'http', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp` },
		credentials: {},
		auto_approve: false,
		revision: 1,
	});
}
const json = { 'content-type': 'application/json' };
const events = { 'content-type': 'text/event-stream' };
const answers: readonly (readonly [string, (res: ServerResponse, id: number) => void, string])[] = [
	['nothing, and the end of the connection', (res) => void res.destroy(), 'upstream_truncated'],
	[
		'half an answer',
		(res) => void res.writeHead(200, { ...json, 'content-length': '100' }).write('{'),
		'call_too_long',
	],
	[
		'half an answer, and a reset',
		(res) => {
			res.writeHead(200, json).write('{');
			setTimeout(() => res.destroy(), 5);
		},
		'upstream_truncated',
	],
	['a stream that ends without it', (res) => void res.writeHead(200, events).end(': hm\n\n'), 'upstream_truncated'],
	[
		'a stream of something else',
		(res) => void res.writeHead(200, events).end('data: {"a":1}\n\n'),
		'upstream_malformed',
	],
	[
		'bytes that are not UTF-8',
		(res, id) =>
			void res.writeHead(200, json).end(Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":{"a":"\xff"}}`, 'latin1')),
		'upstream_malformed',
	],
	[
		'a key twice',
		(res, id) => void res.writeHead(200, json).end(`{"jsonrpc":"2.0","id":${id},"result":{"content":[],"content":[]}}`),
		'upstream_malformed',
	],
	[
		'the answer to another call',
		(res, id) => void res.writeHead(200, json).end(`{"jsonrpc":"2.0","id":${id + 1},"result":{}}`),
		'upstream_malformed',
	],
	[
		'more than any honest one',
		(res) => void res.writeHead(200, json).end(Buffer.alloc(9 * 2 ** 20, 0x20)),
		'upstream_malformed',
	],
	['a page', (res) => void res.writeHead(500, { 'content-type': 'text/html' }).end('<h1>no</h1>'), 'upstream_failed'],
	['that our credential is no good', (res) => void res.writeHead(401).end(), 'upstream_refused'],
	['nothing at all', () => {}, 'call_too_long'],
];

describe('a tool of a server that answers', () => {
	test.each(answers)('%s: ends by a coded error, settled and recorded', async (_what, answer, code) => {
		const world = await start(undefined, brief);
		await toolServer(world, answer);
		const [door] = tools;

		const refused = await post(world, door!, JSON.stringify(door!.body));

		const said = await refused.text();
		expect(door!.codeOf(JSON.parse(said) as Said)).toBe(code);
		expect(refused.status).toBeGreaterThanOrEqual(400);
		expect(said).not.toContain('127.0.0.1');
		await expect
			.poll(() => world.ports.audit.events.map(({ type }) => type))
			.toEqual(['call.admitted', 'call.settled']);
		const how = code === 'call_too_long' ? 'aborted' : 'upstream_error';
		expect(world.ports.audit.events[1]).toMatchObject({ code, payload: { how } });
	});

	test('nothing, to a caller that vanishes: settled and recorded', async () => {
		const world = await start();
		const gone = new AbortController();
		await toolServer(world, () => gone.abort());
		const [door] = tools;

		await fetch(new URL(door!.path, world.base), {
			method: 'POST',
			headers: world.headersOf(door!),
			body: JSON.stringify(door!.body),
			signal: gone.signal,
		}).catch(() => undefined);

		await expect
			.poll(() => world.ports.audit.events.map(({ type }) => type))
			.toEqual(['call.admitted', 'call.settled']);
		expect(world.ports.audit.events[1]).toMatchObject({ payload: { how: 'client_gone' } });
	});

	test.each([
		['is revoked', 'sandbox_revoked'],
		['was killed', 'session_killed'],
	])('nothing, while its sandbox or session %s: cut off, and recorded as blocked', async (_what, code) => {
		const world = await start();
		const { ports, policy } = world;
		await toolServer(world, () => {
			if (code === 'sandbox_revoked') world.change({ bound: { state: 'revoked' } });
			else void ports.sessions.kill(policy.org_id, 'ses_1', 'operator', 'r');
		});
		const [door] = tools;

		const refused = await post(world, door!, JSON.stringify(door!.body));

		expect(door!.codeOf((await refused.json()) as Said)).toBe(code);
		await expect
			.poll(() => ports.audit.events.at(-1))
			.toMatchObject({
				type: 'call.settled',
				decision: 'block',
				code,
				payload: { how: 'aborted' },
			});
	});
});
