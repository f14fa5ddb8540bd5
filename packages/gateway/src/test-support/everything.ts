import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Reply } from '../mcp/reply.ts';
import { metaKeys, revisions, sessionRevisions, statelessCodes, statelessRevision } from '../mcp/revisions.ts';
import { isObject, type JsonObject, notification, type RpcAnswer, readMessage, request, rpcError } from '../mcp/rpc.ts';
import { lists, prompts, type Run, readResource, tools } from './everything-content.ts';

/** A server with everything that the official conformance suite asks for, in the revisions it is told to speak. */
export interface Everything {
	readonly url: string;
	/** Methods as they came, with the revision that each was asked in. */
	readonly seen: string[];
	readonly close: () => Promise<void>;
}

type Request = { readonly id: string | number; readonly method: string; readonly params: JsonObject };

export async function everything(speaks: 'sessions' | 'stateless' | 'both' = 'both'): Promise<Everything> {
	const secret = randomBytes(32);
	const sessions = new Map<string, JsonObject>();
	const waiting = new Map<string, (answer: RpcAnswer) => void>();
	const streams = new Set<(tools: boolean) => void>();
	const seen: string[] = [];

	const http = createServer(async (req, res) => {
		const { origin } = req.headers;
		if (origin !== undefined && !/^http:\/\/(localhost|127\.0\.0\.1)/.test(origin))
			return void res.writeHead(403).end();
		if (req.method === 'DELETE') {
			sessions.delete(String(req.headers['mcp-session-id']));
			return void res.writeHead(204).end();
		}
		if (req.method === 'GET') {
			if (speaks === 'stateless') return void res.writeHead(405).end();
			new Reply(res).open();
			return;
		}
		const message = readMessage(JSON.parse(await text(req)));
		if (message === undefined) return void res.writeHead(400).end();
		if (message.kind !== 'request') {
			if (message.kind === 'answer') waiting.get(String(message.id))?.(message.answer);
			return void res.writeHead(202).end();
		}
		const meta = message.params['_meta'];
		const version = req.headers['mcp-protocol-version'];
		const modern =
			message.method !== 'initialize' || isObject(meta)
				? version === statelessRevision ||
					(isObject(meta) && metaKeys.version in meta) ||
					message.method === 'server/discover'
				: false;
		seen.push(`${modern ? 'stateless' : 'sessions'} ${message.method}`);
		if (modern && speaks !== 'sessions') return serveStateless(req, res, message);
		if (speaks === 'stateless') return void res.writeHead(400).end();
		return serveSession(req, res, message);
	});

	async function serveSession(
		req: IncomingMessage,
		res: ServerResponse,
		{ id, method, params }: Request,
	): Promise<void> {
		if (method === 'initialize') {
			const session = randomUUID();
			sessions.set(session, isObject(params['capabilities']) ? params['capabilities'] : {});
			return new Reply(res, { 'mcp-session-id': session }).answer(id, {
				kind: 'result',
				result: { protocolVersion: sessionRevisions.at(-1)!, capabilities, serverInfo },
			});
		}
		const known = sessions.get(String(req.headers['mcp-session-id']));
		if (known === undefined)
			return new Reply(res).answer(
				id,
				rpcError(-32_001, 'no session'),
				req.headers['mcp-session-id'] === undefined ? 400 : 404,
			);
		const reply = new Reply(res);
		const answer = await run({ id, method, params }, known, false, reply, async (questions) => {
			const answers: Record<string, JsonObject> = {};
			for (const [key, { method: asked, params: wanted }] of Object.entries(questions)) {
				const answered = await new Promise<RpcAnswer>((resolve) => {
					const question = randomUUID();
					waiting.set(question, resolve);
					reply.say(request(question, String(asked), wanted as JsonObject));
				});
				if (answered.kind === 'error') throw new Failed(rpcError(-32_603, `cannot ask: ${answered.error.message}`));
				answers[key] = answered.result;
			}
			return answers;
		});
		reply.answer(id, answer);
	}

	async function serveStateless(
		req: IncomingMessage,
		res: ServerResponse,
		{ id, method, params }: Request,
	): Promise<void> {
		const reply = new Reply(res);
		const meta = params['_meta'];
		if (!isObject(meta) || typeof meta[metaKeys.version] !== 'string' || !isObject(meta[metaKeys.capabilities]))
			return reply.answer(id, rpcError(-32_602, 'no _meta'), 400);
		if (meta[metaKeys.version] !== req.headers['mcp-protocol-version'] || req.headers['mcp-method'] !== method)
			return reply.answer(id, rpcError(statelessCodes.headerMismatch, 'headers differ'), 400);
		const known = meta[metaKeys.capabilities] as JsonObject;
		if (meta[metaKeys.version] !== statelessRevision)
			return reply.answer(
				id,
				rpcError(statelessCodes.unsupportedVersion, 'version', {
					supported: [...revisions],
					requested: String(meta[metaKeys.version]),
				}),
				400,
			);
		if (method === 'subscriptions/listen') return listen(res, reply, id, params);
		const name = String(params['name'] ?? method);
		const state = verified(name, params['requestState']);
		if (state === null) return reply.answer(id, rpcError(-32_602, 'the state was tampered with'));
		const given = isObject(params['inputResponses']) ? params['inputResponses'] : {};
		const answer = await run(
			{ id, method, params },
			known,
			true,
			reply,
			async (questions, next) => {
				if (Object.keys(questions).every((key) => isObject(given[key]))) return given as Record<string, JsonObject>;
				throw new Failed({
					kind: 'result',
					result: {
						resultType: 'input_required',
						inputRequests: questions,
						...(next === undefined ? {} : { requestState: signed(name, next) }),
					},
				});
			},
			state,
		);
		const status =
			answer.kind === 'error' ? (answer.error.code === -32_601 ? 404 : answer.error.code === -32_021 ? 400 : 200) : 200;
		reply.answer(
			id,
			answer.kind === 'error' ? answer : { kind: 'result', result: decorated(method, answer.result) },
			status,
		);
	}

	async function run(
		{ method, params }: Request,
		known: JsonObject,
		stateless: boolean,
		reply: Reply,
		ask: Run['ask'],
		state?: string,
	): Promise<RpcAnswer> {
		const meta = isObject(params['_meta']) ? params['_meta'] : {};
		const context: Run = {
			args: isObject(params['arguments']) ? params['arguments'] : {},
			capabilities: known,
			progressToken: meta['progressToken'],
			stateless,
			state,
			notify: (said, what) => {
				if (said.endsWith('list_changed')) for (const tell of streams) tell(said.includes('tools'));
				else if (!stateless || said !== 'notifications/message' || meta[metaKeys.logLevel] !== undefined)
					reply.say(notification(said, what));
			},
			ask,
		};
		try {
			const result = await resultOf(method, params, context);
			return result === undefined ? rpcError(-32_601, 'no such method') : { kind: 'result', result };
		} catch (error) {
			if (error instanceof Failed) return error.answer;
			throw error;
		}
	}

	async function resultOf(method: string, params: JsonObject, context: Run): Promise<JsonObject | undefined> {
		if (method === 'server/discover') return { supportedVersions: [...revisions], capabilities };
		if (
			!context.stateless &&
			['ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'].includes(method)
		)
			return {};
		if (method === 'tools/call' && params['name'] === 'test_missing_capability')
			throw new Failed(
				rpcError(statelessCodes.missingCapability, 'it needs sampling', { requiredCapabilities: { sampling: {} } }),
			);
		const known = method === 'tools/call' ? tools : method === 'prompts/get' ? prompts : undefined;
		const named = known?.[String(params['name'])];
		if (known !== undefined && named === undefined) throw new Failed(rpcError(-32_602, 'there is none of that name'));
		if (named !== undefined) return named(context);
		if (method !== 'resources/read') return lists[method];
		const uri = String(params['uri']);
		const content = readResource(uri);
		if (content === undefined) throw new Failed(rpcError(-32_602, 'Resource not found', { uri }));
		return { contents: [content] };
	}

	function listen(res: ServerResponse, reply: Reply, id: string | number, params: JsonObject): void {
		const _meta = { [metaKeys.subscription]: id };
		const wanted = isObject(params['notifications']) ? params['notifications'] : {};
		reply.say(notification('notifications/subscriptions/acknowledged', { _meta, notifications: wanted }));
		const tell = (ofTools: boolean): void => {
			if (ofTools && wanted['toolsListChanged'] === true)
				reply.say(notification('notifications/tools/list_changed', { _meta }));
		};
		streams.add(tell);
		res.once('close', () => streams.delete(tell));
	}

	function signed(name: string, state: string): string {
		return `${state}.${createHmac('sha256', secret).update(`${name} ${state}`).digest('hex')}`;
	}

	/** Null: not signed here. */
	function verified(name: string, sent: unknown): string | undefined | null {
		if (typeof sent !== 'string') return undefined;
		const [state = ''] = sent.split('.');
		return signed(name, state) === sent ? state : null;
	}

	await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
		seen,
		close: async () => {
			http.closeAllConnections();
			await new Promise((resolve) => http.close(resolve));
		},
	};
}

const capabilities = {
	tools: { listChanged: true },
	prompts: {},
	resources: { subscribe: true },
	completions: {},
	logging: {},
};
const serverInfo = { name: 'everything', version: '1.0.0' };

function decorated(method: string, result: JsonObject): JsonObject {
	const hints = /list$|read$|discover$/.test(method) ? { ttlMs: 0, cacheScope: 'public' } : {};
	return { resultType: 'complete', ...hints, ...result, _meta: { [metaKeys.serverInfo]: serverInfo } };
}

class Failed {
	readonly answer: RpcAnswer;
	constructor(answer: RpcAnswer) {
		this.answer = answer;
	}
}
