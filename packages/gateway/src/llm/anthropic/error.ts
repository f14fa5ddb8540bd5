import type { Json } from '@tappass/core';
import type { Denial } from '../../pipeline/admission.ts';
import { writeEvent } from '../../stream/sse.ts';

/** The Anthropic wire's error body, as its SDKs read it, with our code, Because trail and request id inside. */
export function anthropicErrorBody(denial: Denial): Json {
	return {
		type: 'error',
		error: {
			type: typeOf(denial.status),
			message: denial.message,
			code: denial.code,
			step: denial.step,
			because: denial.because,
			...(denial.level === undefined ? {} : { level: denial.level }),
			...(denial.ticket === undefined ? {} : { ticket: denial.ticket }),
		},
		request_id: denial.request_id,
	};
}

/** The same in the middle of a stream. */
export function anthropicErrorEvents(denial: Denial): string {
	return writeEvent('error', JSON.stringify(anthropicErrorBody(denial)));
}

const types: Readonly<Record<number, string>> = {
	401: 'authentication_error',
	403: 'permission_error',
	404: 'not_found_error',
	409: 'permission_error',
	413: 'request_too_large',
	429: 'rate_limit_error',
	504: 'timeout_error',
};

function typeOf(status: number): string {
	return types[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
}
