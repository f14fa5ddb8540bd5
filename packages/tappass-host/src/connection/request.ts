import { type IncomingMessage, request as plainRequest } from 'node:http';
import { type Agent, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { type ErrorCode, errorTable, type Json, parseJson, TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';

/** An answer of the control plane, whatever its status. */
export interface Reply {
	readonly status: number;
	readonly bytes: Buffer;
	/** The server's clock, Unix milliseconds; undefined when it does not tell. */
	readonly server_ms: number | undefined;
}

/** How a request reaches the server. */
export type Via = { readonly agent: Agent } | { readonly socket: Duplex };

/** What is asked. */
export interface Ask {
	readonly method: 'GET' | 'POST';
	readonly url: string;
	readonly body?: object;
	readonly deadlineMs?: number;
}

/**
 * One request, bounded in time and bytes: a server that trickles or never ends costs ten seconds and a mebibyte.
 * @throws {TapPassError} server_unreachable, payload_too_large
 */
export function ask(via: Via, { body, deadlineMs = limits.requestMs, method, url }: Ask): Promise<Reply> {
	const { promise, resolve, reject } = Promise.withResolvers<Reply>();
	const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
	const headers =
		content === undefined ? {} : { 'content-type': 'application/json', 'content-length': content.byteLength };
	const answered = (response: IncomingMessage): void => {
		collect(response).then(resolve, (cause) => reject(unreachable(url, cause)));
	};
	const signal = AbortSignal.timeout(deadlineMs);
	const request =
		'agent' in via
			? httpsRequest(url, { method, headers, signal, agent: via.agent }, answered)
			: plainRequest(url.replace(/^https:/, 'http:'), { ...overSocket(via.socket), method, headers, signal }, answered);
	request.on('error', (cause) => reject(unreachable(url, cause)));
	request.end(content);
	return promise;
}

/** The JSON of a good answer. @throws {TapPassError} the code of the server's refusal; payload_malformed */
export function expectStatus(reply: Reply, status: number): Json {
	if (reply.status === status) return jsonOf(reply.bytes);
	throw refusalOf(reply);
}

/** What a refusal says, as far as it says it in our words. */
export function refusalOf({ bytes, status }: Reply): TapPassError {
	let problem: unknown;
	try {
		problem = parseJson(bytes);
	} catch {
		// Not ours: a proxy or another program answered. The status alone is told.
		problem = undefined;
	}
	const { code, detail } = (problem ?? {}) as { readonly code?: unknown; readonly detail?: unknown };
	if (typeof code === 'string' && Object.hasOwn(errorTable, code) && code !== 'usage') {
		return new TapPassError(code as ErrorCode, typeof detail === 'string' ? { detail: detail.slice(0, 300) } : {});
	}
	return new TapPassError('server_unreachable', { detail: `the server answered ${status}` });
}

function jsonOf(bytes: Buffer): Json {
	try {
		return parseJson(bytes);
	} catch (cause) {
		throw new TapPassError('payload_malformed', { detail: 'the answer is not JSON', cause });
	}
}

function overSocket(socket: Duplex): object {
	return { createConnection: () => socket, agent: undefined };
}

async function collect(response: IncomingMessage): Promise<Reply> {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of response as AsyncIterable<Buffer>) {
		size += chunk.byteLength;
		if (size > limits.answerBytesMax) {
			response.destroy();
			throw new TapPassError('payload_too_large', { detail: `more than ${limits.answerBytesMax} bytes` });
		}
		chunks.push(chunk);
	}
	const date = Date.parse(response.headers.date ?? '');
	return {
		status: response.statusCode ?? 0,
		bytes: Buffer.concat(chunks),
		server_ms: Number.isNaN(date) ? undefined : date,
	};
}

/** A failure of the connection in our words; what TLS says is told by its code alone. */
export function unreachable(url: string, cause: unknown): TapPassError {
	if (cause instanceof TapPassError) return cause;
	const { code, message, name } = cause as NodeJS.ErrnoException;
	const why =
		name === 'TimeoutError' ? 'no whole answer in time' : (code ?? (message === '' ? 'closed' : message.slice(0, 100)));
	return new TapPassError('server_unreachable', { detail: `${new URL(url).host}: ${why}`, cause });
}
