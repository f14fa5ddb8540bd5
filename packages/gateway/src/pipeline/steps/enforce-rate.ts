import { TapPassError } from '@tappass/core';
import { gatewayLimits } from '../../limits.ts';
import { bound, type CallState } from '../call-state.ts';
import { finding, type Said } from '../findings.ts';
import { numberOf } from '../parameters.ts';
import { defineStep, nothing, type Step } from '../step.ts';

/** Step 7: calls per minute. The token may say less than the policy, never more. */
export const enforceRate: Step = defineStep('enforce_rate', {
	budget: gatewayLimits.stepAsksMs,
	run: async (state, { ports }) => {
		const { policy } = bound(state);
		const limit = limitOf(state);
		if (limit === undefined) return nothing;
		if (limit.perMinute <= 0)
			return [
				finding(state, 'enforce_rate', {
					...limit.said,
					code: 'budget_exhausted',
					message: 'The policy allows no such calls.',
				}),
			];
		const { org_id, sandbox_id } = policy;
		const taken = await ports.budgets.takeRate({ org_id, sandbox_id }, state.call.kind, limit.perMinute, state.at);
		if (taken.effect === 'taken') return nothing;
		state.retry_after_ms = taken.retry_after_ms;
		return [finding(state, 'enforce_rate', limit.said)];
	},
});

function limitOf(state: CallState): { readonly perMinute: number; readonly said: Said } | undefined {
	const { policy } = bound(state);
	const { call, claims } = state;
	if (claims === undefined) throw new TapPassError('internal', { detail: 'nobody was authenticated' });
	const stated = numberOf(state, 'enforce_rate', 'calls_per_minute_max') ?? Number.POSITIVE_INFINITY;
	const budget = call.kind === 'tool' ? policy.compiled_policy.budget.tool_calls_per_minute : Number.POSITIVE_INFINITY;
	const perMinute = Math.min(stated, budget, call.kind === 'tool' ? claims.rate : Number.POSITIVE_INFINITY);
	if (perMinute === Number.POSITIVE_INFINITY) return undefined;
	const path =
		budget <= stated
			? ['budget', 'tool_calls_per_minute']
			: ['steps', 'enforce_rate', 'parameters', 'calls_per_minute_max'];
	return {
		perMinute,
		said: { code: 'rate_limited', message: `More than ${perMinute} calls in a minute.`, paths: [path] },
	};
}
