import type { AuditEvent } from '@tappass/audit';
import { type Finding, type Json, type OrgId, TapPassError } from '@tappass/core';
import { gatewayLimits } from '../limits.ts';
import type { CallState } from './call-state.ts';
import type { Content } from './content.ts';
import type { Context } from './context.ts';
import { within } from './deadline.ts';
import { levelOf } from './findings.ts';
import { uuidv7 } from './uuid.ts';

/** The org whose log tells of the call; undefined: it is not known whose, and there is no log to write to. */
export function orgOf(state: CallState): OrgId | undefined {
	return state.policy?.org_id ?? state.claims?.org_id ?? state.claimed_org_id;
}

/** An event about a call. What a prompt, an answer or an argument says is in `payload` and nowhere else. */
export function callEvent(
	state: CallState,
	{ ports }: Context,
	org_id: OrgId,
	what: {
		readonly type: 'call.admitted' | 'call.denied' | 'call.settled';
		readonly decided?: Finding | undefined;
		readonly payload: Readonly<Record<string, Json>>;
	},
): AuditEvent {
	const { policy, session, claims } = state;
	const { decided } = what;
	const at = ports.now();
	const level = decided === undefined ? undefined : levelOf(decided.because);
	return {
		id: uuidv7(at, ports.randomBytes),
		type: what.type,
		org_id,
		at,
		// Only a token that was believed makes an agent of a caller.
		actor: claims === undefined ? { kind: 'unknown', id: state.caller.source } : { kind: 'agent', id: claims.sub },
		decision:
			decided !== undefined ? 'block' : state.findings.some(({ action }) => action === 'notify') ? 'notify' : 'allow',
		...(claims === undefined ? {} : { sandbox_id: claims.sub }),
		...(session === undefined ? {} : { session_id: session.id }),
		...(policy === undefined ? {} : { policy_version: policy.policy_version }),
		...(state.request_id === '' ? {} : { request_id: state.request_id }),
		...(decided === undefined ? {} : { step: decided.step, code: decided.code, because: decided.because }),
		...(level === undefined ? {} : { level }),
		payload: what.payload,
	};
}

/** What every payload says of a call. */
export function describeCall(state: CallState, content: Content | undefined): Readonly<Record<string, Json>> {
	const { call, claims } = state;
	return {
		kind: call.kind,
		wire: call.wire,
		...(call.kind === 'model' ? { model: call.model, stream: call.stream } : { tool: call.tool }),
		...(claims === undefined ? {} : { token_policy_version: claims.pv }),
		source: state.caller.source,
		findings: state.findings.map(({ step, action, code, message }) => ({ step, action, code, message })),
		...(content === undefined ? {} : { content: content.kept, content_sha256: content.sha256 }),
	};
}

/**
 * Makes an event durable.
 * @param canWait as of the port
 * @throws {TapPassError} audit_unavailable, whatever it is that the log cannot do
 */
export async function append(event: AuditEvent, { ports }: Context, canWait = false): Promise<void> {
	try {
		await within(gatewayLimits.appendMs, ports.audit.append([event], canWait), 'audit_unavailable');
	} catch (cause) {
		throw new TapPassError('audit_unavailable', { cause });
	}
}
