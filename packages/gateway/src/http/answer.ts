import type { ServerResponse } from 'node:http';
import type { Json } from '@tappass/core';
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
	res.end(bytes);
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
