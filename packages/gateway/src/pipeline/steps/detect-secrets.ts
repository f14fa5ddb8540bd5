import { detectorStep } from '../detect-step.ts';
import { listOf } from '../parameters.ts';
import type { Step } from '../step.ts';

/** Step 15: keys, tokens and passwords, but for those whose SHA-256 the policy lists as harmless. */
export const detectSecrets: Step = detectorStep('detect_secrets', 'secrets', (state) => ({
	allowFingerprints: listOf(state, 'detect_secrets', 'allow_fingerprints'),
}));
