import { fromWireName, type Json, TapPassError, toWireName } from '@tappass/core';
import { denialOf, recordRefusal } from '../llm/refuse.ts';
import { canonicalToolName } from '../llm/tool-names.ts';
import type { McpServer } from '../ports.ts';
import { answersOf, type ChangedResource } from './broker.ts';
import { callServer, type Relay } from './call-server.ts';
import { deniedError, deniedResult } from './denial.ts';
import { judgeJson } from './judge-json.ts';
import { mcpLimits } from './limits.ts';
import { ownPrefix } from './outbound/listing.ts';
import { logLevels, metaKeys } from './revisions.ts';
import type { Client } from './rounds.ts';
import type { McpRequest } from './routes.ts';
import { isObject, type JsonObject, type RpcAnswer, type RpcMessage, rpcCodes, rpcError } from './rpc.ts';

/** An answer, and when the last record of what it took is durable. */
export interface Answered {
	readonly answer: RpcAnswer;
	readonly settled: Promise<void>;
}

/** A request of a client, in either revision. */
export type Request = Extract<RpcMessage, { kind: 'request' }>;

/** What a request for tools, resources, prompts or completions is answered with; undefined: it is for none of them. */
export async function answerRequest(
	request: McpRequest,
	message: Request,
	client: Client,
): Promise<Answered | undefined> {
	try {
		return await answer(request, message, client);
	} catch (error) {
		if (error instanceof TapPassError && error.code === 'request_malformed')
			return now(await refuseParams(request, rpcError(rpcCodes.invalidParams, error.detail ?? error.row.title)));
		return now(deniedError(denialOf(error, request.identified.request_id, 'forward')));
	}
}

/** Records that a request was no call, before it is told what is wrong with it. */
export async function refuseParams({ context, identified }: McpRequest, answer: RpcAnswer): Promise<RpcAnswer> {
	const malformed = denialOf(new TapPassError('request_malformed'), identified.request_id, 'validate_wire');
	const denial = await recordRefusal(context, identified, 'call.refused', malformed);
	return denial === malformed ? answer : deniedError(denial);
}

function paramsMalformed(detail: string): TapPassError {
	return new TapPassError('request_malformed', { detail });
}

async function answer(request: McpRequest, message: Request, client: Client): Promise<Answered | undefined> {
	switch (message.method) {
		case 'tools/list':
			return now(await listTools(request));
		case 'tools/call':
			return callTool(request, message, client);
		case 'resources/list':
			return now(await listOthers(request, message.method, 'resources', 'resources', 'read_resource'));
		case 'resources/templates/list':
			return now(await listOthers(request, message.method, 'resourceTemplates', 'resources', 'read_resource'));
		case 'prompts/list':
			return now(await listOthers(request, message.method, 'prompts', 'prompts', 'get_prompt'));
		case 'resources/subscribe':
		case 'resources/unsubscribe':
			return client.watch === undefined ? undefined : watchResource(request, message, client);
		case 'resources/read':
			return readResource(request, message, client);
		case 'prompts/get':
			return getPrompt(request, message, client);
		case 'completion/complete':
			return complete(request, message, client);
		default:
			return undefined;
	}
}

function now(answer: RpcAnswer): Answered {
	return { answer, settled: Promise.resolve() };
}

async function serversOf({ context, identified, server }: McpRequest): Promise<readonly McpServer[]> {
	const servers = await context.broker.servers(identified);
	if (server === undefined) return servers;
	const found = servers.filter(({ name }) => name === server);
	if (found.length === 0) throw new TapPassError('not_found', { detail: `no registered server ${server}` });
	return found;
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

async function callTool(request: McpRequest, { params }: Request, client: Client): Promise<Answered> {
	const { context, caller, identified, body_bytes } = request;
	const { name, arguments: args = {} } = params;
	if (typeof name !== 'string' || !isObject(args)) throw paramsMalformed('expected a name and arguments');
	const tool = await toolNamed(request, name);
	const asked = { wire: 'mcp', tool, args, body_bytes, client, meta: metaOf(params, client) } as const;
	const done = await callServer(context, caller, identified, asked);
	return { answer: done.kind === 'denied' ? deniedResult(done.denial) : done.answer, settled: done.settled };
}

/** The canonical name of a tool as this address offers it. */
async function toolNamed(request: McpRequest, name: string): Promise<string> {
	if (request.server !== undefined) return `${request.server}.${name}`;
	const plain = canonicalToolName(name);
	if (plain !== name || fromWireName(name) !== undefined) return plain;
	// A name that was too long travels as a hash: only the list of tools brings it back.
	const tools = await request.context.broker.tools(request.identified, await serversOf(request));
	return canonicalToolName(
		name,
		tools.map((tool) => tool.name),
	);
}

/** Of the caller's `_meta`: what a server may hear. A client with sessions says once what it wants logged. */
function metaOf({ _meta }: JsonObject, client: Client): JsonObject {
	const meta = isObject(_meta) ? _meta : {};
	const { progressToken } = meta;
	const wanted = client.round === undefined ? 'debug' : meta[metaKeys.logLevel];
	const level = logLevels.find((one) => one === wanted);
	return {
		...(typeof progressToken === 'string' || typeof progressToken === 'number' ? { progressToken } : {}),
		...(level === undefined ? {} : { [metaKeys.logLevel]: level }),
	};
}

type Own = 'read_resource' | 'get_prompt' | 'complete';

function ownTool(server: string, own: Own): string {
	return `${server}.${ownPrefix}${own}`;
}

/** Lists of what is no tool: of the servers of which the agent may read it. */
async function listOthers(
	request: McpRequest,
	method: string,
	field: string,
	capability: string,
	own: Own,
): Promise<RpcAnswer> {
	const { context, identified, server } = request;
	const servers = await serversOf(request);
	const mine = await Promise.all(servers.map((one) => identified.mayUse(ownTool(one.name, own))));
	const listed = await answersOf(
		servers
			.filter((_, at) => mine[at])
			.map(async (one) => {
				const connection = await context.broker.connect(identified, one);
				if (!isObject(connection.capabilities[capability])) return [];
				const items = await judgedItems(request, await context.broker.listed(connection, method, field));
				return server === undefined ? items.map((item) => named(one.name, item)) : items;
			}),
	);
	return { kind: 'result', result: { [field]: listed.flat() } };
}

/** Items as they may be told: what a server says of a resource or prompt is read by models, and was approved by nobody. */
async function judgedItems({ identified }: McpRequest, items: readonly JsonObject[]): Promise<readonly JsonObject[]> {
	const judged = await Promise.all(items.map((item) => judgeJson(identified.guard(), item)));
	return judged.flatMap((one) => (one.effect === 'release' ? [one.value] : []));
}

/** An item under the name by which it is found among those of all servers. */
function named(server: string, item: JsonObject): JsonObject {
	const { name, uri, uriTemplate } = item;
	if (typeof uri === 'string') return { ...item, uri: uriOf(server, uri) };
	if (typeof uriTemplate === 'string') return { ...item, uriTemplate: uriOf(server, uriTemplate) };
	return { ...item, name: `${server}__${String(name)}` };
}

function uriOf(server: string, uri: string): string {
	return `mcp://${server}/${uri}`;
}

/** A resource as its server knows it. */
function serverOfUri({ server }: McpRequest, uri: Json | undefined): { readonly server: string; readonly uri: string } {
	if (typeof uri === 'string' && uri.length > mcpLimits.uriLengthMax)
		throw new TapPassError('request_malformed', { detail: 'a uri that is longer than any honest one' });
	const found = typeof uri === 'string' && server === undefined ? /^mcp:\/\/([^/]+)\/(.+)$/s.exec(uri) : null;
	if (found !== null) return { server: found[1]!, uri: found[2]! };
	if (typeof uri === 'string' && server !== undefined) return { server, uri };
	throw new TapPassError('request_malformed', { detail: 'expected the uri of a resource that is listed here' });
}

function serverOfName({ server }: McpRequest, name: Json | undefined) {
	const found = typeof name === 'string' && server === undefined ? /^(.+?)__(.+)$/s.exec(name) : null;
	if (found !== null) return { server: found[1]!, name: found[2]! };
	if (typeof name === 'string' && server !== undefined) return { server, name };
	throw new TapPassError('request_malformed', { detail: 'expected the name of a prompt that is listed here' });
}

async function readResource(request: McpRequest, { method, params }: Request, client: Client): Promise<Answered> {
	const { server, uri } = serverOfUri(request, params['uri']);
	const relay: Relay = { server, method, params: (args) => args, resource: uriOf(server, uri) };
	return relayed(request, 'read_resource', relay, { uri }, params, client);
}

/** To hear of a resource is to read it: the same barriers stand before it. */
export async function watchResource(
	request: McpRequest,
	{ method, params }: Pick<Request, 'method' | 'params'>,
	client: Client,
): Promise<Answered> {
	const { server, uri } = serverOfUri(request, params['uri']);
	if (method === 'resources/unsubscribe') {
		// The server is not told: others of the org may be listening.
		client.watch?.(false, server, uri);
		return now({ kind: 'result', result: {} });
	}
	const relay: Relay = { server, method, params: (args) => args, resource: uriOf(server, uri) };
	const answered = await relayed(request, 'read_resource', relay, { uri }, {}, client);
	if (answered.answer.kind === 'result') client.watch?.(true, server, uri);
	return answered;
}

/** A resource under the name by which it is known at an address. */
export function uriAt(address: string | undefined, { server, uri }: ChangedResource): string {
	return address === undefined ? uriOf(server, uri) : uri;
}

async function getPrompt(request: McpRequest, { method, params }: Request, client: Client): Promise<Answered> {
	const { server, name } = serverOfName(request, params['name']);
	const { arguments: given } = params;
	if (given !== undefined && !isObject(given)) throw paramsMalformed('expected arguments');
	const relay: Relay = { server, method, params: (args) => args };
	const args = { name, ...(given === undefined ? {} : { arguments: given }) };
	return relayed(request, 'get_prompt', relay, args, params, client);
}

async function complete(request: McpRequest, { method, params }: Request, client: Client): Promise<Answered> {
	const { ref, argument, context } = params;
	if (!isObject(ref) || !isObject(argument)) throw paramsMalformed('expected ref and argument');
	const isPrompt = ref['type'] === 'ref/prompt';
	const found = isPrompt ? serverOfName(request, ref['name']) : serverOfUri(request, ref['uri']);
	const { server, ...own } = found;
	const args = { ref: { ...ref, ...own }, argument, ...(isObject(context) ? { context } : {}) };
	const resource = 'uri' in own ? uriOf(server, own.uri) : undefined;
	return relayed(request, 'complete', { server, method, params: (given) => given, resource }, args, params, client);
}

async function relayed(
	request: McpRequest,
	own: Own,
	relay: Relay,
	args: JsonObject,
	params: JsonObject,
	client: Client,
): Promise<Answered> {
	const { context, caller, identified, body_bytes } = request;
	const tool = ownTool(relay.server, own);
	const asked = { wire: 'mcp', tool, args, body_bytes, client, relay, meta: metaOf(params, client) } as const;
	const done = await callServer(context, caller, identified, asked);
	return { answer: done.kind === 'denied' ? deniedError(done.denial) : done.answer, settled: done.settled };
}
