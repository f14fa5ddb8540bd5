import { type Finding, type StepName, TapPassError } from '@tappass/core';
import type { Detection, DetectorName } from '@tappass/detect';
import { gatewayLimits } from '../limits.ts';
import type { CallState, ReadText } from './call-state.ts';
import type { Context } from './context.ts';
import { actionOf, finding } from './findings.ts';
import { numberOf } from './parameters.ts';
import { defineStep, type Step } from './step.ts';

/** What a detector found, and in which text. */
export interface Found {
	readonly text: ReadText;
	readonly detection: Detection;
}

/** All that a detector finds in the texts of a call. @throws {TapPassError} when there are no detectors: nothing was looked at */
export function findAll(state: CallState, { detectors }: Context, detector: DetectorName): readonly Found[] {
	if (detectors === undefined) throw new TapPassError('internal', { detail: 'there are no detectors' });
	return state.texts.flatMap((text) => {
		if (text.reading === undefined) throw new TapPassError('internal', { detail: 'a text was not read' });
		return detectors.find(text.reading, detector).map((detection) => ({ text, detection }));
	});
}

/** Whether a detection is sure enough; a lower threshold is the stricter one. */
export function isSure({ confidence }: Detection, percent: number | undefined): boolean {
	return confidence * 100 >= (percent ?? gatewayLimits.confidencePercent);
}

/** One finding for each class: what was found is never repeated, neither to the caller nor in the log. */
export function findingsOf(state: CallState, step: StepName, found: readonly Detection[]): readonly Finding[] {
	const classes = [...new Set(found.map((detection) => detection.class))].sort();
	if (classes.length === 0) return [];
	return [
		finding(state, step, {
			code: 'content_blocked',
			message: `${what[step] ?? 'Something'} was found: ${classes.join(', ')}.`,
			action: actionOf(state, step),
		}),
	];
}

const what: Readonly<Partial<Record<StepName, string>>> = {
	detect_prompt_injection: 'An attempt to take over the agent',
	detect_obfuscation: 'Hidden or encoded text',
	detect_secrets: 'A secret',
	detect_pii: 'Personal data',
	detect_exfiltration: 'A way for data to leave',
	scan_output: 'What must not come back',
};

/** A step that looks for one thing and lets its action decide. */
export function detectorStep(
	name: StepName,
	detector: DetectorName,
	counts: (state: CallState, found: Found) => boolean = (state, { detection }) =>
		isSure(detection, numberOf(state, name, 'threshold_percent')),
): Step {
	return defineStep(name, {
		budget: gatewayLimits.stepComputesMs,
		run: (state, context) => {
			const found = findAll(state, context, detector).filter((each) => counts(state, each));
			return findingsOf(
				state,
				name,
				found.map(({ detection }) => detection),
			);
		},
	});
}
