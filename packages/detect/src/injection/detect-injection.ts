/** Finds attempts to take over an agent by text: a linear model over windows of every view, and rules. */
import type { Detection } from '../detection.ts';
import { type Normalized, normalize, type View } from '../normalize/normalize.ts';
import { type LinearModel, worstWindow } from './model.ts';
import { matchRules } from './rules.ts';

/** A model of the operator's, asked beside ours: the higher of the two scores counts. */
export interface ExternalModel {
	/** 0 (harmless) to 1 (an attack). It may be slow; it may not throw to mean harmless. */
	readonly score: (text: string) => number;
}

export interface InjectionOptions {
	/** Confidence from which a text counts as an attack, 0 to 1; 0.5 when not stated. Lower is stricter. */
	readonly threshold?: number;
	readonly decodeDepth?: number;
	/** Off unless given. */
	readonly model?: ExternalModel;
}

/** Attacks in `text`: at most one detection by the model for each view, and one for each rule. */
export function detectInjection(text: string, options: InjectionOptions = {}): readonly Detection[] {
	const decodeDepth = options.decodeDepth;
	return injectionIn(text, normalize(text, decodeDepth === undefined ? {} : { decodeDepth }), options);
}

/** The same for a text that is already normalised. */
export function injectionIn(text: string, { views }: Normalized, options: InjectionOptions = {}): readonly Detection[] {
	const least = options.threshold ?? 0.5;
	const found = views.flatMap((view) => judgeView(view));
	const external = options.model?.score(text);
	if (external !== undefined && !(external >= 0 && external < least))
		// Anything that is not a number below the threshold counts as an attack: a broken model must not open the door.
		found.push({
			detector: 'injection',
			class: 'external_model',
			start: 0,
			end: text.length,
			confidence: Math.min(1, external >= 0 ? external : 1),
		});
	return found.filter(({ confidence }) => confidence >= least);
}

function judgeView(view: View): readonly Detection[] {
	const found: Detection[] = matchRules(view.text).map(({ name, start, end, confidence }) => ({
		detector: 'injection',
		class: name,
		...view.locate(start, end),
		confidence,
	}));
	const worst = worstWindow(view.text);
	if (worst !== undefined)
		found.push({
			detector: 'injection',
			class: view.kind === 'folded' ? 'attack_wording' : 'encoded_attack',
			...view.locate(worst.start, worst.end),
			confidence: confidenceOf(worst.score),
		});
	return found;
}

/** Score of the model to confidence: 0.5 is where one harmless text in a hundred and fifty would be blocked. */
export function confidenceOf(score: number): number {
	return 1 / (1 + Math.exp(-score));
}

/** The highest confidence over all views, and by a given model: what training and reports measure. */
export function scoreViews({ views }: Normalized, model?: LinearModel): number {
	return Math.max(
		...views.map((view) => {
			const rules = matchRules(view.text).map(({ confidence }) => confidence);
			const worst = worstWindow(view.text, model);
			return Math.max(0, ...rules, worst === undefined ? 0 : confidenceOf(worst.score));
		}),
	);
}
