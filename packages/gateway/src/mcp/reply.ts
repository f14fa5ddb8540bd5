import type { ServerResponse } from 'node:http';
import { keepAlive, writeEvent } from '../stream/sse.ts';
import { mcpLimits } from './limits.ts';
import { answerTo, type JsonObject, type RpcAnswer, type RpcId } from './rpc.ts';

/** The answer to one request: a JSON body, or a stream from the first thing that is said before the answer. */
export class Reply {
	readonly #res: ServerResponse;
	readonly #headers: Readonly<Record<string, string>>;
	#streams = false;

	constructor(res: ServerResponse, headers: Readonly<Record<string, string>> = {}) {
		this.#res = res;
		this.#headers = headers;
	}

	/** Says something before the answer. */
	say(message: JsonObject): void {
		if (this.#res.destroyed || this.#res.writableEnded) return;
		this.open();
		// Whoever reads nothing of it would have all of it kept here.
		if (this.#res.writableLength > mcpLimits.unreadBytesMax) return void this.#res.destroy();
		this.#res.write(writeEvent('message', JSON.stringify(message)));
	}

	/** Begins a stream. */
	open(): void {
		if (this.#streams) return;
		this.#streams = true;
		this.#res.writeHead(200, {
			'content-type': 'text/event-stream',
			'cache-control': 'no-cache, no-transform',
			...this.#headers,
		});
		this.#res.flushHeaders();
	}

	beat(): void {
		if (this.#streams && !this.#res.destroyed) this.#res.write(keepAlive);
	}

	answer(id: RpcId | null, answer: RpcAnswer, status = 200): void {
		if (this.#res.destroyed || this.#res.writableEnded) return;
		const message = JSON.stringify(answerTo(id, answer));
		if (this.#streams) this.#res.end(writeEvent('message', message));
		else {
			const bytes = Buffer.from(message);
			this.#res.writeHead(status, {
				'content-type': 'application/json',
				'content-length': bytes.byteLength,
				...this.#headers,
			});
			this.#res.end(bytes);
		}
	}
}
