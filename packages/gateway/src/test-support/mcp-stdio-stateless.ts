/* An MCP server as a program that speaks the stateless revision alone. */
import { createInterface } from 'node:readline';

const results: Readonly<Record<string, unknown>> = {
	'server/discover': { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } },
	'tools/list': { tools: [{ name: 'get_asset', inputSchema: { type: 'object' } }] },
};

for await (const line of createInterface(process.stdin)) {
	const { id, method, params } = JSON.parse(line);
	const { _meta } = params ?? {};
	const stateless = _meta?.['io.modelcontextprotocol/protocolVersion'] === '2026-07-28';
	const result =
		method === 'tools/call'
			? { content: [{ type: 'text', text: Object.keys(_meta).sort().join(' ') }] }
			: results[method];
	const answer =
		stateless && result !== undefined ? { result } : { error: { code: -32_601, message: 'no such method' } };
	if (id !== undefined) process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer })}\n`);
}
