import { type Finding, type StepName, TapPassError } from '@tappass/core';
import type { Detection, DetectorName } from '@tappass/detect';
import { gatewayLimits } from '../limits.ts';
import type { CallState, ReadText } from './call-state.ts';
import type { Context } from './context.ts';
import type { Wanted } from './detectors.ts';
import { actionOf, finding } from './findings.ts';
import { numberOf } from './parameters.ts';
import { findIn } from './readings.ts';
import { defineStep, type Step } from './step.ts';

/** What a detector found, and in which text. */
export interface Found {
	readonly text: ReadText;
	readonly detection: Detection;
}

/** All that a detector finds in the texts of a call. @throws {TapPassError} internal, when a text was not read: nothing was looked at */
export function findAll(state: CallState, context: Context, detector: DetectorName, wanted: Wanted): readonly Found[] {
	return state.texts.flatMap((text) => {
		if (text.reading === undefined) throw new TapPassError('internal', { detail: 'a text was not read' });
		return findIn(text.reading, detector, wanted, context).map((detection) => ({ text, detection }));
	});
}

/** From which confidence on a detection counts, as the policy states it; a lower one is the stricter. */
export function confidenceOf(state: CallState, step: StepName, parameter: string): number | undefined {
	const percent = numberOf(state, step, parameter);
	return percent === undefined ? undefined : percent / 100;
}

/** A finding for each class, the first to stand in the text first. What was found is never repeated, to the caller or in the log. */
export function findingsOf(state: CallState, step: StepName, found: readonly Detection[]): readonly Finding[] {
	const action = actionOf(state, step);
	return classesOf(found).map((kind) =>
		finding(state, step, {
			code: 'content_blocked',
			message: `${what[step] ?? 'Something'} was found: ${kind}.`,
			action,
		}),
	);
}

/** What was replaced goes no further: it is reported, and the call goes on. */
export function replacementOf(
	state: CallState,
	step: StepName,
	found: readonly Detection[],
	how: string,
): readonly Finding[] {
	return classesOf(found).map((kind) =>
		finding(state, step, { code: 'content_replaced', message: `${how}: ${kind}.`, action: 'log' }),
	);
}

function classesOf(found: readonly Detection[]): readonly string[] {
	return [...new Set(found.toSorted((a, b) => a.start - b.start).map((detection) => detection.class))];
}

const what: Readonly<Partial<Record<StepName, string>>> = {
	detect_prompt_injection: 'An attempt to take over the agent',
	detect_obfuscation: 'Hidden or encoded text',
	detect_secrets: 'A secret',
	detect_pii: 'Personal data',
	detect_exfiltration: 'A way for data to leave',
	scan_output: 'What must not come back',
};

/**
 * A step that looks for one thing and lets its action decide.
 * @param of whether a text matters to it
 */
export function detectorStep(
	name: StepName,
	detector: DetectorName,
	wanted: (state: CallState) => Wanted,
	of: (text: ReadText) => boolean = () => true,
): Step {
	return defineStep(name, {
		budget: gatewayLimits.stepComputesMs,
		run: (state, context) => {
			const found = findAll(state, context, detector, wanted(state)).filter(({ text }) => of(text));
			return findingsOf(
				state,
				name,
				found.map(({ detection }) => detection),
			);
		},
	});
}
