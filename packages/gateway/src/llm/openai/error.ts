import type { Json } from '@tappass/core';
import type { Denial } from '../../pipeline/admission.ts';
import { writeEvent } from '../../stream/sse.ts';

/** The OpenAI wire's error body, as its SDKs read it, with our code, Because trail and request id inside. */
export function openaiErrorBody(denial: Denial): Json {
	return { error: errorFields(denial) };
}

/** In the middle of a chat completion: SDKs throw on an event that holds `error`. */
export function openaiChatErrorEvents(denial: Denial): string {
	return writeEvent('', JSON.stringify(openaiErrorBody(denial)));
}

/** In the middle of a response: `error` is what SDKs throw on, `response.failed` what Codex ends a turn by. */
export function openaiResponsesErrorEvents(denial: Denial, id: string, sequence: number): string {
	const error = errorFields(denial);
	const failed = {
		id,
		object: 'response',
		status: 'failed',
		error: { code: denial.code, message: denial.message },
		output: [],
		usage: null,
	};
	return (
		writeEvent('error', JSON.stringify({ ...error, type: 'error', sequence_number: sequence })) +
		writeEvent(
			'response.failed',
			JSON.stringify({ type: 'response.failed', sequence_number: sequence + 1, response: failed }),
		)
	);
}

function errorFields(denial: Denial): { readonly [key: string]: Json } {
	return {
		message: denial.message,
		type: typeOf(denial.status),
		param: null,
		code: denial.code,
		request_id: denial.request_id,
		step: denial.step,
		because: denial.because,
		...(denial.level === undefined ? {} : { level: denial.level }),
		...(denial.ticket === undefined ? {} : { ticket: denial.ticket }),
	};
}

function typeOf(status: number): string {
	if (status === 401) return 'authentication_error';
	if (status === 403 || status === 409) return 'permission_error';
	if (status === 429) return 'rate_limit_error';
	return status >= 500 ? 'server_error' : 'invalid_request_error';
}
