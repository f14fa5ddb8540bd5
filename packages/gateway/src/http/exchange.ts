import type { IncomingHttpHeaders } from 'node:http';
import { TapPassError } from '@tappass/core';
import { type Agent, type Dispatcher, errors } from 'undici';

/** What an upstream answers: its head at once, its bytes as they come. */
export interface UpstreamAnswer {
	readonly status: number;
	readonly headers: IncomingHttpHeaders;
	readonly body: AsyncIterable<Uint8Array>;
}

/** An answer whose connection is held until it is read to its end or given up. */
export interface HeldAnswer extends UpstreamAnswer {
	readonly close: () => void;
}

/**
 * Sends one request. Redirects are not followed: a credential goes to the address it is for and nowhere else.
 * @throws {TapPassError} upstream_unreachable, upstream_timeout; `body` throws upstream_truncated, upstream_timeout
 */
export function sendHttp(agent: Agent, options: Dispatcher.DispatchOptions, signal: AbortSignal): Promise<HeldAnswer> {
	return new Promise((resolve, reject) => {
		agent.dispatch(options, new Exchange(resolve, reject, signal));
	});
}

/** Bytes that wait for whoever reads before no more are read: to stop for each chunk costs more than most answers are long. */
const unreadBytesMax = 16_384;

/** One request under way: hands its chunks on one by one, and stops reading while nobody takes them. */
class Exchange implements Dispatcher.DispatchHandler {
	readonly #resolve: (answer: HeldAnswer) => void;
	readonly #reject: (error: TapPassError) => void;
	readonly #signal: AbortSignal;
	readonly #onAbort: () => void;
	#controller: Dispatcher.DispatchController | undefined;
	#chunks: Uint8Array[] = [];
	#unread = 0;
	#over: { readonly error: TapPassError | undefined } | undefined;
	#wake: (() => void) | undefined;
	#begun = false;

	constructor(resolve: (answer: HeldAnswer) => void, reject: (error: TapPassError) => void, signal: AbortSignal) {
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
		this.#resolve({ status, headers, body: this.#read(), close: this.#close });
	}

	onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
		this.#chunks.push(chunk);
		this.#unread += chunk.byteLength;
		if (this.#unread > unreadBytesMax) controller.pause();
		this.#wake?.();
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
				this.#unread = 0;
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
			this.#close();
		}
	}

	readonly #close = (): void => {
		if (this.#over === undefined) this.#giveUp();
	};

	#giveUp(): void {
		// Once it was sent it may have been served.
		const code = this.#controller === undefined ? 'upstream_unreachable' : 'upstream_truncated';
		this.#finish(new TapPassError(code, { detail: 'the call was given up' }));
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

/** What an answer may still send, and for how long, before its connection is given up rather than used again. */
const restBytesMax = 16_384;
const restMs = 1_000;

/** Lets go by what is left of an answer that said all that is wanted of it: little, and soon, so that its connection serves again. */
export async function passOver({ close }: HeldAnswer, rest: AsyncIterator<Uint8Array>): Promise<void> {
	const late = setTimeout(close, restMs).unref();
	try {
		let bytes = 0;
		for (let next = await rest.next(); next.done !== true && bytes <= restBytesMax; next = await rest.next())
			bytes += next.value.byteLength;
	} catch {
		// A connection that is lost now serves nobody again, and nobody waits for the rest.
	} finally {
		clearTimeout(late);
		close();
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
