import { gatewayLimits } from '../../limits.ts';
import { append, callEvent, describeCall } from '../audit-events.ts';
import { bound, type CallState } from '../call-state.ts';
import { contentOf } from '../content.ts';
import type { Context } from '../context.ts';
import { choiceOf, numberOf } from '../parameters.ts';
import { defineStep, nothing, type Step } from '../step.ts';
import { startPseudonyms } from './detect-pii.ts';

/**
 * Step 26: lets the call go. From here on it can be cut off, and its record is on the way: durable before a tool is called, and
 * before the first byte of a model's answer is released.
 */
export const forward: Step = defineStep('forward', {
	budget: gatewayLimits.stepAsksMs * 2,
	run: async (state, context) => {
		const { policy, session } = bound(state);
		if (restoresOutput(state)) await startPseudonyms(state, context);
		const { org_id, sandbox_id } = policy;
		const seconds = numberOf(state, 'forward', 'timeout_seconds_max') ?? Number.POSITIVE_INFINITY;
		state.running = context.cuts.start(org_id, sandbox_id, session.id, seconds * 1_000);
		// What changed while the call was judged was told to nobody who listened for this call.
		if (context.cuts.changes(org_id, sandbox_id) !== state.changes) await context.cuts.look(org_id, sandbox_id);
		state.recorded = record(state, context);
		// Whoever waits for it hears of a failure; until somebody does, it is no unhandled rejection.
		state.recorded.catch(() => undefined);
		if (state.call.kind === 'tool') await state.recorded;
		return nothing;
	},
});

function restoresOutput(state: CallState): boolean {
	return (
		state.policy?.pipeline.steps.scan_output.enabled === true && choiceOf(state, 'scan_output', 'mode') === 'reversible'
	);
}

async function record(state: CallState, context: Context): Promise<void> {
	const { org_id } = bound(state).policy;
	const payload = describeCall(state, contentOf(state));
	const event = callEvent(state, context, org_id, { type: 'call.admitted', payload });
	await append(event, context);
}
