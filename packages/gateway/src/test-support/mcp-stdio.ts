/* An MCP server as a program: it tells what it was started with. */
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

const server = new Server({ name: 'stdio', version: '1.0.0' }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, async () => ({
	tools: ['get_asset', 'update_asset'].map((name) => ({ name, inputSchema: { type: 'object' as const } })),
}));
server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
	if (params.name === 'update_asset') process.exit(3);
	return { content: [{ type: 'text', text: Object.keys(process.env).sort().join(' ') }] };
});
await server.connect(new StdioServerTransport() as never);
