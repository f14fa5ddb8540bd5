import type { ServerResponse } from 'node:http';
import { type ErrorCode, errorTable } from '@tappass/core';
import { answerJson, denialHeaders } from '../http/answer.ts';
import type { Denial } from '../pipeline/admission.ts';

/** A denial as a problem document (RFC 9457), with the Because trail and the ticket of an approval. */
export function answerProblem(
	res: ServerResponse,
	denial: Denial,
	headers: Readonly<Record<string, string>> = {},
): void {
	const { code, status, message, step, level, request_id, because, ticket } = denial;
	const title = Object.hasOwn(errorTable, code) ? errorTable[code as ErrorCode].title : errorTable.internal.title;
	const body = {
		type: `urn:tappass:problem:${code}`,
		title,
		status,
		detail: message,
		code,
		step,
		request_id,
		because,
		...(level === undefined ? {} : { level }),
		...(ticket === undefined ? {} : { ticket }),
	};
	answerJson(res, status, body, {
		...denialHeaders(denial),
		'content-type': 'application/problem+json',
		...headers,
	});
}
