import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseJson } from '@tappass/core';
import { doorLimits } from '../door-limits.ts';
import { callerOf } from '../http/caller.ts';
import { readBytes } from '../http/read-body.ts';
import type { ModelCall } from '../pipeline/call.ts';
import type { DoorContext } from '../routes.ts';
import { traced } from '../tracing.ts';
import { forwardCall } from './forward.ts';
import { answerDenial, refuseRequest } from './refuse.ts';
import type { WireFormat } from './wire.ts';

/** One call of a model: read it from its wire, have it admitted, send it on, let out what passes. */
export async function serveModelCall(
	context: DoorContext,
	wire: WireFormat,
	req: IncomingMessage,
	res: ServerResponse,
): Promise<void> {
	const caller = callerOf(req, res, wire.wire, `/v1${wire.path}`);
	let bytes: Buffer;
	let call: ModelCall;
	try {
		bytes = await readBytes(req);
		call = wire.read(parseJson(bytes, { bytesMax: doorLimits.bodyBytesMax }), bytes.byteLength);
	} catch (error) {
		return refuseRequest(context, wire.wire, caller, res, error, (denial) => answerDenial(res, wire, denial));
	}
	const admission = await context.pipeline.admit(call, caller);
	if (admission.effect === 'block') return answerDenial(res, wire, admission.denial);
	const { admitted } = admission;
	const fields = {
		'gen_ai.operation.name': 'chat',
		'gen_ai.request.model': call.model,
		'gen_ai.provider.name': admitted.route?.upstream ?? 'unknown',
		'tappass.request_id': admitted.request_id,
	};
	await traced('client', `chat ${call.model}`, fields, () =>
		forwardCall(context, wire, { req, res, caller, bytes, call }, admitted),
	);
}
