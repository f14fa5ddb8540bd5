import type { IncomingHttpHeaders } from 'node:http';
import { TapPassError } from '@tappass/core';
import { Agent, type Dispatcher, errors } from 'undici';
import { doorLimits } from '../../door-limits.ts';
import { lookupUpstream } from '../../http/metadata-address.ts';
import type { Route } from '../../pipeline/admission.ts';

/** What an upstream answers: its head at once, its bytes as they come. */
export interface UpstreamAnswer {
	readonly status: number;
	readonly headers: IncomingHttpHeaders;
	readonly body: AsyncIterable<Uint8Array>;
}

/** What is sent to an upstream. */
export interface UpstreamRequest {
	/** Below the base URL of the route. */
	readonly path: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Uint8Array;
}

/** Connections to all upstreams: one pool for each address, kept open between calls. */
export function createUpstreamAgent(): Agent {
	return new Agent({
		connections: doorLimits.upstreamConnectionsMax,
		keepAliveTimeout: doorLimits.upstreamIdleMs,
		connect: { timeout: doorLimits.connectMs, lookup: lookupUpstream },
		bodyTimeout: doorLimits.silenceMs,
	});
}

/** The base URL of a route with its version: `https://api.anthropic.com` and `…/v1` are both written. */
export function baseUrl(route: Pick<Route, 'base_url'>): URL {
	const url = new URL(route.base_url);
	if (url.pathname === '/' || url.pathname === '') url.pathname = '/v1';
	return url;
}

/**
 * Sends one call. Redirects are not followed: a credential goes to the address it is for and nowhere else.
 * @throws {TapPassError} upstream_unreachable, upstream_timeout; `body` throws upstream_truncated, upstream_timeout
 */
export function dispatch(
	agent: Agent,
	route: Route,
	request: UpstreamRequest,
	signal: AbortSignal,
): Promise<UpstreamAnswer> {
	const url = baseUrl(route);
	return new Promise((resolve, reject) => {
		agent.dispatch(
			{
				origin: url.origin,
				path: `${url.pathname.replace(/\/$/, '')}${request.path}${url.search}`,
				method: 'POST',
				headers: { ...request.headers, ...route.headers, 'content-length': String(request.body.byteLength) },
				body: request.body,
				headersTimeout: route.timeout_ms,
			},
			new Exchange(resolve, reject, signal),
		);
	});
}

/** One request under way: hands its chunks on one by one, and stops reading while nobody takes them. */
class Exchange implements Dispatcher.DispatchHandler {
	readonly #resolve: (answer: UpstreamAnswer) => void;
	readonly #reject: (error: TapPassError) => void;
	readonly #signal: AbortSignal;
	readonly #onAbort: () => void;
	#controller: Dispatcher.DispatchController | undefined;
	#chunks: Uint8Array[] = [];
	#over: { readonly error: TapPassError | undefined } | undefined;
	#wake: (() => void) | undefined;
	#begun = false;

	constructor(resolve: (answer: UpstreamAnswer) => void, reject: (error: TapPassError) => void, signal: AbortSignal) {
		this.#resolve = resolve;
		this.#reject = reject;
		this.#signal = signal;
		this.#onAbort = () => this.#giveUp();
		signal.addEventListener('abort', this.#onAbort, { once: true });
		if (signal.aborted) this.#giveUp();
	}

	onRequestStart(controller: Dispatcher.DispatchController): void {
		this.#controller = controller;
		if (this.#signal.aborted) this.#giveUp();
	}

	onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
		if (status < 200) return;
		this.#begun = true;
		this.#resolve({ status, headers, body: this.#read() });
	}

	onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
		this.#chunks.push(chunk);
		if (this.#wake === undefined) controller.pause();
		else this.#wake();
	}

	onResponseEnd(): void {
		this.#finish(undefined);
	}

	onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
		this.#finish(upstreamError(error, this.#begun));
	}

	async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
		try {
			for (;;) {
				const chunks = this.#chunks;
				this.#chunks = [];
				for (const chunk of chunks) yield chunk;
				if (this.#chunks.length > 0) continue;
				if (this.#over?.error !== undefined) throw this.#over.error;
				if (this.#over !== undefined) return;
				await new Promise<void>((wake) => {
					this.#wake = wake;
					this.#controller?.resume();
				});
				this.#wake = undefined;
			}
		} finally {
			// Whoever stops reading in the middle closes the connection: more would come.
			if (this.#over === undefined) this.#giveUp();
		}
	}

	#giveUp(): void {
		this.#finish(new TapPassError('upstream_unreachable', { detail: 'the call was given up' }));
		this.#controller?.abort(new errors.RequestAbortedError());
	}

	#finish(error: TapPassError | undefined): void {
		if (this.#over !== undefined) return;
		this.#over = { error };
		this.#signal.removeEventListener('abort', this.#onAbort);
		if (!this.#begun && error !== undefined) this.#reject(error);
		this.#wake?.();
	}
}

/** What a failed connection means. The text of the fault goes to nobody: it may name addresses inside. */
export function upstreamError(cause: Error, begun: boolean): TapPassError {
	if (cause instanceof errors.HeadersTimeoutError || cause instanceof errors.BodyTimeoutError)
		return new TapPassError('upstream_timeout', { cause });
	const code = 'code' in cause ? cause.code : undefined;
	if (!begun && typeof code === 'string' && neverConnected.has(code))
		return new TapPassError('upstream_unreachable', { cause });
	return new TapPassError('upstream_truncated', { detail: 'the connection was lost', cause });
}

// Whatever else fails may have failed after the request was read: it may have been served, and paid for.
const neverConnected: ReadonlySet<string> = new Set([
	'ECONNREFUSED',
	'EHOSTUNREACH',
	'ENETUNREACH',
	'ENOTFOUND',
	'EAI_AGAIN',
	'UND_ERR_CONNECT_TIMEOUT',
]);
