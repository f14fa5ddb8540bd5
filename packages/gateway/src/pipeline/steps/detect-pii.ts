import type { Finding } from '@tappass/core';
import type { Detection } from '@tappass/detect';
import { gatewayLimits } from '../../limits.ts';
import { bound, type CallState, type ReadText } from '../call-state.ts';
import type { Context } from '../context.ts';
import { findAll, findingsOf, isSure } from '../detect-step.ts';
import { finding } from '../findings.ts';
import { choiceOf, listOf, numberOf } from '../parameters.ts';
import { createPseudonyms, tokensIn } from '../pseudonyms.ts';
import { replaceSpans, type Span } from '../spans.ts';
import { defineStep, type Step } from '../step.ts';

/**
 * Step 16: personal data, treated by mode. `strict` writes a placeholder over it; `reversible` a token, which a model's answer
 * and a tool's arguments get back; with `flag`, or without a mode, the action decides. What was replaced goes no further, so
 * it is reported and the call goes on; what cannot be replaced is treated by the action.
 */
export const detectPii: Step = defineStep('detect_pii', {
	budget: gatewayLimits.stepAsksMs,
	run: async (state, context) => {
		const mode = choiceOf(state, 'detect_pii', 'mode');
		if (mode === 'reversible') await startPseudonyms(state, context);
		const restored = mode === 'reversible' && state.call.kind === 'tool' ? await restoreArguments(state, context) : [];
		const found = findAll(state, context, 'pii').filter(({ detection }) => counts(state, 'detect_pii', detection));
		const treated = (text: ReadText): boolean =>
			mode === 'strict' ? text.editable : mode === 'reversible' && (text.editable || state.call.kind === 'tool');
		const left = found.filter(({ text }) => !treated(text)).map(({ detection }) => detection);
		const byText = Map.groupBy(
			found.filter(({ text }) => treated(text)),
			({ text }) => text,
		);
		for (const [text, all] of byText) {
			// A tool of the org's own works on the real values: constraints and slots say where they may go.
			if (mode === 'reversible' && state.call.kind === 'tool') continue;
			const detections = all.map(({ detection }) => detection);
			state.edits.push({ at: text.at, text: replaceSpans(text.text, spansOf(state, text.text, detections)) });
		}
		state.edits.push(...restored);
		return [
			...findingsOf(state, 'detect_pii', left),
			...reported(
				state,
				mode,
				[...byText.values()].flat().map(({ detection }) => detection),
			),
		];
	},
});

/** Whether a detection is of a class that the policy looks for, and sure enough. */
export function counts(state: CallState, step: 'detect_pii' | 'scan_output', detection: Detection): boolean {
	const classes = listOf(state, step, 'classes');
	if (classes !== undefined && classes.length > 0 && !classes.includes(detection.class)) return false;
	return isSure(detection, numberOf(state, step, 'confidence_percent'));
}

/** Gets the secret by which the tokens of this session are made. */
export async function startPseudonyms(state: CallState, { ports }: Context): Promise<void> {
	const { policy, session } = bound(state);
	state.pseudonyms ??= createPseudonyms(await ports.pseudonyms.key(policy.org_id, session.id));
}

function spansOf(state: CallState, text: string, detections: readonly Detection[]): readonly Span[] {
	return detections.map(({ start, end, class: kind }) => ({
		start,
		end,
		text: state.pseudonyms?.ofCaller(kind, text.slice(start, end)) ?? `[${kind.toUpperCase()}]`,
	}));
}

/** Tokens that stand for values the agent has not seen become those values again, for the tool alone. */
async function restoreArguments(
	state: CallState,
	{ ports }: Context,
): Promise<readonly { readonly at: string; readonly text: string }[]> {
	const { policy, session } = bound(state);
	const texts = state.texts.filter(({ editable, text }) => editable && tokensIn(text).length > 0);
	if (texts.length === 0) return [];
	const tokens = [...new Set(texts.flatMap(({ text }) => tokensIn(text).map(({ token }) => token)))];
	const values = await ports.pseudonyms.find(policy.org_id, session.id, tokens);
	return texts.map(({ at, text }) => ({
		at,
		text: replaceSpans(
			text,
			tokensIn(text).flatMap(({ token, start, end }) => {
				const value = values.get(token);
				return value === undefined ? [] : [{ start, end, text: value }];
			}),
		),
	}));
}

function reported(state: CallState, mode: string | undefined, found: readonly Detection[]): readonly Finding[] {
	if (found.length === 0) return [];
	const classes = [...new Set(found.map((detection) => detection.class))].sort().join(', ');
	const message =
		state.call.kind === 'tool' && mode === 'reversible'
			? `Personal data goes to the tool: ${classes}.`
			: `Personal data was replaced: ${classes}.`;
	return [finding(state, 'detect_pii', { code: 'content_replaced', message, action: 'log' })];
}
