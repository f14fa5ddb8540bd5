#!/usr/bin/env node
/**
 * A Collibra catalog as an MCP server over streamable HTTP, for demos and tests. It believes whoever reaches it: what it is
 * asked has been judged by the broker before. Prints its URL, then each call as one JSON line.
 *
 *   collibra-mock [--port <n>]
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { Catalog } from './catalog.ts';
import { exportSpan } from './span.ts';
import { tools } from './tools.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
const catalog = new Catalog();

/** One server for each request: nothing is kept between them but the catalog. */
function serverFor(traceparent: string | undefined): Server {
	const server = new Server({ name: 'collibra-mock', version: '0.1.0' }, { capabilities: { tools: {} } });
	server.setRequestHandler(ListToolsRequestSchema, () => ({
		tools: tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema: { ...inputSchema } })),
	}));
	server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
		const started = Date.now();
		const found = tools.find(({ name }) => name === params.name);
		let [answer, isError]: [string, boolean] = [`There is no tool ${params.name}.`, true];
		try {
			if (found !== undefined) [answer, isError] = [JSON.stringify(found.run(catalog, params.arguments ?? {})), false];
		} catch (error) {
			answer = error instanceof RangeError ? error.message : 'The catalog could not answer.';
		}
		const [, trace_id, parent_id] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-/.exec(traceparent ?? '') ?? [];
		const span_id = randomBytes(8).toString('hex');
		process.stdout.write(`${JSON.stringify({ tool: params.name, ok: !isError, trace_id, span_id, parent_id })}\n`);
		if (trace_id !== undefined && parent_id !== undefined)
			exportSpan({
				service: 'collibra-mock',
				name: `tools/call ${params.name}`,
				trace_id,
				span_id,
				parent_id,
				started,
			});
		return { content: [{ type: 'text', text: answer }], isError };
	});
	return server;
}

const http = createServer(async (request, response) => {
	const { traceparent } = request.headers;
	const server = serverFor(typeof traceparent === 'string' ? traceparent : undefined);
	const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
	response.on('close', () => {
		void transport.close();
		void server.close();
	});
	await server.connect(transport as Parameters<Server['connect']>[0]);
	await transport.handleRequest(request, response);
});
http.listen(Number(values.port), '127.0.0.1', () => {
	const { port } = http.address() as AddressInfo;
	process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}/mcp` })}\n`);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const)
	process.once(signal, () => {
		http.closeAllConnections();
		http.close(() => process.exit(0));
	});
