import { hash } from 'node:crypto';
import { detectorStep, isSure } from '../detect-step.ts';
import { listOf } from '../parameters.ts';
import type { Step } from '../step.ts';

/** Step 15: keys, tokens and passwords, but for those whose SHA-256 the policy lists as harmless. */
export const detectSecrets: Step = detectorStep('detect_secrets', 'secrets', (state, { text, detection }) => {
	if (!isSure(detection, undefined)) return false;
	const harmless = listOf(state, 'detect_secrets', 'allow_fingerprints') ?? [];
	if (harmless.length === 0) return true;
	return !harmless.includes(hash('sha256', text.text.slice(detection.start, detection.end), 'hex'));
});
