import { costOf, usedTokens } from '../../budget/estimate.ts';
import { ratesOf } from '../../budget/tariff.ts';
import { gatewayLimits } from '../../limits.ts';
import { bound } from '../call-state.ts';
import { defineStep, nothing, type Step } from '../step.ts';
import { priceOf } from './reserve-budget.ts';

/**
 * Step 30: what was used takes the place of what was reserved. A call that was refused used nothing; one whose upstream did
 * not say is taken to have used what was reserved for it.
 */
export const settleBudget: Step = defineStep('settle_budget', {
	budget: gatewayLimits.stepAsksMs,
	run: async (state, context) => {
		const { call, reserved, outcome } = state;
		if (reserved === undefined || call.kind === 'tool') return nothing;
		const { policy, session } = bound(state);
		const { org_id, sandbox_id } = policy;
		const who = { org_id, sandbox_id, request_id: state.request_id };
		if (outcome === undefined) {
			await context.ports.budgets.settle(who, { tokens: 0, dollars: 0 });
			return nothing;
		}
		const { usage } = outcome;
		const price = usage === undefined ? undefined : await priceOf(state, context, call.model);
		const used =
			usage === undefined || price === undefined
				? reserved
				: { tokens: usedTokens(usage), dollars: costOf(price, usage, ratesOf(call, usage)) };
		// Asked for together, so that a store can answer both at once.
		await Promise.all([
			context.ports.budgets.settle(who, used),
			context.ports.sessions.spend(org_id, session.id, used.tokens, used.dollars),
		]);
		return nothing;
	},
});
