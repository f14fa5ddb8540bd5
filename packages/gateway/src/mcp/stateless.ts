import { errorTable, type Json, TapPassError } from '@tappass/core';
import { requestIdHeaders } from '../http/answer.ts';
import { capabilitiesAt } from './capabilities.ts';
import { mcpLimits } from './limits.ts';
import { answerRequest, type Request, refuseParams, watchResource } from './methods.ts';
import { readHeaderText } from './outbound/mirrored-headers.ts';
import { Reply } from './reply.ts';
import {
	askable,
	metaKeys,
	revisions,
	serverInfo,
	statelessCodes,
	statelessRevision,
	toStateless,
} from './revisions.ts';
import type { McpRequest } from './routes.ts';
import { isObject, type JsonObject, notification, type RpcAnswer, type RpcMessage, rpcCodes, rpcError } from './rpc.ts';
import { type Changed, listen } from './sessions.ts';

/** Whether a message is of the stateless revision: it says so in a header or in itself, or asks what only that one has. */
export function isStateless({ req }: Pick<McpRequest, 'req'>, message: RpcMessage): boolean {
	const version = req.headers['mcp-protocol-version'];
	if (typeof version === 'string' && revisions.includes(version)) return version === statelessRevision;
	if (message.kind === 'answer') return false;
	const { _meta } = message.params;
	return (
		version !== undefined || message.method === 'server/discover' || (isObject(_meta) && metaKeys.version in _meta)
	);
}

/** A message of a client of the stateless revision: it stands for itself. */
export async function serveStatelessMessage(asked: McpRequest, message: RpcMessage): Promise<void> {
	const { res, identified } = asked;
	if (message.kind === 'answer')
		throw new TapPassError('request_malformed', { detail: 'this revision has no answers of clients' });
	if (message.kind === 'notification') {
		res.writeHead(202, requestIdHeaders(identified.request_id));
		res.end();
		return;
	}
	const reply = new Reply(res, requestIdHeaders(identified.request_id));
	const fault = faultOf(asked, message);
	if (fault !== undefined) return reply.answer(message.id, await refuseParams(asked, fault), 400);
	if (message.method === 'subscriptions/listen') return subscribe(asked, message, reply);
	const { answer, settled } = await answerOne(asked, message, reply);
	const result = answer.kind === 'result' ? { ...answer, result: toStateless(message.method, answer.result) } : answer;
	const status = statusOf(answer);
	if (status === errorTable.asked_elsewhere.status && !res.headersSent) {
		res.setHeader('x-should-retry', 'true');
		res.setHeader('retry-after', '1');
	}
	reply.answer(message.id, result, status);
	await settled;
}

/** What is wrong with a request before it is looked at: no `_meta`, another version, headers that say something else. */
function faultOf({ req }: McpRequest, { method, params }: Request): RpcAnswer | undefined {
	const { _meta: meta } = params;
	if (!isObject(meta) || typeof meta[metaKeys.version] !== 'string' || !isObject(meta[metaKeys.capabilities]))
		return rpcError(rpcCodes.invalidParams, '_meta must say the protocol version and what the client can do');
	const version = meta[metaKeys.version] as string;
	if (req.headers['mcp-protocol-version'] !== version)
		return rpcError(statelessCodes.headerMismatch, 'MCP-Protocol-Version is not what _meta says');
	if (version !== statelessRevision)
		return rpcError(statelessCodes.unsupportedVersion, 'Unsupported protocol version', {
			supported: revisions,
			requested: version,
		});
	if (req.headers['mcp-method'] !== method)
		return rpcError(statelessCodes.headerMismatch, 'Mcp-Method is not the method of the body');
	const named = namedBy(method, params);
	const header = req.headers['mcp-name'];
	if (named !== undefined && (typeof header !== 'string' || readHeaderText(header) !== named))
		return rpcError(statelessCodes.headerMismatch, 'Mcp-Name is not the name in the body');
	return undefined;
}

function namedBy(method: string, { name, uri }: JsonObject): string | undefined {
	const named =
		method === 'resources/read' ? uri : method === 'tools/call' || method === 'prompts/get' ? name : undefined;
	return typeof named === 'string' ? named : undefined;
}

async function answerOne(
	asked: McpRequest,
	message: Request,
	reply: Reply,
): Promise<{ readonly answer: RpcAnswer; readonly settled?: Promise<void> }> {
	if (message.method === 'server/discover') {
		const offered = await capabilitiesAt(asked);
		return { answer: { kind: 'result', result: { supportedVersions: revisions, serverInfo, ...offered } } };
	}
	const { inputResponses, requestState, _meta } = message.params;
	if (inputResponses !== undefined && !isObject(inputResponses))
		return { answer: await refuseParams(asked, rpcError(rpcCodes.invalidParams, 'inputResponses is no object')) };
	const meta = isObject(_meta) ? _meta : {};
	const answered = await answerRequest(asked, message, {
		capabilities: askable(meta[metaKeys.capabilities]),
		notify: (method, params) => {
			if (method !== 'notifications/message' || meta[metaKeys.logLevel] !== undefined)
				reply.say(notification(method, params));
		},
		round: { input: inputResponses, state: typeof requestState === 'string' ? requestState : undefined },
	});
	const { method } = message;
	return answered ?? { answer: rpcError(rpcCodes.methodNotFound, `${method.slice(0, 100)} is not served here`) };
}

function statusOf(answer: RpcAnswer): number {
	if (answer.kind === 'result') return 200;
	const { code, data } = answer.error;
	// Who balances the load may take it to the next replica by itself.
	if (isObject(data) && data['code'] === 'asked_elsewhere') return errorTable.asked_elsewhere.status;
	if (code === rpcCodes.methodNotFound) return 404;
	return Object.values(statelessCodes).some((one) => one === code) ? 400 : 200;
}

/** `subscriptions/listen`: a stream that tells of changes which the client asked to hear of. */
async function subscribe(asked: McpRequest, { id, params }: Request, reply: Reply): Promise<void> {
	const { notifications } = params;
	const wanted = isObject(notifications) ? notifications : {};
	const _meta = { [metaKeys.subscription]: id };
	const tools = wanted['toolsListChanged'] === true;
	const resources = await watchAll(asked, wanted['resourceSubscriptions']);
	const honored = {
		...(tools ? { toolsListChanged: true } : {}),
		...(resources.size > 0 ? { resourceSubscriptions: [...resources.values()] } : {}),
	};
	reply.say(notification('notifications/subscriptions/acknowledged', { _meta, notifications: honored }));
	const changed: Changed = (resource) => {
		const uri = resource === undefined ? undefined : resources.get(`${resource.server} ${resource.uri}`);
		if (uri !== undefined) reply.say(notification('notifications/resources/updated', { _meta, uri }));
		if (resource === undefined && tools) reply.say(notification('notifications/tools/list_changed', { _meta }));
	};
	await listen(asked, changed, reply);
}

/** Of the resources that a client wants to hear of: those that it may read, by server and uri. */
async function watchAll(asked: McpRequest, wanted: Json | undefined): Promise<ReadonlyMap<string, string>> {
	const watched = new Map<string, string>();
	if (!Array.isArray(wanted)) return watched;
	for (const uri of wanted.slice(0, mcpLimits.watchedMax) as readonly Json[]) {
		const client = {
			capabilities: {},
			notify: () => {},
			watch: (_: boolean, server: string, at: string) => void watched.set(`${server} ${at}`, String(uri)),
		};
		const { settled } = await watchResource(asked, { method: 'resources/subscribe', params: { uri } }, client);
		await settled;
	}
	return watched;
}
