/** Trains the tagger of names and addresses: averaged structured perceptron. */
import {
	buckets,
	featureCount,
	featuresOf,
	islands,
	labels,
	type TaggerModel,
	tag,
	type Words,
	wordsOf,
} from '../pii/tagger.ts';
import { tokenize } from '../text/tokens.ts';
import { type LabelledText, seeded, shuffle } from './data.ts';

const epochs = 12;

interface Sequence {
	readonly words: Words;
	readonly gold: Uint8Array;
}

export function trainPeople(rows: readonly LabelledText[]): TaggerModel & { readonly weights: Float64Array } {
	const sequences = rows.flatMap(sequencesOf);
	const weights = new Float64Array(buckets * labels);
	const sums = new Float64Array(buckets * labels);
	const moves = new Array<number>((labels + 1) * labels).fill(0);
	const moveSums = new Array<number>((labels + 1) * labels).fill(0);
	const random = seeded(20_261_128);
	let step = 1;
	const add = (bucket: number, label: number, by: number): void => {
		weights[bucket * labels + label]! += by;
		sums[bucket * labels + label]! += by * step;
	};
	const move = (from: number, to: number, by: number): void => {
		moves[from * labels + to]! += by;
		moveSums[from * labels + to]! += by * step;
	};
	for (let epoch = 0; epoch < epochs; epoch += 1)
		for (const { words, gold } of shuffle(sequences, random)) {
			const guess = tag(words, { weights, transitions: moves, scale: 1 }).labels;
			step += 1;
			for (let index = 0; index < words.count; index += 1) {
				const before = index === 0 ? labels : gold[index - 1]!;
				const beforeGuess = index === 0 ? labels : guess[index - 1]!;
				if (gold[index] !== guess[index])
					for (const bucket of bucketsOf(words, index)) {
						add(bucket, gold[index]!, 1);
						add(bucket, guess[index]!, -1);
					}
				if (gold[index] !== guess[index] || before !== beforeGuess) {
					move(before, gold[index]!, 1);
					move(beforeGuess, guess[index]!, -1);
				}
			}
		}
	return {
		weights: weights.map((weight, at) => weight - sums[at]! / step),
		transitions: moves.map((weight, at) => weight - moveSums[at]! / step),
		scale: 1,
	};
}

function bucketsOf(words: Words, index: number): Int32Array {
	const out = new Int32Array(featureCount);
	featuresOf(words, index, out);
	return out;
}

function sequencesOf({ text, spans = [] }: LabelledText): readonly Sequence[] {
	const tokens = tokenize(text);
	const gold = tokens.map(({ start, end }) => {
		const span = spans.find(
			(one) => one.start < end && one.end > start && (one.class === 'name' || one.class === 'address'),
		);
		return span === undefined ? 0 : span.class === 'name' ? 1 : 2;
	});
	return islands(tokens).map(([from, to]) => ({
		words: wordsOf(text, tokens.slice(from, to)),
		gold: Uint8Array.from(gold.slice(from, to)),
	}));
}
