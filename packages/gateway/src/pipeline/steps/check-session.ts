import { TapPassError } from '@tappass/core';
import { gatewayLimits } from '../../limits.ts';
import type { Session } from '../../ports.ts';
import type { CallState } from '../call-state.ts';
import { finding, type Said } from '../findings.ts';
import { numberOf } from '../parameters.ts';
import { defineStep, nothing, type Step } from '../step.ts';

/** Step 5: the session that the token names is open, of this sandbox, and neither too old nor too busy. The call is counted. */
export const checkSession: Step = defineStep('check_session', {
	budget: gatewayLimits.stepAsksMs,
	run: async (state, { ports }) => {
		const { claims, policy } = state;
		if (claims === undefined || policy === undefined)
			throw new TapPassError('internal', { detail: 'a session needs a policy' });
		const { org_id, sandbox_id } = policy;
		const calls_max = numberOf(state, 'check_session', 'session_calls_max');
		const session = state.asks
			? await ports.sessions.find(org_id, claims.sid)
			: await ports.sessions.count(org_id, claims.sid, { sandbox_id, kind: state.call.kind, calls_max });
		state.session = session?.sandbox_id === sandbox_id ? session : undefined;
		const said = refusalOf(state, state.session);
		return said === undefined ? nothing : [finding(state, 'check_session', said)];
	},
});

function refusalOf(state: CallState, session: Session | undefined): Said | undefined {
	if (session === undefined)
		return { code: 'session_unknown', message: 'No session of this sandbox is open under that id.' };
	if (session.state === 'killed')
		return { code: 'session_killed', message: `The session was killed (${session.killed_code ?? 'by an operator'}).` };
	if (session.state !== 'open') return { code: 'session_closed', message: 'The session is closed.' };
	const minutes = numberOf(state, 'check_session', 'session_minutes_max');
	if (minutes !== undefined && state.at - session.opened_at > minutes * 60_000)
		return over(`The session has lasted longer than ${minutes} minutes.`, 'session_minutes_max');
	const calls = numberOf(state, 'check_session', 'session_calls_max');
	if (calls !== undefined && session.calls > calls)
		return over(`The session has made its ${calls} calls.`, 'session_calls_max');
	return undefined;
}

function over(message: string, parameter: string): Said {
	return { code: 'session_over', message, paths: [['steps', 'check_session', 'parameters', parameter]] };
}
