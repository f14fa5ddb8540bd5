import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseJson, TapPassError } from '@tappass/core';
import { doorLimits } from '../door-limits.ts';
import { answerJson, denialHeaders } from '../http/answer.ts';
import { callerOf } from '../http/caller.ts';
import { readBytes } from '../http/read-body.ts';
import { denialOf, recordRefusal, refuseRequest } from '../llm/refuse.ts';
import type { Denial, Identified } from '../pipeline/admission.ts';
import type { Caller } from '../pipeline/call.ts';
import type { DoorContext, Route } from '../routes.ts';
import { deniedError } from './denial.ts';
import { answerTo, type RpcMessage, readMessage, rpcCodes, rpcError } from './rpc.ts';
import { endSession, serveSessionMessage, serveSessionStream } from './sessions.ts';
import { isStateless, serveStatelessMessage } from './stateless.ts';

const metadata = '/.well-known/oauth-protected-resource';

/** The MCP door: all servers at `/mcp`, one of them with its own names at `/mcp/<server>`. */
export const mcpRoutes: readonly Route[] = ['/mcp', '/mcp/*'].flatMap((path): readonly Route[] => [
	{ method: 'POST', path, wire: 'mcp', reaches: 'tool', serve: servePost },
	{ method: 'GET', path, wire: 'mcp', reaches: 'nothing', serve: serveOther(serveSessionStream) },
	{ method: 'DELETE', path, wire: 'mcp', reaches: 'nothing', serve: serveOther(endSession) },
]);

/** Where clients without a token learn what opens the door (RFC 9728). It says the same to everybody, and asks for nothing. */
export const metadataRoutes: readonly Route[] = [metadata, `${metadata}/mcp`, `${metadata}/mcp/*`].map((path) => ({
	method: 'GET',
	path,
	wire: 'mcp',
	reaches: 'nothing',
	public: true,
	serve: serveMetadata,
}));

/** One request at the MCP door, whoever sent it known. */
export interface McpRequest {
	readonly req: IncomingMessage;
	readonly res: ServerResponse;
	readonly context: DoorContext;
	readonly caller: Caller;
	readonly identified: Identified;
	/** The one server that is spoken to; undefined: all. */
	readonly server: string | undefined;
	readonly body_bytes: number;
}

async function servePost(req: IncomingMessage, res: ServerResponse, context: DoorContext): Promise<void> {
	const caller = callerOf(req, res, 'mcp', '/mcp');
	const refuse = (denial: Denial): void => refuseHttp(req, res, denial);
	let message: RpcMessage | undefined;
	let body_bytes: number;
	try {
		checkOrigin(req);
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
	const asked = { req, res, context, caller, identified, server: serverOf(req), body_bytes };
	try {
		await (isStateless(asked, message) ? serveStatelessMessage : serveSessionMessage)(asked, message);
	} catch (error) {
		// Thrown before anything was called: it was no message of this revision, or of no session.
		const denial = denialOf(error, identified.request_id, 'validate_wire');
		refuse(await recordRefusal(context, identified, 'call.refused', denial));
	}
}

function serveOther(serve: (asked: McpRequest) => Promise<void>): Route['serve'] {
	return async (req, res, context) => {
		const caller = callerOf(req, res, 'mcp', '/mcp');
		const who = await context.pipeline.identify('mcp', caller);
		if (who.effect === 'block') return refuseHttp(req, res, who.denial);
		const { identified } = who;
		try {
			checkOrigin(req);
			await serve({ req, res, context, caller, identified, server: serverOf(req), body_bytes: 0 });
		} catch (error) {
			refuseHttp(req, res, denialOf(error, identified.request_id, 'forward'));
		}
	};
}

function serverOf(req: IncomingMessage): string | undefined {
	return /^\/mcp\/([^/?]+)/.exec(req.url ?? '')?.[1];
}

/**
 * A page in a browser is no client of ours: what it could reach under a name that it made point here is refused.
 * @throws {TapPassError} origin_denied
 */
function checkOrigin(req: IncomingMessage): void {
	const { origin } = req.headers;
	if (origin === undefined) return;
	const { hostname = '' } = URL.parse(origin) ?? {};
	if (!local.has(hostname)) throw new TapPassError('origin_denied');
}

const local: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]', 'mcp.local']);

/** A refusal of the request itself, before it is a call. */
function refuseHttp(req: IncomingMessage, res: ServerResponse, denial: Denial): void {
	if (res.headersSent) return void res.destroy();
	const { status, code, message, request_id } = denial;
	const answer =
		status === 400 ? rpcError(rpcCodes.invalidRequest, message, { code, request_id }) : deniedError(denial);
	answerJson(res, status, answerTo(null, answer), {
		...denialHeaders(denial),
		...(status === 401
			? { 'www-authenticate': `Bearer error="invalid_token", resource_metadata="${metadataUrl(req)}"` }
			: {}),
	});
}

/** The address under which the caller reached us. */
function baseOf(req: IncomingMessage): string {
	const { host = 'localhost' } = req.headers;
	const secure = 'encrypted' in req.socket;
	return `${secure ? 'https' : 'http'}://${/^[\w.:[\]-]{1,255}$/.test(host) ? host : 'localhost'}`;
}

function metadataUrl(req: IncomingMessage): string {
	const [path = ''] = (req.url ?? '').split('?', 1);
	return `${baseOf(req)}${metadata}${/^[\w./-]*$/.test(path) ? path : ''}`;
}

async function serveMetadata(req: IncomingMessage, res: ServerResponse): Promise<void> {
	const [path = ''] = (req.url ?? '').split('?', 1);
	const below = path.slice(metadata.length);
	answerJson(res, 200, {
		resource: baseOf(req) + (below === '' ? '/mcp' : below),
		resource_name: 'TapPass MCP Broker',
		// No authorization server is named: tokens come with a sandbox that was enrolled, and its host renews them.
		bearer_methods_supported: ['header'],
	});
}
