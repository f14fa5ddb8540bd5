import type { ServerResponse } from 'node:http';
import { TapPassError } from '@tappass/core';
import { answerJson, denialHeaders } from '../http/answer.ts';
import type { Denial, Identified } from '../pipeline/admission.ts';
import type { Caller, Wire } from '../pipeline/call.ts';
import { uuidv7 } from '../pipeline/uuid.ts';
import type { DoorContext } from '../routes.ts';
import type { WireFormat } from './wire.ts';

/** An error of ours as a denial, for any wire. What is not ours becomes `internal`, without its message. */
export function denialOf(error: unknown, request_id: string, step: Denial['step']): Denial {
	const known = error instanceof TapPassError ? error : new TapPassError('internal');
	const { title, status, retryable } = known.row;
	const said = known.detail === undefined ? title : `${title}: ${known.detail}`;
	return {
		request_id,
		status,
		code: known.code,
		message: known.hint === undefined ? said : `${said} (${known.hint})`,
		step,
		because: [],
		...(retryable ? { retry_after_ms: 1_000 } : {}),
	};
}

/** Tells a caller no, in its own wire. */
export function answerDenial(res: ServerResponse, wire: Pick<WireFormat, 'errorBody'>, denial: Denial): void {
	answerJson(res, denial.status, wire.errorBody(denial), denialHeaders(denial));
}

/**
 * Refuses a request out of which no call could be read: recorded under the sandbox it came from; who cannot say where it
 * comes from is told that first.
 */
export async function refuseRequest(
	context: DoorContext,
	wire: Wire,
	caller: Caller,
	res: ServerResponse,
	error: unknown,
	answer: (denial: Denial) => void,
): Promise<void> {
	const { pipeline } = context;
	// What is left of the body would come before the next request on this connection.
	if (!res.headersSent && !res.req.complete) res.setHeader('connection', 'close');
	const who = await pipeline.identify(wire, caller);
	if (who.effect === 'block') return answer(who.denial);
	const denial = denialOf(error, who.identified.request_id, 'validate_wire');
	answer(await recordRefusal(context, who.identified, 'call.refused', denial));
}

/** Makes durable that something was refused which is no call; answers what to tell, which is another denial when that failed. */
export async function recordRefusal(
	context: Pick<DoorContext, 'ports' | 'report'>,
	{ request_id, policy, session }: Identified,
	type: 'call.refused' | 'approval.refused',
	denial: Denial,
): Promise<Denial> {
	const { ports } = context;
	const now = ports.now();
	try {
		await ports.audit.append([
			{
				id: uuidv7(now, ports.randomBytes),
				type,
				org_id: policy.org_id,
				at: now,
				actor: { kind: 'agent', id: policy.sandbox_id },
				decision: 'block',
				sandbox_id: policy.sandbox_id,
				session_id: session.id,
				policy_version: policy.policy_version,
				request_id,
				step: denial.step,
				code: denial.code,
			},
		]);
	} catch (cause) {
		context.report({ code: 'audit_unavailable', request_id, cause });
		return denialOf(new TapPassError('audit_unavailable', { cause }), request_id, 'sign_audit');
	}
	return denial;
}
