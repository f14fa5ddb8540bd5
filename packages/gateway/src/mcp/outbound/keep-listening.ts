import { setTimeout as wait } from 'node:timers/promises';
import type { HeldAnswer } from '../../http/exchange.ts';
import { SseParser } from '../../stream/sse.ts';
import { mcpLimits } from '../limits.ts';
import type { RpcMessage } from '../rpc.ts';
import { read } from './http.ts';

/** Holds a stream of a server open, and opens it again when it ends, until it is told to stop. */
export async function keepListening(
	open: () => Promise<HeldAnswer>,
	signal: AbortSignal,
	take: (message: RpcMessage) => void,
): Promise<void> {
	while (!signal.aborted) {
		try {
			await listenOnce(await open(), take);
		} catch {
			// What a stream would have told is lost with it, as the protocol has it; the next one begins anew.
		}
		await wait(mcpLimits.retryMs, undefined, { signal, ref: false }).catch(() => {});
	}
}

async function listenOnce(answer: HeldAnswer, take: (message: RpcMessage) => void): Promise<void> {
	const parser = new SseParser();
	try {
		if (answer.status !== 200) return;
		for await (const chunk of answer.body) {
			for (const { data } of parser.push(chunk)) {
				const message = data === undefined || data === '' ? undefined : read(Buffer.from(data));
				if (message !== undefined) take(message);
			}
		}
	} finally {
		answer.close();
	}
}
