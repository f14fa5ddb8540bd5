/**
 * Finds instructions that are hidden: in characters nobody sees, or behind an encoding. Encoded text as such is no finding;
 * what it says is read by the model of injections.
 */
import type { Detection } from '../detection.ts';
import { confidenceOf } from '../injection/detect-injection.ts';
import { type LinearModel, worstWindow } from '../injection/model.ts';
import { matchRules } from '../injection/rules.ts';
import type { FoldSigns } from '../normalize/fold.ts';
import { type Normalized, normalize, type View } from '../normalize/normalize.ts';

export interface ObfuscationOptions {
	/** Confidence from which a text counts, 0 to 1; 0.5 when not stated. Lower is stricter. */
	readonly threshold?: number;
	readonly decodeDepth?: number;
}

/** Hidden or encoded instructions in `text`. */
export function detectObfuscation(text: string, options: ObfuscationOptions = {}): readonly Detection[] {
	const { decodeDepth } = options;
	return obfuscationIn(normalize(text, decodeDepth === undefined ? {} : { decodeDepth }), options);
}

/** The same for a text that is already normalised. */
export function obfuscationIn(normalized: Normalized, options: ObfuscationOptions = {}): readonly Detection[] {
	const least = options.threshold ?? 0.5;
	return judge(normalized).filter(({ confidence }) => confidence >= least);
}

/** Everything that may be hidden, with its confidence; `model` in place of the shipped one. */
export function judge({ views, signs }: Normalized, model?: LinearModel): readonly Detection[] {
	const found: Detection[] = signs.hidden.map(({ kind, start, end }) =>
		detection(`hidden_${kind}`, { start, end }, 0.95),
	);
	const span = { start: signs.first, end: Math.max(signs.first + 1, signs.last) };
	const length = views[0].text.length;
	// One mark out of place is a stray from copying; a text full of them was made so.
	if (signs.zeroWidth >= 3 && signs.zeroWidth * 12 >= length) found.push(detection('zero_width', span, 0.9));
	if (signs.bidi > 0) found.push(detection('bidi_override', span, 0.9));
	if (signs.stacked >= 5 && signs.stacked * 4 >= length) found.push(detection('stacked_marks', span, 0.85));
	for (const view of views) {
		const changed = view.kind !== 'folded' || isDisguised(signs);
		if (!changed) continue;
		const worst = worstWindow(view.text, model);
		const rule = Math.max(0, ...matchRules(view.text).map(({ confidence }) => confidence));
		const score = worst === undefined ? -10 : worst.score + bonusOf(view);
		const place = view.kind === 'folded' ? span : view.locate(0, view.text.length);
		const name = view.kind === 'folded' ? 'disguised_letters' : view.kind;
		found.push(detection(name, place, Math.max(rule, confidenceOf(score))));
	}
	return found;
}

/** Nobody writes an honest text so: the encoding itself is half of the proof. */
const tellingKinds: Readonly<Partial<Record<View['kind'], number>>> = {
	rot13: 1.75,
	scrambled: 1.75,
};
function bonusOf(view: View): number {
	return tellingKinds[view.kind] ?? 1.15;
}
function isDisguised({ confusable, styled, zeroWidth, stacked, bidi }: FoldSigns): boolean {
	return confusable >= 2 || styled >= 4 || zeroWidth >= 2 || stacked >= 3 || bidi > 0;
}
function detection(
	name: string,
	{ start, end }: { readonly start: number; readonly end: number },
	confidence: number,
): Detection {
	return { detector: 'obfuscation', class: name, start, end, confidence };
}
