import { TapPassError } from '@tappass/core';
import { gatewayLimits } from '../../limits.ts';
import { finding } from '../findings.ts';
import { defineStep, nothing, type Step } from '../step.ts';

/**
 * Step 4: the newest version that this process knows judges the call; the token's is recorded. A token of a version to come
 * means that this process has not heard of it yet, and what it does not know it cannot enforce.
 */
export const bindPolicy: Step = defineStep('bind_policy', {
	budget: gatewayLimits.stepComputesMs,
	run: (state) => {
		const { claims, policy, rules } = state;
		if (claims === undefined || policy === undefined || rules === undefined)
			throw new TapPassError('internal', { detail: 'there is no policy to bind' });
		const refuse = (code: 'policy_pending' | 'token_invalid', message: string) => [
			finding(state, 'bind_policy', { code, message }),
		];
		if (policy.state !== 'active') return refuse('policy_pending', 'No policy of the sandbox is in force yet.');
		if (claims.pv > policy.policy_version)
			return refuse('policy_pending', `Policy version ${claims.pv} has not arrived here yet.`);
		if (claims.pv === policy.policy_version && claims.ad !== rules.digest)
			return refuse('token_invalid', 'The capability token was minted under another policy of the same version.');
		return nothing;
	},
});
