import { gatewayLimits } from '../../limits.ts';
import { defineStep, type Step } from '../step.ts';

/** Step 28: steps 11 and 19 to 24 on a tool call that a model asks for, before the agent hears of it. */
export const checkEmissions: Step = defineStep('check_emissions', {
	budget: gatewayLimits.stepAsksMs * 2,
	run: (state, { judgeEmission }) => judgeEmission(state),
});
