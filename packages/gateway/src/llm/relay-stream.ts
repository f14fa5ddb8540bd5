import { TapPassError } from '@tappass/core';
import { requestIdHeaders } from '../http/answer.ts';
import type { UpstreamAnswer } from '../http/exchange.ts';
import type { Outcome } from '../pipeline/admission.ts';
import type { ModelCall } from '../pipeline/call.ts';
import { malformed } from '../stream/judge.ts';
import { SseParser } from '../stream/sse.ts';
import { isPlain, type Passage } from './forward.ts';
import type { StreamReader, WireFormat } from './wire.ts';

/** Lets a stream out, event by event, as it passes. */
export async function relayStream(
	wire: WireFormat,
	call: ModelCall,
	passage: Passage,
	answer: UpstreamAnswer,
): Promise<Outcome> {
	const { admitted, judge, res } = passage;
	if (!/^text\/event-stream\b/.test(answer.headers['content-type'] ?? '') || !isPlain(answer))
		throw malformed('expected a stream of events');
	await admitted.recorded;
	const reader = wire.reader(call, judge);
	passage.reader = reader;
	res.writeHead(200, {
		'content-type': 'text/event-stream; charset=utf-8',
		'cache-control': 'no-cache',
		// Proxies on the way would gather what is meant to arrive at once.
		'x-accel-buffering': 'no',
		...requestIdHeaders(admitted.request_id),
	});
	await readAll(passage, reader, answer);
	await letOut(passage, reader);
	const { denial } = judge;
	res.end(denial === undefined ? '' : wire.errorEvents(denial, reader));
	return {
		how: denial === undefined ? 'completed' : 'blocked',
		usage: reader.usage(),
		status: denial?.status ?? answer.status,
		released_bytes: passage.released_bytes,
		...(denial === undefined ? {} : { code: denial.code }),
	};
}

async function readAll(passage: Passage, reader: StreamReader, answer: UpstreamAnswer): Promise<void> {
	const parser = new SseParser();
	try {
		for await (const chunk of answer.body) {
			for (const event of parser.push(chunk)) {
				const waits = reader.event(event);
				if (waits !== undefined) await waits;
				// Leaving the loop closes the upstream: nothing that comes after a denial is paid for.
				if (passage.judge.denial !== undefined) return;
			}
			if (reader.out !== '') await letOut(passage, reader);
		}
		parser.end();
		await reader.end();
	} catch (error) {
		// What was released before the fault goes out before the error does.
		await letOut(passage, reader);
		throw error;
	}
}

/** Writes what was released, no faster than the caller takes it. */
async function letOut(passage: Passage, reader: StreamReader): Promise<void> {
	const { res, stop } = passage;
	const text = reader.out;
	reader.out = '';
	if (text === '' || res.destroyed) return;
	const bytes = Buffer.from(text);
	passage.released_bytes += bytes.byteLength;
	if (res.write(bytes) || stop.aborted) return;
	await new Promise<void>((resolve) => {
		const done = (): void => {
			res.off('drain', done);
			stop.removeEventListener('abort', done);
			resolve();
		};
		res.once('drain', done);
		stop.addEventListener('abort', done, { once: true });
	});
	if (stop.aborted) throw new TapPassError('upstream_unreachable', { detail: 'the call was given up' });
}
