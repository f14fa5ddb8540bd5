import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HostSimulator } from '../test-support/host-simulator.ts';
import { fileOf, type TestServer, testServer } from '../test-support/test-server.ts';
import { type AgentPlane, startAgentPlane } from './agent-plane.ts';

/* Two agent planes on one database, and an MCP server that asks in the middle of a call. */

let test: TestServer;
let host: HostSimulator;
let asking: Server;
let second: AgentPlane;
let token: string;
let urls: { readonly one: string; readonly two: string };
const answered: string[] = [];

const policy = `package tappass.policy\n\ntools.allow contains "gmail.*"\n\nbudget.tool_calls_per_minute := 60\n`;

/** Asks whoever calls its tool for a name, and says it back. */
function askingServer(): Server {
	let waiting: { readonly res: ServerResponse; readonly id: number } | undefined;
	const tool = { name: 'search', description: 'Asks.', inputSchema: { type: 'object' } };
	const results: Record<string, unknown> = {
		initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'm', version: '1' } },
		'tools/list': { tools: [tool] },
	};
	return createServer(async (req, res) => {
		const message = JSON.parse((await text(req)) || '{}');
		const say = (to: ServerResponse, value: object): boolean =>
			to.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...value })}\n\n`);
		if (message.method === 'tools/call') {
			waiting = { res, id: message.id };
			res.writeHead(200, { 'content-type': 'text/event-stream' });
			const requestedSchema = { type: 'object', properties: { name: { type: 'string' } } };
			say(res, { id: 'q1', method: 'elicitation/create', params: { message: 'Who?', requestedSchema } });
		} else if (message.id === 'q1' && message.method === undefined) {
			res.writeHead(202).end();
			const { name } = message.result.content;
			answered.push(name);
			say(waiting!.res, { id: waiting!.id, result: { content: [{ type: 'text', text: `It is ${name}.` }] } });
			waiting!.res.end();
		} else if (message.id === undefined) res.writeHead(202).end();
		else {
			const result = results[message.method];
			const answer = result === undefined ? { error: { code: -32_601, message: 'no' } } : { result };
			res.writeHead(200, { 'content-type': 'application/json' });
			res.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...answer }));
		}
	});
}

beforeAll(async () => {
	asking = askingServer();
	await new Promise<void>((resolve) => asking.listen(0, '127.0.0.1', resolve));
	test = await testServer();
	await test.call('POST', '/v1/policies/apply', { files: [fileOf('floor.rego', policy)] });
	const { body } = await test.call('POST', '/v1/sandbox-specs/eu-support-emailer/bootstraps', {
		count: 1,
		project: 'support',
	});
	host = await HostSimulator.enrol(body.items[0].url, { name: 'tenant_a' });
	const { org_id } = host.identity;
	const { store, keys, audit } = test.server.services;
	const url = `http://127.0.0.1:${(asking.address() as AddressInfo).port}/mcp`;
	await store.withOrg(org_id, (transaction) =>
		transaction
			.insertInto('mcp_servers')
			.values({
				org_id,
				name: 'gmail',
				transport: JSON.stringify({ kind: 'http', url }),
				credentials: '{}',
				created_by: 'test',
			})
			.execute(),
	);
	second = await startAgentPlane({
		store,
		keys,
		audit,
		listen: { host: '127.0.0.1', port: 0 },
		tls: false,
		now: Date.now,
		log: () => {},
	});
	urls = { one: `${test.server.urls.agent}/mcp/gmail`, two: `http://127.0.0.1:${second.port}/mcp/gmail` };
	expect(await host.stream()).toBe(200);
	const opened = await host.call('POST', '/v1/sync/sessions', { schema: 'tappass.session/1', detail: {} });
	const { keyring } = opened.body as unknown as { keyring: { freshness: { payload: string } } };
	token = JSON.parse(Buffer.from(keyring.freshness.payload, 'base64').toString('utf8')).tokens.mcp_session_token;
});
afterAll(async () => {
	host.stop();
	await second.close();
	await test.close();
	asking.closeAllConnections();
	asking.close();
});
beforeEach(() => answered.splice(0));

function post(url: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
	return fetch(url, {
		method: 'POST',
		headers: {
			'content-type': 'application/json',
			accept: 'application/json, text/event-stream',
			authorization: `Bearer ${token}`,
			...headers,
		},
		body: JSON.stringify({ jsonrpc: '2.0', ...body }),
	});
}
// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and fails when it is not there.
const bodyOf = (answer: Response): Promise<any> => answer.json();
async function toldToTryAgain(answer: Response): Promise<void> {
	expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
	expect((await bodyOf(answer)).error.data.code).toBe('asked_elsewhere');
	expect(answered).toEqual([]);
}
async function admitted(): Promise<number> {
	const rows = await test.server.services.store.withOrg(host.identity.org_id, async (transaction) => [
		...(await transaction.selectFrom('audit_entries').select('type').execute()),
		...(await transaction.selectFrom('audit_pending').select('type').execute()),
	]);
	return rows.filter(({ type }) => type === 'call.admitted').length;
}
const accepted = { action: 'accept', content: { name: 'ada' } };

describe('a question in the middle of a call', () => {
	it('that a client with sessions answers at the other replica is answered at neither until it comes to the first', async () => {
		const begun = await post(urls.one, {
			id: 1,
			method: 'initialize',
			params: {
				protocolVersion: '2025-11-25',
				capabilities: { elicitation: {} },
				clientInfo: { name: 'test', version: '1' },
			},
		});
		const session = { 'mcp-session-id': begun.headers.get('mcp-session-id')! };
		const running = await post(urls.one, { id: 2, method: 'tools/call', params: { name: 'search' } }, session);
		const reader = running.body!.pipeThrough(new TextDecoderStream()).getReader();
		let said = '';
		while (!said.includes('elicitation/create')) said += (await reader.read()).value ?? '';
		const [, id] = /"id":"([^"]+)","method":"elicitation\/create"/.exec(said)!;

		for (let turn = 0; turn < 2; turn += 1)
			await toldToTryAgain(await post(urls.two, { id, result: accepted }, session));

		expect((await post(urls.one, { id, result: accepted }, session)).status).toBe(202);
		for (let more = await reader.read(); !more.done; more = await reader.read()) said += more.value;
		expect(said).toContain('It is ada.');
	});

	it('that a stateless client answers at the other replica uses nothing up there, and goes on at the first', async () => {
		const version = '2026-07-28';
		const call = async (url: string, more: object = {}): Promise<Response> =>
			post(
				url,
				{
					id: 1,
					method: 'tools/call',
					params: {
						name: 'search',
						...more,
						_meta: {
							'io.modelcontextprotocol/protocolVersion': version,
							'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
						},
					},
				},
				{ 'mcp-protocol-version': version, 'mcp-method': 'tools/call', 'mcp-name': 'search' },
			);
		const { result } = await bodyOf(await call(urls.one));
		const [question] = Object.keys(result.inputRequests);
		const more = { requestState: result.requestState, inputResponses: { [question!]: accepted } };
		const before = await admitted();

		for (let turn = 0; turn < 2; turn += 1) await toldToTryAgain(await call(urls.two, more));

		expect(await admitted()).toBe(before);
		const done = await bodyOf(await call(urls.one, more));
		expect(done.result.content).toEqual([{ type: 'text', text: 'It is ada.' }]);
	});
});
