import { gatewayLimits } from '../../limits.ts';
import { defineStep, nothing, type Step } from '../step.ts';
import { uuidv7 } from '../uuid.ts';

/** Step 1: the id that threads gateway, broker, audit and traces. Never one that the caller brings. */
export const assignRequestId: Step = defineStep('assign_request_id', {
	budget: gatewayLimits.stepComputesMs,
	run: (state, { ports }) => {
		state.request_id = uuidv7(state.at, ports.randomBytes);
		return nothing;
	},
});
