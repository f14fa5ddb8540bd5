import { TapPassError } from '@tappass/core';
import { gatewayLimits } from '../../limits.ts';
import { bound } from '../call-state.ts';
import { numberOf } from '../parameters.ts';
import { defineStep, nothing, type Step } from '../step.ts';

/**
 * Step 25: the upstream's credential, out of the vault, for a call that passed everything before. Nothing that the caller sent
 * is among the headers. A tool's credential is added where its server is called.
 */
export const injectCredentials: Step = defineStep('inject_credentials', {
	budget: gatewayLimits.stepAsksMs,
	run: async (state, { ports }) => {
		if (state.call.kind === 'tool') return nothing;
		const { served } = state;
		if (served === undefined) throw new TapPassError('internal', { detail: 'no upstream was chosen' });
		const headers = await ports.upstreams.credential(bound(state).policy.org_id, served.upstream);
		const seconds = numberOf(state, 'forward', 'timeout_seconds_max');
		const timeout_ms = Math.min(served.timeout_ms, (seconds ?? Number.POSITIVE_INFINITY) * 1_000);
		state.route = { ...served, headers, timeout_ms };
		return nothing;
	},
});
