import { randomUUID } from 'node:crypto';
import { TapPassError } from '@tappass/core';
import { requestIdHeaders } from '../http/answer.ts';
import { answerRequest } from './methods.ts';
import { Reply } from './reply.ts';
import type { McpRequest } from './routes.ts';
import { isObject, type JsonObject, type RpcMessage } from './rpc.ts';
import { openSession, sealSession } from './session-id.ts';

/** Revisions that begin with `initialize`; the last is what is offered to a client that asks for another. */
export const sessionRevisions: readonly string[] = ['2025-03-26', '2025-06-18', '2025-11-25'];

/** A message of a client of the revisions with sessions. */
export async function serveSessionMessage(request: McpRequest, message: RpcMessage): Promise<void> {
	if (message.kind === 'request' && message.method === 'initialize') return initialize(request, message);
	const { req, res, context, identified, server } = request;
	const id = req.headers['mcp-session-id'];
	if (typeof id !== 'string') throw new TapPassError('request_malformed', { detail: 'Mcp-Session-Id is missing' });
	const session = await openSession(context.ports, identified, id);
	if (session === undefined || session.server !== server)
		throw new TapPassError('not_found', { detail: 'no such MCP session', hint: 'initialize again' });
	const version = req.headers['mcp-protocol-version'];
	if (version !== undefined && !sessionRevisions.includes(String(version)))
		throw new TapPassError('request_malformed', { detail: 'MCP-Protocol-Version is not one that is spoken here' });
	if (message.kind !== 'request') {
		res.writeHead(202, requestIdHeaders(identified.request_id));
		res.end();
		return;
	}
	const reply = new Reply(res, requestIdHeaders(identified.request_id));
	const { answer, settled } = await answerRequest(request, message, reply);
	reply.answer(message.id, answer);
	await settled;
}

async function initialize(
	{ res, context, identified, server }: McpRequest,
	{ id, params }: Extract<RpcMessage, { kind: 'request' }>,
): Promise<void> {
	const asked = params['protocolVersion'];
	const version =
		typeof asked === 'string' && sessionRevisions.includes(asked) ? asked : (sessionRevisions.at(-1) ?? '');
	const { capabilities } = params;
	const sealed = await sealSession(context.ports, identified, {
		version,
		server,
		capabilities: isObject(capabilities) ? asking(capabilities) : {},
		nonce: randomUUID(),
	});
	const reply = new Reply(res, { ...requestIdHeaders(identified.request_id), 'mcp-session-id': sealed });
	reply.answer(id, {
		kind: 'result',
		result: { protocolVersion: version, capabilities: { tools: { listChanged: true } }, serverInfo },
	});
}

/** Of what a client can do: what it can be asked. */
function asking({ elicitation, roots, sampling }: JsonObject): JsonObject {
	return {
		...(isObject(elicitation) ? { elicitation } : {}),
		...(isObject(roots) ? { roots: {} } : {}),
		...(isObject(sampling) ? { sampling } : {}),
	};
}

/** What we call ourselves. */
export const serverInfo: JsonObject = { name: 'tappass', title: 'TapPass MCP Broker', version: '0.1.0' };
