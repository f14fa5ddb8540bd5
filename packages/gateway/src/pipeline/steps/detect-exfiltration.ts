import { detectorStep } from '../detect-step.ts';
import { numberOf } from '../parameters.ts';
import type { Step } from '../step.ts';

/** Step 17: data on its way out: links, commands, encoded bulk past what the policy lets through. */
export const detectExfiltration: Step = detectorStep('detect_exfiltration', 'exfiltration', (state) => ({
	encodedBytesMax: numberOf(state, 'detect_exfiltration', 'encoded_bytes_max'),
}));
