import { TapPassError } from '@tappass/core';
import { gatewayLimits } from '../../limits.ts';
import type { CallState, Piece } from '../call-state.ts';
import { choiceOf } from '../parameters.ts';
import { tokensIn } from '../pseudonyms.ts';
import { joinSpans, replaceSpans, type Span } from '../spans.ts';
import { defineStep, nothing, type Step } from '../step.ts';
import { placeholder } from './detect-pii.ts';

/** Step 29: writes over what step 27 found, and gives the caller its own values back in place of their tokens. */
export const filterResponse: Step = defineStep('filter_response', {
	budget: gatewayLimits.stepComputesMs,
	run: (state) => {
		const { piece } = state;
		if (piece === undefined) throw new TapPassError('internal', { detail: 'there is no output' });
		const spans = [...restored(state, piece), ...replaced(state, piece)];
		const from = (span: Span): Span => ({ ...span, start: span.start - piece.from, end: span.end - piece.from });
		piece.spans = joinSpans(spans.map(from));
		piece.released = replaceSpans(piece.text.slice(piece.from, piece.to), piece.spans);
		return nothing;
	},
});

function restored({ pseudonyms }: CallState, { text, from, to }: Piece): readonly Span[] {
	if (pseudonyms === undefined) return [];
	return tokensIn(text).flatMap(({ token, start, end }) => {
		const value = start >= from && end <= to ? pseudonyms.restore(token) : undefined;
		return value === undefined ? [] : [{ start, end, text: value }];
	});
}

function replaced(state: CallState, { text, replace }: Piece): readonly Span[] {
	const reversible = choiceOf(state, 'scan_output', 'mode') === 'reversible' ? state.pseudonyms : undefined;
	return replace.map(({ start, end, class: kind }) => ({
		start,
		end,
		text: reversible?.ofOutput(kind, text.slice(start, end)) ?? placeholder(kind),
	}));
}
