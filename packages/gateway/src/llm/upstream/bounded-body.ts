import { Response } from 'undici';
import { doorLimits } from '../../door-limits.ts';
import { malformed } from '../../stream/judge.ts';

const newline = 0x0a;
/** Statuses of answers that have no body. */
const bodiless: ReadonlySet<number> = new Set([101, 204, 205, 304]);

/**
 * An answer that the vendors' packages may read to its end: plain bytes, and no more of them than anyone honest sends. They
 * gather whole answers, and events until they end, without a bound of their own.
 * @throws {TapPassError} upstream_malformed, here or while the body is read
 */
export async function boundedAnswer(answer: Response): Promise<Response> {
	const { status, headers, body } = answer;
	const encoding = headers.get('content-encoding');
	if (encoding !== null && encoding !== 'identity') {
		await body?.cancel();
		throw malformed('expected plain bytes');
	}
	if (body === null || bodiless.has(status)) return answer;
	const inEvents = /^text\/event-stream\b/.test(headers.get('content-type') ?? '');
	let bytes = 0;
	const bounded = new TransformStream<Uint8Array, Uint8Array>({
		transform(chunk, controller) {
			const end = inEvents ? chunk.lastIndexOf(newline) : -1;
			bytes = end === -1 ? bytes + chunk.byteLength : chunk.byteLength - end;
			if (bytes > doorLimits.answerBytesMax) throw malformed('the answer is larger than any honest one');
			controller.enqueue(chunk);
		},
	});
	return new Response(body.pipeThrough(bounded), { status, headers });
}
