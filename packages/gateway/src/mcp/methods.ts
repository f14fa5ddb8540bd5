import { toWireName } from '@tappass/core';
import { denialOf } from '../llm/refuse.ts';
import { canonicalToolName } from '../llm/tool-names.ts';
import type { McpServer } from '../ports.ts';
import { callTool } from './call-tool.ts';
import { deniedError, deniedResult } from './denial.ts';
import type { Reply } from './reply.ts';
import type { McpRequest } from './routes.ts';
import { isObject, notification, type RpcAnswer, type RpcMessage, rpcCodes, rpcError } from './rpc.ts';

/** An answer, and when the last record of what it took is durable. */
export interface Answered {
	readonly answer: RpcAnswer;
	readonly settled: Promise<void>;
}

type Request = Extract<RpcMessage, { kind: 'request' }>;

/** What a request is answered with, in either revision. */
export async function answerRequest(request: McpRequest, message: Request, reply: Reply): Promise<Answered> {
	try {
		switch (message.method) {
			case 'ping':
				return now({ kind: 'result', result: {} });
			case 'tools/list':
				return now(await listTools(request));
			case 'tools/call':
				return await callOne(request, message, reply);
			default:
				return now(rpcError(rpcCodes.methodNotFound, `${message.method.slice(0, 100)} is not served here`));
		}
	} catch (error) {
		return now(deniedError(denialOf(error, request.identified.request_id, 'forward')));
	}
}

function now(answer: RpcAnswer): Answered {
	return { answer, settled: Promise.resolve() };
}

async function serversOf({ context, identified, server }: McpRequest): Promise<readonly McpServer[]> {
	const servers = await context.broker.servers(identified);
	return server === undefined ? servers : servers.filter(({ name }) => name === server);
}

async function listTools(request: McpRequest): Promise<RpcAnswer> {
	const { context, identified, server } = request;
	const tools = await context.broker.tools(identified, await serversOf(request));
	const listed = tools.map(({ name, at_server, definition }) => ({
		...definition,
		name: server === undefined ? toWireName(name) : at_server,
	}));
	return { kind: 'result', result: { tools: listed } };
}

async function callOne(request: McpRequest, { params }: Request, reply: Reply): Promise<Answered> {
	const { context, caller, identified, server, body_bytes } = request;
	const { name, arguments: args = {}, _meta, ...others } = params;
	if (typeof name !== 'string' || !isObject(args) || Object.keys(others).length > 0)
		return now(rpcError(rpcCodes.invalidParams, 'expected a name and arguments'));
	const tool = server === undefined ? canonicalToolName(name) : `${server}.${name}`;
	const done = await callTool(context, caller, identified, {
		wire: 'mcp',
		tool,
		args,
		body_bytes,
		...(isObject(_meta) && _meta['progressToken'] !== undefined
			? { beside: { _meta: { progressToken: _meta['progressToken'] } } }
			: {}),
		client: {
			notify: (method, said) => reply.say(notification(method, said)),
			ask: async () => rpcError(rpcCodes.methodNotFound, 'whoever calls cannot be asked'),
		},
	});
	return { answer: done.kind === 'denied' ? deniedResult(done.denial) : done.answer, settled: done.settled };
}
