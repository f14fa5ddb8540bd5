import { dearest, estimateTokens, type Price } from '../../budget/estimate.ts';
import { ratesAsked } from '../../budget/tariff.ts';
import { gatewayLimits } from '../../limits.ts';
import { bound, type CallState } from '../call-state.ts';
import type { Context } from '../context.ts';
import { finding } from '../findings.ts';
import { boundOf, flagOf } from '../parameters.ts';
import { defineStep, nothing, type Step } from '../step.ts';
import { isModelAllowed } from './enforce-model.ts';

/** Step 8: takes what the call may use before it can use it. Tool calls use none: step 7 counted them. */
export const reserveBudget: Step = defineStep('reserve_budget', {
	budget: gatewayLimits.stepAsksMs,
	run: async (state, context) => {
		const { call } = state;
		if (call.kind === 'tool') return nothing;
		const { policy } = bound(state);
		// The next step refuses it, and says why; nothing is taken for it.
		if (!isModelAllowed(policy.pipeline.models.allow, call.model)) return nothing;
		const price = await priceOf(state, context, call.model);
		if (price === undefined)
			return [
				finding(state, 'reserve_budget', {
					code: 'price_unknown',
					message: `The price of the model ${JSON.stringify(call.model)} is unknown, and the policy denies what cannot be priced.`,
					paths: [['steps', 'reserve_budget', 'parameters', 'deny_unknown_price']],
				}),
			];
		const { org_id, sandbox_id, compiled_policy } = policy;
		const tokens = estimateTokens(call);
		const amount = { tokens: tokens.prompt + tokens.answer, dollars: dearest(price, tokens, ratesAsked(call)) };
		// Said before it is asked for: when the answer is lost, what was taken is given back all the same.
		state.reserved = amount;
		const who = { org_id, sandbox_id, request_id: state.request_id };
		const taken = await context.ports.budgets.reserve(who, amount, compiled_policy.budget, state.at);
		if (taken.effect === 'reserved') return nothing;
		state.reserved = undefined;
		return [
			finding(state, 'reserve_budget', {
				code: 'budget_exhausted',
				message: `The call may use more than is left of ${taken.which}.`,
				paths: [['budget', taken.which]],
			}),
		];
	},
});

/** What a model costs. Where nobody knows, the policy says what to reckon with, or that there is no answer. */
export async function priceOf(state: CallState, { ports }: Context, model: string): Promise<Price | undefined> {
	const known = await ports.upstreams.price(bound(state).policy.org_id, model);
	if (known !== undefined) return known;
	if (flagOf(state, 'reserve_budget', 'deny_unknown_price')) return undefined;
	const each = boundOf(state, 'reserve_budget', 'unknown_price_dollars_per_million_tokens');
	return { input: each, output: each, cache_read: each, cache_write: each };
}
