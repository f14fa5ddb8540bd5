import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

/** A catalog of assets behind the official SDK, over HTTP: what tests put behind the broker. */
export interface McpFixture {
	readonly url: string;
	readonly calls: { readonly name: string; readonly args: unknown }[];
	readonly headers: IncomingHttpHeaders[];
	/** What its tools answer, and how they are described. */
	answer: (name: string, args: Record<string, unknown>) => unknown;
	description: string;
	/** Forgets its sessions, as a restart does. */
	readonly forget: () => void;
	readonly close: () => Promise<void>;
}

export async function mcpFixture(tools: readonly string[], port = 0): Promise<McpFixture> {
	const sessions = new Map<string, StreamableHTTPServerTransport>();
	const fixture: McpFixture = {
		url: '',
		calls: [],
		headers: [],
		answer: (name) => ({ content: [{ type: 'text', text: `${name} says hello` }] }),
		description: 'A tool.',
		forget: () => sessions.clear(),
		close: async () => {
			http.closeAllConnections();
			await new Promise((resolve) => http.close(resolve));
		},
	};
	const http = createServer(async (req, res) => {
		fixture.headers.push(req.headers);
		const id = req.headers['mcp-session-id'];
		let transport = typeof id === 'string' ? sessions.get(id) : undefined;
		if (transport === undefined && id !== undefined) return void res.writeHead(404).end();
		if (transport === undefined) {
			const made = new StreamableHTTPServerTransport({
				sessionIdGenerator: () => crypto.randomUUID(),
				onsessioninitialized: (session) => {
					sessions.set(session, made);
				},
			});
			await serverOf(fixture, tools).connect(made as never);
			transport = made;
		}
		await transport.handleRequest(req, res);
	});
	await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));
	return Object.assign(fixture, { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp` });
}

function serverOf(fixture: McpFixture, tools: readonly string[]): Server {
	const server = new Server({ name: 'fixture', version: '1.0.0' }, { capabilities: { tools: {} } });
	server.setRequestHandler(ListToolsRequestSchema, async () => ({
		tools: tools.map((name) => ({ name, description: fixture.description, inputSchema: { type: 'object' as const } })),
	}));
	server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
		fixture.calls.push({ name: params.name, args: params.arguments });
		return fixture.answer(params.name, params.arguments ?? {}) as never;
	});
	return server;
}
