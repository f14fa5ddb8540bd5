import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseJson, TapPassError } from '@tappass/core';
import { doorLimits } from '../door-limits.ts';
import { denialHeaders } from '../http/answer.ts';
import { callerOf } from '../http/caller.ts';
import { readBytes } from '../http/read-body.ts';
import { denialOf, refuseRequest } from '../llm/refuse.ts';
import type { Denial, Identified } from '../pipeline/admission.ts';
import type { DoorContext, Route } from '../routes.ts';
import { deniedError } from './denial.ts';
import { answerTo, type RpcMessage, readMessage, rpcCodes, rpcError } from './rpc.ts';
import { serveSessionMessage } from './sessions.ts';

/** The MCP door: all servers at `/mcp`, one of them with its own names at `/mcp/<server>`. */
export const mcpRoutes: readonly Route[] = ['/mcp', '/mcp/*'].flatMap((path) => [
	{ method: 'POST', path, wire: 'mcp', reaches: 'tool', serve: servePost } as const,
]);

/** One request at the MCP door, whoever sent it known. */
export interface McpRequest {
	readonly req: IncomingMessage;
	readonly res: ServerResponse;
	readonly context: DoorContext;
	readonly caller: ReturnType<typeof callerOf>;
	readonly identified: Identified;
	/** The one server that is spoken to; undefined: all. */
	readonly server: string | undefined;
	readonly body_bytes: number;
}

async function servePost(req: IncomingMessage, res: ServerResponse, context: DoorContext): Promise<void> {
	const caller = callerOf(req, res, 'mcp', '/mcp');
	const refuse = (denial: Denial): void => refuseHttp(res, denial);
	let message: RpcMessage | undefined;
	let body_bytes: number;
	try {
		if (!/^application\/json\b/i.test(req.headers['content-type'] ?? ''))
			throw new TapPassError('media_type_unsupported', { detail: 'expected application/json' });
		const bytes = await readBytes(req);
		body_bytes = bytes.byteLength;
		message = readMessage(parseJson(bytes, { bytesMax: doorLimits.bodyBytesMax }));
		if (message === undefined) throw new TapPassError('request_malformed', { detail: 'expected one JSON-RPC message' });
	} catch (error) {
		return refuseRequest(context, 'mcp', caller, res, error, refuse);
	}
	const who = await context.pipeline.identify('mcp', caller);
	if (who.effect === 'block') return refuse(who.denial);
	const { identified } = who;
	try {
		await serveSessionMessage({ req, res, context, caller, identified, server: serverOf(req), body_bytes }, message);
	} catch (error) {
		refuse(denialOf(error, identified.request_id, 'forward'));
	}
}

function serverOf(req: IncomingMessage): string | undefined {
	return /^\/mcp\/([^/?]+)/.exec(req.url ?? '')?.[1];
}

/** A refusal of the request itself, before it is a call. */
export function refuseHttp(res: ServerResponse, denial: Denial): void {
	if (res.headersSent || res.destroyed) return void res.destroy();
	const answer =
		denial.status === 400
			? rpcError(rpcCodes.invalidRequest, denial.message, { code: denial.code, request_id: denial.request_id })
			: deniedError(denial);
	const bytes = Buffer.from(JSON.stringify(answerTo(null, answer)));
	res.writeHead(denial.status, {
		'content-type': 'application/json',
		'content-length': bytes.byteLength,
		...denialHeaders(denial),
		...(denial.status === 401 ? { 'www-authenticate': 'Bearer error="invalid_token"' } : {}),
	});
	res.end(bytes);
}
