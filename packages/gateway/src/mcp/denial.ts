import type { Denial } from '../pipeline/admission.ts';
import type { JsonObject, RpcAnswer } from './rpc.ts';

/** Where a refusal says, for programs, what its text says for models. */
export const denialMeta = 'tappass/denial';
/** The request id of every result. */
export const requestMeta = 'tappass/request_id';

/** A refused tool call: a result, so that the model can read why. */
export function deniedResult(denial: Denial): RpcAnswer {
	const { code, message, request_id, because, ticket } = denial;
	const lines = [
		`${code}: ${message}`,
		...because.map((line) => `because: ${line}`),
		...(ticket === undefined ? [] : [`ticket: ${ticket}`]),
		`request_id: ${request_id}`,
	];
	return {
		kind: 'result',
		result: {
			content: [{ type: 'text', text: lines.join('\n') }],
			isError: true,
			_meta: { [denialMeta]: denialFields(denial), [requestMeta]: request_id },
		},
	};
}

/** A refusal of what is no tool call. */
export function deniedError(denial: Denial): RpcAnswer {
	return {
		kind: 'error',
		error: { code: -32_000, message: `${denial.code}: ${denial.message}`, data: denialFields(denial) },
	};
}

function denialFields({ code, step, level, request_id, because, ticket, retry_after_ms }: Denial): JsonObject {
	return {
		code,
		step,
		request_id,
		because,
		...(level === undefined ? {} : { level }),
		...(ticket === undefined ? {} : { ticket }),
		...(retry_after_ms === undefined ? {} : { retry_after_ms }),
	};
}
