import type { ServerResponse } from 'node:http';
import type { Json } from '@tappass/core';
import { doorLimits } from '../door-limits.ts';
import type { Denial } from '../pipeline/admission.ts';

/** Answers with a JSON body; does nothing when an answer has begun already, or nobody is there to read it. */
export function answerJson(
	res: ServerResponse,
	status: number,
	body: Json,
	headers: Readonly<Record<string, string>> = {},
): void {
	if (res.headersSent || res.destroyed) return;
	const bytes = Buffer.from(JSON.stringify(body));
	res.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.byteLength, ...headers });
	if (res.getHeader('connection') === 'close' && !res.req.complete) endLate(res, bytes);
	else res.end(bytes);
}

/**
 * Answers a caller that still sends. A connection that is closed on what was not read takes the answer along: what comes is
 * thrown away until the caller is done, but not for long.
 */
function endLate(res: ServerResponse, bytes: Buffer): void {
	const { req } = res;
	const late = setTimeout(() => res.end(), doorLimits.lingerMs).unref();
	req.once('end', () => res.end());
	res.once('close', () => clearTimeout(late));
	res.write(bytes);
	req.resume();
}

/** Headers of an answer that refuses: whether SDKs should try again, and when. */
export function denialHeaders(denial: Denial): Readonly<Record<string, string>> {
	const retry = denial.retry_after_ms;
	return {
		...requestIdHeaders(denial.request_id),
		// SDKs try 409, 429 and 5xx again unless they are told not to.
		'x-should-retry': retry === undefined ? 'false' : 'true',
		...(retry === undefined
			? {}
			: { 'retry-after': String(Math.ceil(retry / 1_000)), 'retry-after-ms': String(Math.ceil(retry)) }),
	};
}

/** The request id under the names that the SDKs of both wires look for. */
export function requestIdHeaders(request_id: string): Readonly<Record<string, string>> {
	return { 'x-request-id': request_id, 'request-id': request_id };
}
