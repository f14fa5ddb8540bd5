import { TapPassError } from '@tappass/core';
import { gatewayLimits } from '../../limits.ts';
import { finding } from '../findings.ts';
import { rulesOf } from '../rules.ts';
import { defineStep, nothing, type Step } from '../step.ts';

/** Step 3: a sandbox that was revoked or locked is nobody, however good its token. */
export const checkRevocation: Step = defineStep('check_revocation', {
	budget: gatewayLimits.stepAsksMs,
	run: async (state, { ports, cuts }) => {
		const { claims } = state;
		if (claims === undefined) throw new TapPassError('internal', { detail: 'nobody was authenticated' });
		state.changes = cuts.changes(claims.org_id, claims.sub);
		const policy = await ports.policies.find(claims.org_id, claims.sub);
		if (policy === undefined || policy.org_id !== claims.org_id || policy.sandbox_id !== claims.sub) {
			const { source, user_agent, signature } = state.caller;
			await ports.unenrolled.report({ source, user_agent, signature }, claims.org_id, state.at);
			return [finding(state, 'check_revocation', { code: 'sandbox_unknown', message: 'There is no such sandbox.' })];
		}
		state.policy = policy;
		state.rules = rulesOf(policy);
		if (policy.state === 'revoked')
			return [
				finding(state, 'check_revocation', { code: 'sandbox_revoked', message: 'The sandbox has been revoked.' }),
			];
		if (policy.state === 'locked')
			return [finding(state, 'check_revocation', { code: 'sandbox_locked', message: 'The sandbox is locked.' })];
		return nothing;
	},
});
