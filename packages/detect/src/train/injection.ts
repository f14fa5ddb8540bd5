/** Trains the model of injections: logistic regression over windows, by stochastic gradient with AdaGrad steps. */
import { buckets, type LinearModel, type Reading, read, windowSizes, windowsOf } from '../injection/model.ts';
import { normalize } from '../normalize/normalize.ts';
import { type LabelledText, seeded, shuffle } from './data.ts';

const epochs = 8;
const rate = 0.12;
const decay = 2e-6;
/** Weight of an attack against a harmless window: there are many more of the latter, and missing is dearer than it looks. */
const attackWeight = 1.5;
/** Windows of one text that are learnt from; long texts would outvote short ones. */
const windowsOfTextMax = 24;

interface Example {
	readonly reading: Reading;
	readonly from: number;
	readonly to: number;
	readonly kind: number;
	readonly label: number;
	readonly weight: number;
}

export function trainInjection(rows: readonly LabelledText[]): LinearModel & { readonly weights: Float64Array } {
	const random = seeded(20_261_128);
	const examples = rows.flatMap((row) => examplesOf(row, random));
	const weights = new Float64Array(buckets);
	const squares = new Float64Array(buckets).fill(1e-6);
	const biases = new Array<number>(windowSizes.length + 1).fill(-1);
	for (let epoch = 0; epoch < epochs; epoch += 1)
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
	return { weights, scale: 1, biases };
}

function examplesOf(row: LabelledText, random: () => number): readonly Example[] {
	const weight = (row.label === 1 ? attackWeight : 1) * (row.noisy === true ? 0.5 : 1);
	return normalize(row.plain ?? row.text).views.flatMap((view, index) => {
		// What an attack decodes to by chance is no attack; a harmless text has none in any view.
		if (row.label === 1 && index > 0 && row.attack === undefined && view.kind !== 'base64' && view.kind !== 'hex')
			return [];
		const reading = read(view.text);
		const span = attackSpan(view.text, row);
		const all = [...windowsOf(reading.tokens.length, [0, 1, 2, 3])].map(([from, to, kind]): Example => {
			const inside = row.label === 1 && overlaps(reading, from, to, span);
			return { reading, from, to, kind, label: inside ? 1 : 0, weight: inside ? weight : 1 };
		});
		// Which part of a long jailbreak is the attack nobody says: the whole is one, of its windows every second is learnt.
		const usable =
			row.label === 1 && row.attack === undefined ? all.filter(({ kind }, at) => kind >= 2 || at % 2 === 0) : all;
		const kept =
			usable.length <= windowsOfTextMax
				? usable
				: [usable[0]!, ...shuffle(usable.slice(1), random).slice(0, windowsOfTextMax)];
		const share = Math.min(1, 4 / Math.sqrt(kept.length));
		return kept.map((example) => ({ ...example, weight: example.weight * (example.kind === 3 ? 1 : share) }));
	});
}

function attackSpan(text: string, { attack }: LabelledText): readonly [number, number] | undefined {
	if (attack === undefined) return undefined;
	const at = text.indexOf(attack);
	return at < 0 ? undefined : [at, at + attack.length];
}
function overlaps({ tokens }: Reading, from: number, to: number, span: readonly [number, number] | undefined): boolean {
	if (span === undefined) return true;
	const start = tokens[from]!.start;
	const end = tokens[to - 1]!.end;
	const shared = Math.min(end, span[1]) - Math.max(start, span[0]);
	return shared >= 0.5 * Math.min(end - start, span[1] - span[0]);
}
