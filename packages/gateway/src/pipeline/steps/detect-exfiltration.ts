import { detectorStep, isSure } from '../detect-step.ts';
import { numberOf } from '../parameters.ts';
import type { Step } from '../step.ts';

/** Step 17: data on its way out: links, images, encoded bulk past what the policy lets through. */
export const detectExfiltration: Step = detectorStep('detect_exfiltration', 'exfiltration', (state, { detection }) => {
	if (!isSure(detection, undefined)) return false;
	const bytes = numberOf(state, 'detect_exfiltration', 'encoded_bytes_max');
	return detection.class !== 'encoded_bulk' || bytes === undefined || detection.end - detection.start > bytes;
});
