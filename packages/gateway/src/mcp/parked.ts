import { TapPassError } from '@tappass/core';
import { mcpLimits } from './limits.ts';
import type { Exchange } from './outbound/connection.ts';
import type { JsonObject, RpcAnswer } from './rpc.ts';

/** What a call under way came to: its end, or a question that only its client can answer. */
export type Step =
	| { readonly kind: 'answered'; readonly answer: RpcAnswer }
	| { readonly kind: 'asks'; readonly id: string; readonly method: string; readonly params: JsonObject };

interface Question {
	readonly method: string;
	readonly params: JsonObject;
	readonly answer: (answer: RpcAnswer) => void;
}

/**
 * A call at a server that asks in the middle of it, made by a client that is asked by results: it goes on from one request of
 * the client to the next. It lives in this process only, and ends when nobody comes back to it.
 */
export class ParkedCall {
	readonly #gone = new AbortController();
	readonly #questions = new Map<string, Question>();
	readonly #answer: Promise<RpcAnswer>;
	#asked = 0;
	#wake: () => void = () => {};
	#notify: Exchange['notify'] = () => {};

	constructor(start: (exchange: Pick<Exchange, 'signal' | 'notify' | 'ask'>) => Promise<RpcAnswer>) {
		const timer = setTimeout(() => {
			this.#gone.abort(new DOMException('nobody came back to it', 'TimeoutError'));
		}, mcpLimits.askedMs).unref();
		this.#answer = start({
			signal: this.#gone.signal,
			notify: (method, params) => this.#notify(method, params),
			ask: (method, params) =>
				new Promise((answer) => {
					this.#asked += 1;
					this.#questions.set(`question-${this.#asked}`, { method, params, answer });
					this.#wake();
				}),
		}).finally(() => clearTimeout(timer));
		// It is heard of by whoever waits for the next step; when nobody does, nobody misses it.
		this.#answer.catch(() => {});
	}

	/** Answers what was asked; what was not asked is left alone. */
	respond(input: JsonObject): void {
		for (const [id, question] of this.#questions) {
			const given = input[id];
			if (typeof given !== 'object' || given === null || Array.isArray(given)) continue;
			this.#questions.delete(id);
			question.answer({ kind: 'result', result: given as JsonObject });
		}
	}

	/** Waits for the end or the next question. A client that goes away ends the call. */
	async next(signal: AbortSignal, notify: Exchange['notify']): Promise<Step> {
		this.#notify = notify;
		const abort = (): void => this.end();
		signal.addEventListener('abort', abort, { once: true });
		if (signal.aborted) abort();
		try {
			const asked = new Promise<'asked'>((resolve) => {
				this.#wake = () => resolve('asked');
				if (this.#questions.size > 0) resolve('asked');
			});
			const first = await Promise.race([this.#answer, asked]);
			if (first !== 'asked') return { kind: 'answered', answer: first };
			const [next] = this.#questions;
			if (next === undefined) throw new TapPassError('internal', { detail: 'a question is gone' });
			return { kind: 'asks', id: next[0], method: next[1].method, params: next[1].params };
		} finally {
			signal.removeEventListener('abort', abort);
			this.#notify = () => {};
		}
	}

	end(): void {
		this.#gone.abort();
	}
}
