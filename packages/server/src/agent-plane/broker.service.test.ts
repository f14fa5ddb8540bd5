import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostSimulator } from '../test-support/host-simulator.ts';
import { fileOf, type Reply, send, type TestServer, testServer } from '../test-support/test-server.ts';

/* A tool call from a host's token to a registered MCP server and back: the real server, its database, its log, its traces. */

interface Span {
	readonly traceId: string;
	readonly spanId: string;
	readonly parentSpanId?: string;
	readonly name: string;
}

let test: TestServer;
let host: HostSimulator;
let tools: Server;
let collector: Server;
let token: string;
const calls: { readonly name: string; readonly headers: IncomingHttpHeaders }[] = [];
const bodies: string[] = [];

const policy = `package tappass.policy\n\ntools.allow contains "gmail.*"\n\nbudget.tool_calls_per_minute := 60\n`;

/** The least that an MCP server of the revisions with sessions is. */
function mcpServer(): Server {
	return createServer(async (req, res) => {
		const message = JSON.parse((await text(req)) || '{}') as {
			id?: number;
			method?: string;
			params?: { name: string };
		};
		const tool = (name: string) => ({ name, description: `Does ${name}.`, inputSchema: { type: 'object' } });
		const results: Record<string, unknown> = {
			initialize: {
				protocolVersion: '2025-11-25',
				capabilities: { tools: {} },
				serverInfo: { name: 'gmail', version: '1' },
			},
			'tools/list': { tools: [tool('search'), tool('wipe')] },
			'tools/call': { content: [{ type: 'text', text: 'seen' }] },
		};
		if (message.method === 'tools/call') calls.push({ name: message.params!.name, headers: req.headers });
		const result = results[message.method ?? ''];
		if (message.id === undefined) return void res.writeHead(202).end();
		res.writeHead(200, { 'content-type': 'application/json' });
		const answer = result === undefined ? { error: { code: -32_601, message: 'no' } } : { result };
		res.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...answer }));
	});
}
const listen = (server: Server): Promise<number> =>
	new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));

beforeAll(async () => {
	collector = createServer(async (req, res) => {
		bodies.push(await text(req));
		res.setHeader('content-type', 'application/json').end('{}');
	});
	tools = mcpServer();
	const [port, collecting] = [await listen(tools), await listen(collector)];
	test = await testServer({ tracing: { endpoint: `http://127.0.0.1:${collecting}` } });
	await test.call('POST', '/v1/policies/apply', { files: [fileOf('floor.rego', policy)] });
	const { body } = await test.call('POST', '/v1/sandbox-specs/eu-support-emailer/bootstraps', {
		count: 1,
		project: 'support',
	});
	host = await HostSimulator.enrol(body.items[0].url, { name: 'tenant_a' });
	const { org_id } = host.identity;
	await test.server.services.store.withOrg(org_id, async (transaction) => {
		await transaction
			.insertInto('mcp_servers')
			.values({
				org_id,
				name: 'gmail',
				transport: JSON.stringify({ kind: 'http', url: `http://127.0.0.1:${port}/mcp` }),
				credentials: '{}',
				created_by: 'test',
			})
			.execute();
	});
	expect(await host.stream()).toBe(200);
	const answer = await host.call('POST', '/v1/sync/sessions', { schema: 'tappass.session/1', detail: {} });
	const { keyring } = answer.body as unknown as { keyring: { freshness: { payload: string } } };
	token = JSON.parse(Buffer.from(keyring.freshness.payload, 'base64').toString('utf8')).tokens.mcp_session_token;
});
afterAll(async () => {
	host.stop();
	await test.close();
	tools.close();
	collector.close();
});

function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
	return send(test.server.urls.agent!, 'POST', path, body, { authorization: `Bearer ${token}`, ...headers });
}

describe('the broker of the agent plane', () => {
	it('refuses and queues a tool that nobody approved', async () => {
		const { status, body } = await post('/v1/tools/execute', { tool: 'gmail.wipe' });

		expect([status, body.code]).toEqual([403, 'tool_unknown']);
		expect(calls).toEqual([]);
		const queued = await test.server.services.store.withOrg(host.identity.org_id, (transaction) =>
			transaction.selectFrom('discovered_tools').select(['tool', 'kind', 'server']).execute(),
		);
		expect(queued).toEqual([{ tool: 'gmail.wipe', kind: 'unknown', server: 'gmail' }]);
	});

	it('tells a stranger where to read what opens the door, and records an unenrolled caller', async () => {
		const reply = await post(
			'/mcp',
			{ jsonrpc: '2.0', id: 1, method: 'initialize' },
			{ authorization: 'Bearer nobody' },
		);

		expect(reply.status).toBe(401);
		const [, url] = /resource_metadata="([^"]+)"/.exec(reply.headers.get('www-authenticate') ?? '') ?? [];
		// RFC 9728: what has no values is left out.
		expect(await (await fetch(url!)).json()).toEqual({
			resource: `${test.server.urls.agent}/mcp`,
			resource_name: 'TapPass MCP Broker',
			bearer_methods_supported: ['header'],
		});
	});

	it('executes an approved one, and every span of it is one trace from the caller to the server', async () => {
		const traceId = 'c'.repeat(32);
		const { status, body } = await post(
			'/v1/tools/execute',
			{ tool: 'gmail.search', arguments: { at: 'planted-argument' } },
			{ traceparent: `00-${traceId}-${'d'.repeat(16)}-01` },
		);

		expect([status, body]).toMatchObject([200, { result: { content: [{ type: 'text', text: 'seen' }] } }]);
		const spansOf = (): Span[] =>
			bodies
				.flatMap((one) => JSON.parse(one).resourceSpans as { scopeSpans: { spans: Span[] }[] }[])
				.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
				.filter((span) => span.traceId === traceId);
		await expect.poll(() => spansOf().map(({ name }) => name), { timeout: 10_000 }).toHaveLength(2);
		const gateway = spansOf().find(({ name }) => name === 'POST /v1/tools/execute')!;
		const broker = spansOf().find(({ name }) => name === 'tools/call gmail.search')!;
		expect([gateway.parentSpanId, broker.parentSpanId]).toEqual(['d'.repeat(16), gateway.spanId]);
		expect(calls[0]!.headers['traceparent']).toBe(`00-${traceId}-${broker.spanId}-01`);
		expect(bodies.join()).not.toContain('planted-argument');
	});
});
