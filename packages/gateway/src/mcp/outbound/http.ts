import { type Json, parseJson, TapPassError } from '@tappass/core';
import type { Agent } from 'undici';
import { type HeldAnswer, passOver, sendHttp, upstreamError } from '../../http/exchange.ts';
import { follow } from '../../http/follow.ts';
import { SseParser } from '../../stream/sse.ts';
import { mcpLimits } from '../limits.ts';
import { sessionRevisions, statelessRevision } from '../revisions.ts';
import {
	answerTo,
	isObject,
	type JsonObject,
	notification,
	type RpcAnswer,
	type RpcMessage,
	readMessage,
	request,
	rpcCodes,
	rpcError,
} from '../rpc.ts';
import { type Connection, clientInfo, type Exchange, isToAll, lonely, type SaidToAll, withMeta } from './connection.ts';
import { keepListening } from './keep-listening.ts';
import { headerText } from './mirrored-headers.ts';

/** Where an HTTP server is, and what opens it. */
export interface HttpTarget {
	readonly agent: Agent;
	readonly url: URL;
	readonly headers: Readonly<Record<string, string>>;
	/** What the server says to everybody. */
	readonly said: SaidToAll;
}

/**
 * A server over streamable HTTP. Each request has an answer of its own, so whatever a server says meanwhile is known to belong
 * to it. Redirects are not followed: a credential goes to the address it is for and nowhere else.
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http
 */
export class HttpConnection implements Connection {
	readonly #target: HttpTarget;
	readonly #closed = new AbortController();
	readonly #watched = new Set<string>();
	#listening: AbortController | undefined;
	#session: string | undefined;
	#version = statelessRevision;
	#ids = 0;
	#lost = false;
	stateless = true;
	capabilities: JsonObject = {};
	instructions: string | undefined;

	private constructor(target: HttpTarget) {
		this.#target = target;
	}

	static async open(target: HttpTarget): Promise<HttpConnection> {
		const connection = new HttpConnection(target);
		await connection.#greet();
		return connection;
	}

	readonly alive = (): boolean => !this.#lost && !this.#closed.signal.aborted;

	readonly request = async (method: string, params: JsonObject, exchange: Exchange): Promise<RpcAnswer> => {
		if (method === 'resources/subscribe') return this.#watch(params, exchange);
		const id = ++this.#ids;
		try {
			return await this.#exchange(id, method, params, exchange);
		} catch (error) {
			// A server of the stateless revision hears of it by the connection that closes.
			if (exchange.signal.aborted && !this.stateless)
				this.#tell(notification('notifications/cancelled', { requestId: id }));
			throw error;
		}
	};

	readonly close = async (): Promise<void> => {
		if (this.#closed.signal.aborted) return;
		this.#closed.abort();
		if (this.#session === undefined) return;
		// Politeness: the server forgets the session by itself too.
		await this.#send('DELETE', undefined, AbortSignal.timeout(mcpLimits.retryMs)).then(discard, () => undefined);
	};

	/** Asks first what a server of the stateless revision must answer; whoever does not is greeted as servers were before. */
	async #greet(): Promise<void> {
		const found = await this.#discover();
		if (found === undefined) return this.#initialize();
		this.capabilities = isObject(found['capabilities']) ? found['capabilities'] : {};
		this.instructions = typeof found['instructions'] === 'string' ? found['instructions'] : undefined;
	}

	async #discover(): Promise<JsonObject | undefined> {
		try {
			const answer = await this.#exchange(
				++this.#ids,
				'server/discover',
				{},
				lonely(AbortSignal.timeout(mcpLimits.discoverMs)),
			);
			if (answer.kind === 'error') return undefined;
			const { supportedVersions } = answer.result;
			return Array.isArray(supportedVersions) && supportedVersions.includes(statelessRevision)
				? answer.result
				: undefined;
		} catch (error) {
			const code = error instanceof TapPassError ? error.code : 'internal';
			// Servers of before answer with whatever they have; one that is not there, or says no to us, is not asked again.
			if (code === 'upstream_failed' || code === 'upstream_malformed' || code === 'upstream_timeout') return undefined;
			throw error;
		}
	}

	async #initialize(): Promise<void> {
		this.stateless = false;
		this.#version = sessionRevisions.at(-1)!;
		const exchange = lonely(AbortSignal.timeout(mcpLimits.connectMs));
		const capabilities = { elicitation: { form: {}, url: {} }, roots: {}, sampling: {} };
		const params = { protocolVersion: this.#version, capabilities, clientInfo };
		const answer = await this.#exchange(++this.#ids, 'initialize', params, exchange);
		if (answer.kind === 'error') throw malformed(`it refused to begin (${answer.error.code})`);
		const { protocolVersion, capabilities: offered, instructions } = answer.result;
		if (typeof protocolVersion !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(protocolVersion))
			throw malformed('it names no revision');
		this.#version = protocolVersion;
		this.capabilities = isObject(offered) ? offered : {};
		this.instructions = typeof instructions === 'string' ? instructions : undefined;
		await discard(await this.#send('POST', notification('notifications/initialized', {}), exchange.signal));
	}

	/** Resources are watched for all who asked; the stateless revision has a stream that names them instead of a request for each. */
	async #watch(params: JsonObject, exchange: Exchange): Promise<RpcAnswer> {
		const uri = String(params['uri']);
		if (this.#watched.size >= mcpLimits.watchedByServerMax && !this.#watched.has(uri))
			throw new TapPassError('request_too_large', { detail: 'no more resources of this server are watched' });
		const answer: RpcAnswer = this.stateless
			? { kind: 'result', result: {} }
			: await this.#exchange(++this.#ids, 'resources/subscribe', params, exchange);
		if (answer.kind === 'error' || this.#watched.has(uri)) return answer;
		this.#watched.add(uri);
		this.#listening?.abort();
		this.#listen();
		return answer;
	}

	#listen(): void {
		const stop = new AbortController();
		this.#listening = stop;
		const signal = AbortSignal.any([stop.signal, this.#closed.signal]);
		const wanted = { toolsListChanged: true, resourceSubscriptions: [...this.#watched] };
		const open = (): Promise<HeldAnswer> => {
			if (!this.stateless) return this.#send('GET', undefined, signal);
			const params = withMeta({ notifications: wanted }, {});
			const named = { 'mcp-method': 'subscriptions/listen' };
			return this.#send('POST', request(`listen-${++this.#ids}`, 'subscriptions/listen', params), signal, named);
		};
		keepListening(open, signal, (message) => {
			if (message.kind === 'notification' && isToAll(message.method)) this.#target.said(message.method, message.params);
		});
	}

	/** Sends a request and reads until its answer. */
	async #exchange(id: number, method: string, params: JsonObject, exchange: Exchange): Promise<RpcAnswer> {
		const stop = new AbortController();
		const unfollow = follow(stop, [exchange.signal, this.#closed.signal]);
		return this.#answerTo(id, method, params, { ...exchange, signal: stop.signal }).finally(unfollow);
	}

	async #answerTo(id: number, method: string, params: JsonObject, exchange: Exchange): Promise<RpcAnswer> {
		const { signal } = exchange;
		const asked = this.stateless ? withMeta(params, exchange.capabilities) : params;
		const answer = await this.#send(
			'POST',
			request(id, method, asked),
			signal,
			this.#headersOf(method, params, exchange),
		);
		if (answer.status === 404 && this.#session !== undefined) this.#lost = true;
		if (method === 'initialize') this.#session = headerOf(answer, 'mcp-session-id');
		const type = headerOf(answer, 'content-type') ?? '';
		if (type.startsWith('text/event-stream') && answer.status === 200) return this.#readStream(id, answer, exchange);
		const bytes = await collect(answer);
		if (answer.status === 401 || answer.status === 403)
			throw new TapPassError('upstream_refused', { detail: `it answered ${answer.status}` });
		const message = type.startsWith('application/json') ? read(bytes) : undefined;
		if (message?.kind === 'answer' && message.id === id) return message.answer;
		if (this.#lost) throw new TapPassError('upstream_unreachable', { detail: 'its session is over' });
		if (answer.status !== 200) throw new TapPassError('upstream_failed', { detail: `it answered ${answer.status}` });
		throw malformed('expected the answer to a request');
	}

	#headersOf(method: string, params: JsonObject, { traceparent, headers }: Exchange): Readonly<Record<string, string>> {
		const { name, uri } = params;
		const named = typeof name === 'string' ? name : uri;
		return {
			...(traceparent === undefined ? {} : { traceparent }),
			...(this.stateless ? { ...headers, 'mcp-method': method } : {}),
			...(this.stateless && typeof named === 'string' ? { 'mcp-name': headerText(named) } : {}),
		};
	}

	async #readStream(id: number, answer: HeldAnswer, exchange: Exchange): Promise<RpcAnswer> {
		const parser = new SseParser();
		const chunks = answer.body[Symbol.asyncIterator]();
		try {
			for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
				for (const { data } of parser.push(next.value)) {
					if (data === undefined || data === '') continue;
					const message = read(Buffer.from(data));
					if (message === undefined) throw malformed('an event is no message');
					if (message.kind === 'answer' && message.id === id) {
						void passOver(answer, chunks);
						return message.answer;
					}
					this.#take(message, exchange);
				}
			}
		} catch (error) {
			answer.close();
			throw faultOf(error, exchange.signal);
		}
		throw new TapPassError('upstream_truncated', { detail: 'the stream ended without an answer' });
	}

	#take(message: RpcMessage, exchange: Exchange): void {
		if (message.kind === 'notification') {
			if (isToAll(message.method)) this.#target.said(message.method, message.params);
			else exchange.notify(message.method, message.params);
		}
		if (message.kind !== 'request') return;
		const { id } = message;
		exchange
			.ask(message.method, message.params)
			.catch(() => rpcError(rpcCodes.internal, 'nobody could answer'))
			.then((answered) => this.#tell(answerTo(id, answered)));
	}

	/** Sends what has no answer. A server that cannot be told ends the request it waits in by itself. */
	#tell(message: JsonObject): void {
		this.#send('POST', message, AbortSignal.timeout(mcpLimits.connectMs)).then(discard, () => undefined);
	}

	async #send(
		method: 'DELETE' | 'GET' | 'POST',
		message: JsonObject | undefined,
		signal: AbortSignal,
		more: Readonly<Record<string, string>> = {},
	): Promise<HeldAnswer> {
		const { agent, url, headers } = this.#target;
		try {
			return await sendHttp(
				agent,
				{
					origin: url.origin,
					path: url.pathname + url.search,
					method,
					headers: {
						...headers,
						accept: 'application/json, text/event-stream',
						'accept-encoding': 'identity',
						'user-agent': 'tappass-broker',
						...(message === undefined ? {} : { 'content-type': 'application/json' }),
						...(this.#session === undefined ? {} : { 'mcp-session-id': this.#session }),
						...(this.stateless || this.#session !== undefined ? { 'mcp-protocol-version': this.#version } : {}),
						...more,
					},
					body: message === undefined ? null : JSON.stringify(message),
					headersTimeout: mcpLimits.requestMs,
					bodyTimeout: mcpLimits.requestMs,
				},
				signal,
			);
		} catch (error) {
			throw faultOf(error, signal);
		}
	}
}

function headerOf(answer: HeldAnswer, name: string): string | undefined {
	const value = answer.headers[name];
	return Array.isArray(value) ? undefined : value;
}

async function collect(answer: HeldAnswer): Promise<Buffer> {
	const chunks: Uint8Array[] = [];
	let bytes = 0;
	try {
		for await (const chunk of answer.body) {
			bytes += chunk.byteLength;
			if (bytes > mcpLimits.messageBytesMax) throw malformed('a message is larger than any honest one');
			chunks.push(chunk);
		}
	} catch (error) {
		throw error instanceof TapPassError ? error : upstreamError(error as Error, true);
	}
	return Buffer.concat(chunks, bytes);
}

async function discard(answer: HeldAnswer): Promise<void> {
	let bytes = 0;
	for await (const chunk of answer.body) {
		bytes += chunk.byteLength;
		if (bytes > mcpLimits.messageBytesMax) return;
	}
}

/** One message of a server. @throws {TapPassError} upstream_malformed */
export function read(bytes: Uint8Array): RpcMessage | undefined {
	let value: Json;
	try {
		value = parseJson(bytes, { bytesMax: mcpLimits.messageBytesMax });
	} catch (cause) {
		throw new TapPassError('upstream_malformed', { detail: 'a message is not strict JSON', cause });
	}
	return readMessage(value);
}

function malformed(detail: string): TapPassError {
	return new TapPassError('upstream_malformed', { detail });
}

function faultOf(error: unknown, signal: AbortSignal): TapPassError {
	if (signal.aborted)
		return signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError'
			? new TapPassError('upstream_timeout', { cause: error })
			: new TapPassError('upstream_truncated', { detail: 'the call was given up', cause: error });
	return error instanceof TapPassError ? error : upstreamError(error as Error, false);
}
