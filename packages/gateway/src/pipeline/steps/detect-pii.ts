import type { Detection } from '@tappass/detect';
import { gatewayLimits } from '../../limits.ts';
import { bound, type CallState, type ReadText, setEdit } from '../call-state.ts';
import type { Context } from '../context.ts';
import { confidenceOf, type Found, findAll, findingsOf, replacementOf } from '../detect-step.ts';
import type { Wanted } from '../detectors.ts';
import { choiceOf, listOf } from '../parameters.ts';
import { createPseudonyms } from '../pseudonyms.ts';
import { replaceSpans, type Span } from '../spans.ts';
import { defineStep, type Step } from '../step.ts';

/**
 * Step 16: personal data, treated by mode. `strict` writes a placeholder over it. `reversible` writes a token, in place of which
 * the answer gets the value back; a tool works on the values themselves, and constraints say where they may go. With `flag`, or
 * without a mode, the action decides. What was replaced is reported and the call goes on; what cannot be replaced is treated
 * by the action.
 */
export const detectPii: Step = defineStep('detect_pii', {
	budget: gatewayLimits.stepAsksMs,
	run: async (state, context) => {
		const mode = choiceOf(state, 'detect_pii', 'mode') ?? 'flag';
		const found = findAll(state, context, 'pii', wantedPii(state, 'detect_pii'));
		if (mode === 'flag') return findingsOf(state, 'detect_pii', detections(found));
		if (mode === 'reversible' && state.call.kind === 'tool') {
			return replacementOf(state, 'detect_pii', detections(found), 'Personal data goes to the tool');
		}
		if (mode === 'reversible') await startPseudonyms(state, context);
		const replaced = found.filter(({ text }) => text.editable);
		const left = found.filter(({ text }) => !text.editable);
		replace(state, replaced);
		return [
			...findingsOf(state, 'detect_pii', detections(left)),
			...replacementOf(state, 'detect_pii', detections(replaced), 'Personal data was replaced'),
		];
	},
});

/** What the policy looks for. */
export function wantedPii(state: CallState, step: 'detect_pii' | 'scan_output'): Wanted {
	const classes = listOf(state, step, 'classes');
	return {
		// Enabled without a class means all of them.
		classes: classes === undefined || classes.length === 0 ? undefined : classes,
		confidence: confidenceOf(state, step, 'confidence_percent'),
	};
}

/** Gets the secret by which the tokens of this session are made. */
export async function startPseudonyms(state: CallState, { ports }: Context): Promise<void> {
	const { policy, session } = bound(state);
	state.pseudonyms ??= createPseudonyms(await ports.pseudonyms.key(policy.org_id, session.id));
}

/** What stands for a value for good. */
export function placeholder(kind: string): string {
	return `[${kind.toUpperCase()}]`;
}

function detections(found: readonly Found[]): readonly Detection[] {
	return found.map(({ detection }) => detection);
}

function replace(state: CallState, found: readonly Found[]): void {
	const byText = new Map<ReadText, Span[]>();
	for (const { text, detection } of found) {
		const { start, end, class: kind } = detection;
		const value = text.text.slice(start, end);
		const span = { start, end, text: state.pseudonyms?.ofCaller(kind, value) ?? placeholder(kind) };
		byText.set(text, [...(byText.get(text) ?? []), span]);
	}
	for (const [{ at, text }, spans] of byText) setEdit(state, at, replaceSpans(text, spans));
}
