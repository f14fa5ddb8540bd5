import { confidenceOf, detectorStep } from '../detect-step.ts';
import type { Step } from '../step.ts';

/** Step 14: hidden or encoded instructions. */
export const detectObfuscation: Step = detectorStep(
	'detect_obfuscation',
	'obfuscation',
	(state) => ({
		confidence: confidenceOf(state, 'detect_obfuscation', 'threshold_percent'),
	}),
	({ foreign }) => foreign,
);
