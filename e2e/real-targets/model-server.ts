/**
 * A model and an MCP server on loopback, for programs that are run without a network. The model plays a script: one tool
 * call for each result that has come back, then a closing text. Wires: Anthropic Messages, OpenAI Responses, MCP over
 * streamable HTTP. Usage: `node model-server.ts <port> <script.json> <log.jsonl>`; each request is one line of the log.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** One tool call that the model makes, by the name that the program gives the tool. */
export interface ScriptedCall {
	readonly name: string;
	readonly input: Readonly<Record<string, unknown>>;
	/** OpenAI groups tools of an MCP server in a namespace. */
	readonly namespace?: string;
}
/** What a request told: the tools offered to the model, and the results of its calls so far. */
export interface LoggedRequest {
	readonly path: string;
	readonly tools?: readonly string[];
	readonly results?: readonly string[];
	/** Name of a tool that reached the MCP server. */
	readonly called?: string;
}

type Json = Readonly<Record<string, unknown>>;
type Event = Json & { readonly type: string };

const [port = '', scriptFile = '', logFile = ''] = process.argv.slice(2);
const script: readonly ScriptedCall[] = JSON.parse(readFileSync(scriptFile, 'utf8'));
let turn = 0;

createServer(async (request, response) => {
	const path = new URL(request.url ?? '/', 'http://loopback').pathname;
	const body = await readJson(request);
	if (path.endsWith('/count_tokens')) return answer(response, { input_tokens: 1 });
	if (path.endsWith('/v1/messages')) return messages(path, body, response);
	if (path.endsWith('/responses')) return responses(path, body, response);
	if (path.endsWith('/models')) return answer(response, { object: 'list', data: [], models: [] });
	if (path === '/mcp') return mcp(path, body, request, response);
	log({ path });
	response.setHeader('content-type', 'text/plain');
	response.end('REACHED\n');
}).listen(Number(port), '127.0.0.1', () => console.log('listening'));

async function readJson(request: IncomingMessage): Promise<Json> {
	let text = '';
	for await (const chunk of request) text += chunk;
	try {
		return JSON.parse(text) as Json;
	} catch {
		return {}; // A request without a body is judged by its path alone.
	}
}
function log(line: LoggedRequest): void {
	appendFileSync(logFile, `${JSON.stringify(line)}\n`);
}
function answer(response: ServerResponse, value: Json): void {
	response.setHeader('content-type', 'application/json');
	response.end(JSON.stringify(value));
}
function stream(response: ServerResponse, events: readonly Event[]): void {
	response.setHeader('content-type', 'text/event-stream');
	response.end(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
}
function list(value: unknown): readonly Json[] {
	return Array.isArray(value) ? value : [];
}
function textOf(value: unknown): string {
	return typeof value === 'string' ? value : JSON.stringify(value);
}

function messages(path: string, body: Json, response: ServerResponse): void {
	const tools = list(body['tools']).map((tool) => String(tool['name']));
	const results = list(body['messages'])
		.flatMap((message) => list(message['content']))
		.filter((block) => block['type'] === 'tool_result')
		.map((block) => textOf(block['content']));
	log({ path, tools, results });
	// Side requests (titles, summaries) offer no tools and get no call.
	const call = tools.length > 0 ? script[results.length] : undefined;
	turn += 1;
	const head = { id: `msg_${turn}`, type: 'message', role: 'assistant', model: 'scripted', stop_sequence: null };
	const usage = { input_tokens: 1, output_tokens: 1 };
	const stop_reason = call ? 'tool_use' : 'end_turn';
	const block = call
		? { type: 'tool_use', id: `toolu_${turn}`, name: call.name, input: {} }
		: { type: 'text', text: '' };
	const done = `done after ${results.length}`;
	if (body['stream'] !== true) {
		const content = [call ? { ...block, input: call.input } : { type: 'text', text: done }];
		answer(response, { ...head, content, stop_reason, usage });
		return;
	}
	const delta = call
		? { type: 'input_json_delta', partial_json: JSON.stringify(call.input) }
		: { type: 'text_delta', text: done };
	stream(response, [
		{ type: 'message_start', message: { ...head, content: [], stop_reason: null, usage } },
		{ type: 'content_block_start', index: 0, content_block: block },
		{ type: 'content_block_delta', index: 0, delta },
		{ type: 'content_block_stop', index: 0 },
		{ type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 1 } },
		{ type: 'message_stop' },
	]);
}

function responses(path: string, body: Json, response: ServerResponse): void {
	const tools = list(body['tools']).map((tool) => String(tool['name'] ?? tool['type']));
	const results = list(body['input'])
		.filter((item) => String(item['type']).endsWith('_output'))
		.map((item) => textOf(item['output']));
	log({ path, tools, results });
	const call = script[results.length];
	turn += 1;
	const id = `resp_${turn}`;
	const item = call
		? {
				type: 'function_call',
				id: `fc_${turn}`,
				call_id: `call_${turn}`,
				name: call.name,
				arguments: JSON.stringify(call.input),
				...(call.namespace === undefined ? {} : { namespace: call.namespace }),
			}
		: {
				type: 'message',
				id: `msg_${turn}`,
				role: 'assistant',
				status: 'completed',
				content: [{ type: 'output_text', text: `done after ${results.length}`, annotations: [] }],
			};
	const usage = {
		input_tokens: 1,
		input_tokens_details: null,
		output_tokens: 1,
		output_tokens_details: null,
		total_tokens: 2,
	};
	stream(response, [
		{ type: 'response.created', response: { id, status: 'in_progress' } },
		{ type: 'response.output_item.added', output_index: 0, item },
		{ type: 'response.output_item.done', output_index: 0, item },
		{ type: 'response.completed', response: { id, status: 'completed', output: [item], usage } },
	]);
}

/** An MCP server with the tools of the golden policies, by the wire names that the broker gives them. */
function mcp(path: string, body: Json, request: IncomingMessage, response: ServerResponse): void {
	const { id, method } = body;
	if (request.method !== 'POST' || id === undefined) {
		response.statusCode = request.method === 'POST' ? 202 : 405;
		response.end();
		return;
	}
	const params = (body['params'] ?? {}) as Json;
	if (method === 'tools/call') log({ path, called: String(params['name']) });
	answer(response, { jsonrpc: '2.0', id, ...mcpAnswer(method, params) });
}

function mcpAnswer(method: unknown, params: Json): Json {
	const inputSchema = { type: 'object', properties: {} };
	switch (method) {
		case 'initialize': {
			const protocolVersion = params['protocolVersion'] ?? '2025-06-18';
			return {
				result: { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'broker', version: '1' } },
			};
		}
		case 'tools/list': {
			const names = ['collibra__get_asset', 'collibra__delete_asset'];
			return { result: { tools: names.map((name) => ({ name, description: name, inputSchema })) } };
		}
		case 'tools/call':
			return { result: { content: [{ type: 'text', text: `BROKER RAN ${params['name']}` }] } };
		default:
			return { error: { code: -32601, message: 'unknown method' } };
	}
}
