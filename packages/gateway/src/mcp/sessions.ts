import { randomUUID } from 'node:crypto';
import { type Json, TapPassError } from '@tappass/core';
import { requestIdHeaders } from '../http/answer.ts';
import type { ChangedResource } from './broker.ts';
import { capabilitiesAt } from './capabilities.ts';
import { mcpLimits } from './limits.ts';
import { answerRequest, type Request, uriAt } from './methods.ts';
import { Reply } from './reply.ts';
import { askable, logLevels, serverInfo, sessionRevisions, toSessions } from './revisions.ts';
import type { McpRequest } from './routes.ts';
import {
	type JsonObject,
	notification,
	type RpcAnswer,
	type RpcId,
	type RpcMessage,
	request,
	rpcCodes,
	rpcError,
} from './rpc.ts';
import { seal, unseal } from './seal.ts';

/** What was agreed on when a client of the revisions with sessions began. It travels in the session's id. */
interface McpSession {
	readonly id: string;
	/** What the client can be asked. */
	readonly capabilities: JsonObject;
}

const purpose = 'session';

/** A message of a client of the revisions with sessions. */
export async function serveSessionMessage(asked: McpRequest, message: RpcMessage): Promise<void> {
	if (message.kind === 'request' && message.method === 'initialize') return initialize(asked, message);
	const { res, context, identified } = asked;
	const session = await sessionOf(asked);
	if (message.kind === 'request') return serveRequest(asked, session, message);
	if (message.kind === 'answer') {
		const waiting = context.broker.answers.get(`${session.id} ${message.id}`);
		// Asked by another process, or by one that is gone: its call must not wait for what never comes.
		if (waiting === undefined && isAskedElsewhere(message.id, context.broker.id))
			throw new TapPassError('asked_elsewhere');
		if (waiting === undefined)
			throw new TapPassError('request_malformed', { detail: 'nobody waits for this answer here' });
		waiting(message.answer);
	}
	if (message.kind === 'notification' && message.method === 'notifications/cancelled')
		context.broker.cancels.get(cancelKey(session, message.params['requestId']))?.();
	res.writeHead(202, requestIdHeaders(identified.request_id));
	res.end();
}

/**
 * The session of a request.
 * @throws {TapPassError} request_malformed: its header is missing; not_found: it is over, or was never this agent's
 */
export async function sessionOf({ req, context, identified, server }: McpRequest): Promise<McpSession> {
	const id = req.headers['mcp-session-id'];
	if (typeof id !== 'string') throw new TapPassError('request_malformed', { detail: 'Mcp-Session-Id is missing' });
	const version = req.headers['mcp-protocol-version'];
	if (version !== undefined && !sessionRevisions.includes(String(version)))
		throw new TapPassError('request_malformed', { detail: 'MCP-Protocol-Version is not that of a session' });
	const state =
		context.broker.ended.get(id) === true ? undefined : await unseal(context.broker, identified, purpose, id);
	if (state === undefined || (state['server'] ?? undefined) !== server)
		throw new TapPassError('not_found', { detail: 'no such MCP session', hint: 'initialize again' });
	return { id, capabilities: askable(state['capabilities']) };
}

async function initialize(asked: McpRequest, { id, params }: Request): Promise<void> {
	const { res, context, identified, server } = asked;
	const wanted = params['protocolVersion'];
	const version =
		typeof wanted === 'string' && sessionRevisions.includes(wanted) ? wanted : (sessionRevisions.at(-1) ?? '');
	const offered = await capabilitiesAt(asked);
	const session = await seal(context.broker, identified, purpose, {
		nonce: randomUUID(),
		version,
		capabilities: askable(params['capabilities']),
		...(server === undefined ? {} : { server }),
	});
	const reply = new Reply(res, { ...requestIdHeaders(identified.request_id), 'mcp-session-id': session });
	reply.answer(id, { kind: 'result', result: { protocolVersion: version, serverInfo, ...offered } });
}

async function serveRequest(asked: McpRequest, session: McpSession, message: Request): Promise<void> {
	const { res, context, identified } = asked;
	const reply = new Reply(res, requestIdHeaders(identified.request_id));
	const { broker } = context;
	const cancel = cancelKey(session, message.id);
	const cancelled = new AbortController();
	const abort = (): void => cancelled.abort();
	broker.cancels.set(cancel, abort);
	const caller = { ...asked.caller, gone: AbortSignal.any([asked.caller.gone, cancelled.signal]) };
	try {
		const level = broker.logLevels.get(session.id);
		const answered = await answerRequest({ ...asked, caller }, message, {
			capabilities: session.capabilities,
			notify: (method, params) => {
				if (isLoud(level, method, params)) reply.say(notification(method, params));
			},
			watch: (on, server, uri) => {
				const watched = broker.watched.get(session.id) ?? new Set<string>();
				broker.watched.set(session.id, watched);
				if (on && watched.size < mcpLimits.watchedMax) watched.add(`${server} ${uri}`);
				else if (!on) watched.delete(`${server} ${uri}`);
			},
			ask: (method, params) => ask(asked, session, reply, caller.gone, method, params),
		});
		const { answer, settled } = answered ?? { answer: ownAnswer(asked, session, message), settled: undefined };
		if (!cancelled.signal.aborted)
			reply.answer(message.id, answer.kind === 'result' ? { ...answer, result: toSessions(answer.result) } : answer);
		else res.end();
		await settled;
	} finally {
		// A second request under the same id is another one.
		if (broker.cancels.get(cancel) === abort) broker.cancels.delete(cancel);
	}
}

/** Of a request under way; `1` and `"1"` are two. */
function cancelKey({ id }: McpSession, requestId: Json | undefined): string {
	return `${id} ${JSON.stringify(requestId ?? null)}`;
}

/** What a session has besides tools, resources and prompts. */
function ownAnswer({ context }: McpRequest, session: McpSession, { method, params }: Request): RpcAnswer {
	if (method === 'ping') return { kind: 'result', result: {} };
	if (method !== 'logging/setLevel')
		return rpcError(rpcCodes.methodNotFound, `${method.slice(0, 100)} is not served here`);
	const level = logLevels.indexOf(String(params['level']));
	if (level === -1) return rpcError(rpcCodes.invalidParams, 'no such level');
	context.broker.logLevels.set(session.id, level);
	return { kind: 'result', result: {} };
}

function isLoud(level: number | undefined, method: string, params: JsonObject): boolean {
	return (
		method !== 'notifications/message' || level === undefined || logLevels.indexOf(String(params['level'])) >= level
	);
}

/** Whether a question has the name of another process on it. A name that was made up is told to try again, and nothing else. */
function isAskedElsewhere(id: RpcId, here: string): boolean {
	const [replica, question] = String(id).split('.');
	return replica !== here && isUuid(replica) && isUuid(question);
}
function isUuid(text: string | undefined): boolean {
	return text !== undefined && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/** Asks the client on the stream of its own request; the answer comes as a request of its own. */
function ask(
	{ context }: McpRequest,
	session: McpSession,
	reply: Reply,
	gone: AbortSignal,
	method: string,
	params: JsonObject,
): Promise<RpcAnswer> {
	const { answers } = context.broker;
	const id = `${context.broker.id}.${randomUUID()}`;
	const key = `${session.id} ${id}`;
	const over = AbortSignal.any([gone, AbortSignal.timeout(mcpLimits.askedMs)]);
	return new Promise<RpcAnswer>((resolve) => {
		const end = (): void => resolve(rpcError(rpcCodes.internal, 'the client did not answer'));
		over.addEventListener('abort', end, { once: true });
		if (over.aborted) end();
		answers.set(key, resolve);
		reply.say(request(id, method, params));
	}).finally(() => answers.delete(key));
}

/** `DELETE`: the client ends its session. */
export async function endSession(asked: McpRequest): Promise<void> {
	const { res, context, identified } = asked;
	const { id } = await sessionOf(asked);
	context.broker.ended.set(id, true);
	res.writeHead(204, requestIdHeaders(identified.request_id));
	res.end();
}

/** `GET`: a stream for what belongs to no request: that the tools changed. It ends with the agent's token's sandbox. */
export async function serveSessionStream(asked: McpRequest): Promise<void> {
	const { res, context, identified, server } = asked;
	const session = await sessionOf(asked);
	const reply = new Reply(res, requestIdHeaders(identified.request_id));
	reply.open();
	const changed: Changed = (resource) => {
		if (resource === undefined) reply.say(notification('notifications/tools/list_changed', {}));
		else if (context.broker.watched.get(session.id)?.has(`${resource.server} ${resource.uri}`) === true)
			reply.say(notification('notifications/resources/updated', { uri: uriAt(server, resource) }));
	};
	await listen(asked, changed, reply);
}

/** Takes that something changed: a resource, or the tools. */
export type Changed = (resource: ChangedResource | undefined) => void;

/** Holds a stream open, and tells of changes to what the agent may use, until it may use nothing or goes away. */
export async function listen(
	{ caller, context, identified, res }: Pick<McpRequest, 'caller' | 'context' | 'identified' | 'res'>,
	changed: Changed,
	reply: Reply,
): Promise<void> {
	const { policies } = context.ports;
	const { org_id, sandbox_id } = identified.policy;
	const look = async (org: string, sandbox: string): Promise<void> => {
		if (org !== org_id || sandbox !== sandbox_id) return;
		const who = await context.pipeline.identify('mcp', caller);
		if (who.effect === 'block') res.end();
		else changed(undefined);
	};
	const stop = policies.onChange((org, sandbox) => {
		look(org, sandbox).catch(() => res.end());
	});
	const unlisten = context.broker.onChange(org_id, changed);
	const beat = setInterval(() => reply.beat(), mcpLimits.beatMs);
	const life = setTimeout(() => res.end(), mcpLimits.streamMs);
	try {
		await new Promise<void>((resolve) => {
			res.once('close', resolve);
			if (res.destroyed) resolve();
		});
	} finally {
		stop();
		unlisten();
		clearInterval(beat);
		clearTimeout(life);
	}
}
