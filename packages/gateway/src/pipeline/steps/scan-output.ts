import { TapPassError } from '@tappass/core';
import type { Detection, OutputDetector } from '@tappass/detect';
import { gatewayLimits } from '../../limits.ts';
import { bound, type CallState, type Piece } from '../call-state.ts';
import type { Context } from '../context.ts';
import { findingsOf, replacementOf } from '../detect-step.ts';
import { choiceOf, numberOf } from '../parameters.ts';
import { tokensIn } from '../pseudonyms.ts';
import { findIn, readText } from '../readings.ts';
import { defineStep, nothing, type Step } from '../step.ts';
import { wantedPii } from './detect-pii.ts';

/**
 * Step 27: personal data, secrets and ways out in what comes back, piece by piece or whole; in a complete text also attempts
 * to take over the agent. Personal data is treated by mode, everything else by the action. What is not decided yet is held.
 */
export const scanOutput: Step = defineStep('scan_output', {
	budget: gatewayLimits.stepComputesMs,
	run: (state, context) => {
		const { piece } = state;
		if (piece === undefined) throw new TapPassError('internal', { detail: 'there is no output' });
		const tokens = tokensIn(piece.text).filter(({ token }) => state.pseudonyms?.restore(token) !== undefined);
		const found = [...decided(piece, outputDetectorsOf(state, context), tokens), ...classified(piece, state, context)];
		if (found.length === 0) return nothing;
		// A token of the caller's own says nothing of what it stands for.
		const meant = found.filter(({ start, end }) => !tokens.some((token) => token.start <= start && end <= token.end));
		const mode = choiceOf(state, 'scan_output', 'mode') ?? 'flag';
		piece.replace = mode === 'flag' ? [] : meant.filter(({ detector }) => detector === 'pii');
		const left = meant.filter((one) => !piece.replace.includes(one));
		return [
			...findingsOf(state, 'scan_output', left),
			...replacementOf(state, 'scan_output', piece.replace, 'Personal data in the output was replaced'),
		];
	},
});

/** The detectors of one policy, made once. */
function outputDetectorsOf(state: CallState, { detectors, caches }: Context): readonly OutputDetector[] {
	const { policy } = bound(state);
	let found = caches.output.get(policy);
	if (found === undefined) {
		found = detectors.output(wantedPii(state, 'scan_output'));
		caches.output.set(policy, found);
	}
	return found;
}

/**
 * What the detectors find in the part that each has decided since it looked last. The piece ends where one of them is still
 * waiting, and never inside of something found or of a token.
 */
function decided(
	piece: Piece,
	detectors: readonly OutputDetector[],
	tokens: readonly { readonly start: number; readonly end: number }[],
): readonly Detection[] {
	const { text, over, look } = piece;
	let to = piece.to;
	detectors.forEach((detector, index) => {
		const from = look.cursors[index] ?? piece.from;
		const decided = detector.decide(text, from, over);
		look.pending.push(...decided.found);
		look.cursors[index] = Math.max(from, decided.to);
		to = Math.min(to, look.cursors[index]);
	});
	for (const { start, end } of [...look.pending, ...tokens].sort((a, b) => b.start - a.start))
		if (start < to && to < end) to = start;
	piece.to = Math.max(piece.from, to);
	const ready = look.pending.filter(({ end }) => end <= piece.to);
	look.pending = look.pending.filter(({ end }) => end > piece.to);
	return ready;
}

/** What only a complete text can be judged for. */
function classified({ text, complete }: Piece, state: CallState, context: Context): readonly Detection[] {
	if (!complete) return [];
	const reading = readText(text, numberOf(state, 'normalize_text', 'decode_depth_max'), context);
	return (['injection', 'obfuscation'] as const).flatMap((name) => findIn(reading, name, {}, context));
}
