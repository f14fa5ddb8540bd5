import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
	CreateMessageRequestSchema,
	ElicitRequestSchema,
	ListRootsRequestSchema,
	LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type McpWorld, mcpWorld } from '../mcp-world.test.support.ts';
import { type Everything, everything } from '../test-support/everything.ts';
import { lists, prompts, tools } from '../test-support/everything-content.ts';
import { metaKeys } from './revisions.ts';

/*
 * The official SDK's client, once directly at a server with sessions and once through the broker, in front of servers of each
 * kind: lists, results, what it is asked and what it is told meanwhile must be equal to the last field.
 */

const kinds = ['both', 'sessions', 'stateless'] as const;
const closing: (() => Promise<unknown>)[] = [];
let world: McpWorld;
let direct: Everything;

beforeAll(async () => {
	const facts = (server: string) =>
		[...Object.keys(tools), 'test_missing_capability', 'mcp.read_resource', 'mcp.get_prompt', 'mcp.complete'].map(
			(name) => ({
				name: `${server}.${name}`,
				effect: 'read' as const,
				capabilities: [],
				slots: {},
			}),
		);
	world = await mcpWorld({
		compiled: { tools: { allow: kinds.flatMap((kind) => [`${kind}.*`, `${kind}.mcp.*`]), deny: [], schemas_acl: {} } },
		pipeline: { tools: kinds.flatMap(facts) },
	});
	direct = await everything('sessions');
	for (const kind of kinds) {
		const server = await everything(kind);
		closing.push(server.close);
		world.register(kind, server.url);
	}
	closing.push(world.close, direct.close);
});
afterAll(async () => {
	for (const close of closing.splice(0).reverse()) await close();
});

interface Heard {
	readonly client: Client;
	/** What it was asked and told, in its order. */
	readonly heard: unknown[];
}

async function connected(url: string): Promise<Heard> {
	const capabilities = { elicitation: {}, sampling: {}, roots: {} };
	const client = new Client({ name: 'test', version: '1' }, { capabilities });
	const heard: unknown[] = [];
	const hear = ({ method, params }: { readonly method: string; readonly params?: unknown }): void => {
		const { _meta, ...said } = (params ?? {}) as { readonly _meta?: unknown };
		heard.push([method, said]);
	};
	client.setRequestHandler(ElicitRequestSchema, (request) => {
		hear(request);
		return {
			action: 'accept' as const,
			content: { name: 'Ada', username: 'ada', email: 'none', ok: true, color: 'red' },
		};
	});
	client.setRequestHandler(CreateMessageRequestSchema, (request) => {
		hear(request);
		return { model: 'm', role: 'assistant' as const, content: { type: 'text' as const, text: 'Grüße 𝕊' } };
	});
	client.setRequestHandler(ListRootsRequestSchema, (request) => {
		hear(request);
		return { roots: [{ uri: 'file:///work', name: 'work' }] };
	});
	client.setNotificationHandler(LoggingMessageNotificationSchema, hear);
	await client.connect(new StreamableHTTPClientTransport(new URL(url)) as never);
	closing.push(() => client.close());
	return { client, heard };
}

/** What comes of a request: its result or error, and everything that was heard meanwhile. */
async function told({ client, heard }: Heard, ask: (client: Client, heard: unknown[]) => Promise<unknown>) {
	heard.length = 0;
	const came = await ask(client, heard).catch(({ code, message, data }) => ({ failed: { code, message, data } }));
	return { came: plain(came), heard: [...heard] };
}

/** A server of the stateless revision names itself in each result; one with sessions has done so before. */
function plain(came: unknown): unknown {
	const { _meta, ...rest } = came as { readonly _meta?: Readonly<Record<string, unknown>> };
	const { [metaKeys.serverInfo]: _itself, ...others } = _meta ?? {};
	return Object.keys(others).length === 0 ? rest : { ...rest, _meta: others };
}

const call =
	(name: string) =>
	(client: Client, heard: unknown[]): Promise<unknown> =>
		client.callTool({ name, arguments: { message: 'Who?', prompt: 'Say.' } }, undefined, {
			onprogress: (progress) => heard.push(['progress', progress]),
		});
const uris = ['test://static-text', 'test://static-binary', 'test://template/7/data', 'test://none'];
const asks: readonly (readonly [string, (client: Client, heard: unknown[]) => Promise<unknown>])[] = [
	['tools/list', (client) => client.listTools()],
	['prompts/list', (client) => client.listPrompts()],
	['resources/list', (client) => client.listResources()],
	['resources/templates/list', (client) => client.listResourceTemplates()],
	[
		'completion/complete',
		(client) =>
			client.complete({
				ref: { type: 'ref/prompt', name: 'test_simple_prompt' },
				argument: { name: 'a', value: 'pa' },
			}),
	],
	...uris.map((uri) => [`resources/read ${uri}`, (client: Client) => client.readResource({ uri })] as const),
	...Object.keys(prompts).map(
		(name) =>
			[
				`prompts/get ${name}`,
				(client: Client) => client.getPrompt({ name, arguments: { arg1: 'ä', arg2: '"', resourceUri: 'test://x' } }),
			] as const,
	),
	...[...Object.keys(tools), 'test_missing_capability'].map((name) => [`tools/call ${name}`, call(name)] as const),
];

describe.each(kinds)('in front of a server that speaks %s', (kind) => {
	it('the client of the official SDK gets what it gets without us', async () => {
		const wanted = await connected(direct.url);
		const through = await connected(`${world.inside}/mcp/${kind}`);
		expect(Object.keys(lists).length).toBeGreaterThan(4);

		const methods = new Set<unknown>();
		for (const [what, ask] of asks) {
			const without = await told(wanted, ask);
			for (const [method] of without.heard as [unknown][]) methods.add(method);
			expect([what, await told(through, ask)]).toEqual([what, without]);
		}
		expect([...methods].sort()).toEqual([
			'elicitation/create',
			'notifications/message',
			'progress',
			'roots/list',
			'sampling/createMessage',
		]);
	});
});
