import { type Finding, TapPassError } from '@tappass/core';
import type { Detection } from '@tappass/detect';
import { gatewayLimits } from '../../limits.ts';
import type { CallState, Piece } from '../call-state.ts';
import type { Context } from '../context.ts';
import { findingsOf, isSure } from '../detect-step.ts';
import { finding } from '../findings.ts';
import { choiceOf } from '../parameters.ts';
import { tokensIn } from '../pseudonyms.ts';
import { defineStep, nothing, type Step } from '../step.ts';
import { counts } from './detect-pii.ts';

/**
 * Step 27: personal data, secrets and ways out in what comes back, piece by piece or whole; in a complete text also attempts
 * to take over the agent. Personal data is treated by mode, everything else by the action.
 */
export const scanOutput: Step = defineStep('scan_output', {
	budget: gatewayLimits.stepComputesMs,
	run: (state, context) => {
		const { piece } = state;
		if (piece === undefined) throw new TapPassError('internal', { detail: 'there is no output' });
		const found = detectionsIn(piece, context).filter((one) => isNew(piece, one) && isMeant(state, one));
		if (found.length === 0) return nothing;
		const replaces = ['strict', 'reversible'].includes(choiceOf(state, 'scan_output', 'mode') ?? 'flag');
		piece.replace = replaces ? found.filter(({ detector }) => detector === 'pii') : [];
		const left = found.filter((one) => !piece.replace.includes(one));
		return [...findingsOf(state, 'scan_output', left), ...reported(state, piece)];
	},
});

function detectionsIn(piece: Piece, { detectors }: Context): readonly Detection[] {
	if (detectors === undefined) throw new TapPassError('internal', { detail: 'there are no detectors' });
	const tokens = tokensIn(piece.text);
	const found = detectors.output.flatMap((detector) => detector.find(piece.text));
	const whole = piece.complete ? detectors.read(piece.text, undefined) : undefined;
	const classified =
		whole === undefined ? [] : (['injection', 'obfuscation'] as const).flatMap((name) => detectors.find(whole, name));
	// A token of ours says nothing of what it stands for.
	return [...found, ...classified].filter(
		({ start, end }) => !tokens.some((token) => token.start < end && start < token.end),
	);
}

// What begins before the piece was judged with what came before; what ends after it is judged with what comes.
function isNew({ from, to }: Piece, { start, end }: Detection): boolean {
	return start >= from && end <= to;
}

function isMeant(state: CallState, detection: Detection): boolean {
	return detection.detector === 'pii' ? counts(state, 'scan_output', detection) : isSure(detection, undefined);
}

function reported(state: CallState, { replace }: Piece): readonly Finding[] {
	if (replace.length === 0) return nothing;
	const classes = [...new Set(replace.map((detection) => detection.class))].sort().join(', ');
	const message = `Personal data in the output was replaced: ${classes}.`;
	return [finding(state, 'scan_output', { code: 'content_replaced', message, action: 'log' })];
}
