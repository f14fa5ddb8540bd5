import { gatewayLimits } from '../../limits.ts';
import type { CallState, ReadText } from '../call-state.ts';
import { textsOf } from '../json-texts.ts';
import { numberOf } from '../parameters.ts';
import { readText } from '../readings.ts';
import { defineStep, nothing, type Step } from '../step.ts';

/** Step 12: makes every text of the call ready for detectors: Unicode folded, encodings taken off, the way back kept. */
export const normalizeText: Step = defineStep('normalize_text', {
	budget: gatewayLimits.stepComputesMs,
	run: (state, context) => {
		if (!isAnyoneLooking(state)) return nothing;
		const depth = numberOf(state, 'normalize_text', 'decode_depth_max');
		state.texts = givenTexts(state).map((text) => ({ ...text, reading: readText(text.text, depth, context) }));
		return nothing;
	},
});

const readers = [
	'detect_prompt_injection',
	'detect_obfuscation',
	'detect_secrets',
	'detect_pii',
	'detect_exfiltration',
] as const;

// To read a prompt that no detector looks at would cost more than all other steps together.
function isAnyoneLooking({ policy }: CallState): boolean {
	return readers.some((name) => policy?.pipeline.steps[name].enabled ?? true);
}

// What gives orders to a model by right, and what it said itself: its own output was judged when it came.
const ownRoles: ReadonlySet<string> = new Set(['system', 'developer', 'assistant']);

function givenTexts({ call }: CallState): readonly Omit<ReadText, 'reading'>[] {
	if (call.kind === 'model')
		return call.texts.map(({ at, text, role, fixed = false }) => ({
			at,
			text,
			editable: !fixed,
			foreign: !ownRoles.has(role),
		}));
	return textsOf(call.args).map(({ at, text, key }) => ({ at, text, editable: !key, foreign: true }));
}
