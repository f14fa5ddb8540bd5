/** Trains the model of injections: logistic regression over windows, by stochastic gradient with AdaGrad steps. */
import {
	buckets,
	eachWindow,
	type LinearModel,
	type Reading,
	read,
	windowSizes,
	worstWindow,
} from '../injection/model.ts';
import { normalize } from '../normalize/normalize.ts';
import { type LabelledText, seeded, shuffle } from './data.ts';
import { phrases } from './phrases.ts';

const epochs = 16;
/** First epoch whose weights count: the model is the mean of those of all later ones. */
const averagedFrom = 6;
/** Orders in which the data is learnt; the mean depends less on chance than any of them, and costs a reader nothing. */
const orders = 3;
const rate = 0.12;
const decay = 1e-4;
/** Weight of an attack against a harmless window: there are many more of the latter, and missing is dearer than it looks. */
const attackWeight = 1.5;
/** Weight of a window read by concepts alone. */
const conceptWeight = 0.3;
/** Windows of one text that are learnt from; long texts would outvote short ones. */
const windowsOfTextMax = 24;

/**
 * Taken from every score, so that a confidence of 0.5 is where about one harmless text in a hundred is over it: read off the
 * cross-validation of `npm run detect:report`.
 */
const offset = 2.12;

interface Example {
	readonly reading: Reading;
	readonly from: number;
	readonly to: number;
	readonly kind: number;
	readonly label: number;
	readonly weight: number;
}

export function trainInjection(rows: readonly LabelledText[]): Trained {
	const all = [...rows, ...phrases()];
	const unlocated = all.filter(({ category, attack }) => category.startsWith('indirect') && attack === undefined);
	const known = all.filter((row) => !unlocated.includes(row));
	// Which part of a document is the attack, a first model says; the second learns from that part alone.
	const first = learn(known);
	const located = unlocated.map((row) => {
		const worst = worstWindow(row.text, first);
		return worst === undefined ? row : { ...row, attack: row.text.slice(worst.start, worst.end) };
	});
	return learn([...known, ...located]);
}

type Trained = LinearModel & { readonly weights: Float64Array };

/** The mean of models that met the same data in different orders: linear models have one. */
function learn(rows: readonly LabelledText[]): Trained {
	const weights = new Float64Array(buckets);
	const biases = new Array<number>(windowSizes.length + 1).fill(-offset);
	for (let order = 0; order < orders; order += 1) {
		const learnt = learnInOrder(rows, seeded(20_261_128 + 7_919 * order));
		addTo(weights, learnt.weights, 1 / orders);
		addTo(biases, learnt.biases, 1 / orders);
	}
	return { weights, scale: 1, biases };
}

function addTo(sum: { [at: number]: number }, values: ArrayLike<number>, share: number): void {
	for (let at = 0; at < values.length; at += 1) sum[at]! += values[at]! * share;
}

function learnInOrder(
	rows: readonly LabelledText[],
	random: () => number,
): { readonly weights: Float64Array; readonly biases: readonly number[] } {
	const examples = rows.flatMap((row) => examplesOf(row, random));
	const weights = new Float64Array(buckets);
	const squares = new Float64Array(buckets).fill(1e-6);
	const biases = new Array<number>(windowSizes.length + 1).fill(-1);
	const mean = { weights: new Float64Array(buckets), biases: biases.map(() => 0) };
	for (let epoch = 0; epoch < epochs; epoch += 1) {
		for (const { reading, from, to, kind, label, weight } of shuffle(examples, random)) {
			const first = reading.starts[from]!;
			const last = reading.starts[to]!;
			const norm = Math.sqrt(to - from);
			let sum = 0;
			for (let at = first; at < last; at += 1) sum += weights[reading.features[at]!]!;
			const error = (1 / (1 + Math.exp(-(sum / norm + biases[kind]!))) - label) * weight;
			biases[kind]! -= 0.01 * error;
			if (Math.abs(error) < 1e-3) continue;
			const gradient = error / norm;
			for (let at = first; at < last; at += 1) {
				const bucket = reading.features[at]!;
				squares[bucket]! += gradient * gradient;
				weights[bucket] = weights[bucket]! * (1 - decay) - (rate * gradient) / Math.sqrt(squares[bucket]!);
			}
		}
		if (epoch < averagedFrom) continue;
		addTo(mean.weights, weights, 1 / (epochs - averagedFrom));
		addTo(mean.biases, biases, 1 / (epochs - averagedFrom));
	}
	return mean;
}

function examplesOf(row: LabelledText, random: () => number): readonly Example[] {
	const weight = (row.label === 1 ? attackWeight : 1) * (row.noisy === true ? 0.5 : 1);
	return normalize(row.plain ?? row.text).views.flatMap((view, index) =>
		[true, false].flatMap((lexical) => {
			// What an attack decodes to by chance is no attack; a harmless text has none in any view.
			if (row.label === 1 && index > 0 && row.attack === undefined && view.kind !== 'base64' && view.kind !== 'hex')
				return [];
			const borrowed = read(view.text, lexical);
			const reading = { ...borrowed, features: borrowed.features.slice(0, borrowed.starts.at(-1)) };
			const span = attackSpan(view.text, row);
			const all: Example[] = [];
			eachWindow(reading.tokens.length, [0, 1, 2, 3], (from, to, kind) => {
				const label = row.label === 0 ? 0 : labelOf(reading, from, to, span);
				if (label !== undefined) all.push({ reading, from, to, kind, label, weight: label === 1 ? weight : 1 });
			});
			if (row.label === 1 && span !== undefined) all.push(...exact(reading, span, weight));
			if (all.length === 0) return [];
			// Which part of a long jailbreak is the attack nobody says: the whole is one, of its windows every second is learnt.
			const usable =
				row.label === 1 && row.attack === undefined ? all.filter(({ kind }, at) => kind >= 2 || at % 2 === 0) : all;
			const kept =
				usable.length <= windowsOfTextMax
					? usable
					: [usable[0]!, ...shuffle(usable.slice(1), random).slice(0, windowsOfTextMax)];
			const share = Math.min(1, 4 / Math.sqrt(kept.length));
			const factor = lexical ? 1 : conceptWeight;
			return kept.map((example) => ({
				...example,
				weight: example.weight * factor * (example.kind === 3 ? 1 : share),
			}));
		}),
	);
}

/** The attack itself, as a window of the size that would hold it. */
function exact(reading: Reading, [start, end]: readonly [number, number], weight: number): readonly Example[] {
	const from = reading.tokens.findIndex((token) => token.end > start);
	const after = reading.tokens.findIndex((token) => token.start >= end);
	const to = after < 0 ? reading.tokens.length : after;
	if (from < 0 || to <= from) return [];
	const size = windowSizes.findIndex((one) => one * 1.5 >= to - from);
	return [{ reading, from, to, kind: size < 0 ? windowSizes.length : size, label: 1, weight }];
}

function attackSpan(text: string, { attack }: LabelledText): readonly [number, number] | undefined {
	if (attack === undefined) return undefined;
	const at = text.indexOf(attack);
	return at < 0 ? undefined : [at, at + attack.length];
}
/** Of a window of an attack: 1 when it is mostly the attack, 0 when it has none of it, undefined when it has a little. */
function labelOf(
	{ tokens }: Reading,
	from: number,
	to: number,
	span: readonly [number, number] | undefined,
): 0 | 1 | undefined {
	if (span === undefined) return 1;
	const start = tokens[from]!.start;
	const end = tokens[to - 1]!.end;
	const shared = Math.min(end, span[1]) - Math.max(start, span[0]);
	if (shared <= 0) return 0;
	return shared >= 0.5 * Math.min(end - start, span[1] - span[0]) && shared >= 0.6 * (end - start) ? 1 : undefined;
}
