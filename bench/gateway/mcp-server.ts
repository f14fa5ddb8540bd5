/** An MCP server of the revisions with sessions, in a process of its own: one tool, whose answer has 2 KiB. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What its tool says, before the number of the call: what was judged once may be remembered. */
export const toolText: string = 'The asset is a table of customers, kept by the team for data. '
	.repeat(40)
	.slice(0, 2_040);

const results: Readonly<Record<string, unknown>> = {
	initialize: {
		protocolVersion: '2025-11-25',
		capabilities: { tools: {} },
		serverInfo: { name: 'bench', version: '1' },
	},
	'tools/list': { tools: [{ name: 'get_asset', description: 'Reads.', inputSchema: { type: 'object' } }] },
};

let calls = 0;
function called(): object {
	calls += 1;
	return { content: [{ type: 'text', text: `${toolText} ${calls}` }] };
}

if (process.argv[2] === 'serve') {
	const server = createServer((req, res) => {
		const parts: Buffer[] = [];
		req.on('data', (part: Buffer) => parts.push(part));
		req.on('end', () => {
			const { id, method } = JSON.parse(Buffer.concat(parts).toString() || '{}') as { id?: number; method?: string };
			const result = method === 'tools/call' ? called() : results[method ?? ''];
			if (id === undefined) return void res.writeHead(202).end();
			res.setHeader('content-type', 'application/json');
			const answer = result === undefined ? { error: { code: -32_601, message: 'no such method' } } : { result };
			res.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
		});
	});
	server.keepAliveTimeout = 60_000;
	process.once('disconnect', () => process.exit());
	server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
}
