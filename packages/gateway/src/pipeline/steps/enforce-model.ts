import { gatewayLimits } from '../../limits.ts';
import { bound } from '../call-state.ts';
import { finding } from '../findings.ts';
import { listOf } from '../parameters.ts';
import { defineStep, nothing, type Step } from '../step.ts';

/** Step 9: the model is on the list, and somebody serves it in a region where it may run. */
export const enforceModel: Step = defineStep('enforce_model', {
	budget: gatewayLimits.stepAsksMs,
	run: async (state, { ports }) => {
		const { call } = state;
		if (call.kind === 'tool') return nothing;
		const { policy } = bound(state);
		const model = JSON.stringify(call.model);
		if (!isModelAllowed(policy.pipeline.models.allow, call.model))
			return [
				finding(state, 'enforce_model', {
					code: 'model_denied',
					message: `The policy does not allow the model ${model}.`,
					paths: policy.pipeline.models.allow.map((pattern) => ['models', 'allow', pattern]),
				}),
			];
		const residency = listOf(state, 'enforce_model', 'residency');
		state.served = await ports.upstreams.route(policy.org_id, call.model, residency);
		if (state.served !== undefined) return nothing;
		if (residency === undefined)
			return [
				finding(state, 'enforce_model', { code: 'model_unserved', message: `No upstream serves the model ${model}.` }),
			];
		return [
			finding(state, 'enforce_model', {
				code: 'model_denied',
				message: `No upstream serves the model ${model} in a region where the policy lets it run.`,
				paths: [['steps', 'enforce_model', 'parameters', 'residency']],
			}),
		];
	},
});

/** Exact names, or the beginning of one and `*`. */
export function isModelAllowed(allow: readonly string[], model: string): boolean {
	return allow.some((pattern) => (pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : model === pattern));
}
