import { confidenceOf, detectorStep } from '../detect-step.ts';
import type { Step } from '../step.ts';

/**
 * Step 13: attempts to take over the agent by text, in prompts, results of tools and their arguments. Not in what the agent's
 * makers wrote: a system prompt gives orders by right.
 */
export const detectPromptInjection: Step = detectorStep(
	'detect_prompt_injection',
	'injection',
	(state) => ({
		confidence: confidenceOf(state, 'detect_prompt_injection', 'threshold_percent'),
	}),
	({ foreign }) => foreign,
);
