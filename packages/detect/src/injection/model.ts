/**
 * Linear model over hashed words, word pairs, pieces of words and concepts. What a word adds does not depend on the window
 * it is read in, so every window of a text is scored from one row of running sums.
 */
import { isUnspaced } from '../text/chars.ts';
import { mix, type Token, tokenize } from '../text/tokens.ts';
import { type PackedWeights, unpackWeights } from '../text/weights.ts';
import { conceptAt, concepts } from './concepts.ts';
import { injectionWeights } from './injection-weights.ts';

export const buckets: number = 1 << 17;
/** Lengths of the windows that a text is read in, in tokens, besides the whole. */
export const windowSizes: readonly number[] = [12, 32, 96];
/** Tokens after which longer texts are read in parts. */
const tokensMax = 16_384;

export interface LinearModel {
	readonly weights: Int8Array | Float64Array;
	readonly scale: number;
	/** One for each of `windowSizes`, and the last for a whole text. */
	readonly biases: readonly number[];
}

const shipped: LinearModel = modelOf(injectionWeights);
export function modelOf(packed: PackedWeights): LinearModel {
	return { weights: unpackWeights(packed), scale: packed.scale, biases: packed.extra };
}

export interface Reading {
	readonly tokens: readonly Token[];
	/** Buckets of the features that each token brings, one after the other. */
	readonly features: Int32Array;
	/** Where each token's features begin in `features`; one more for the end. */
	readonly starts: Int32Array;
}

/** Reads a folded text. */
export function read(text: string): Reading {
	const lower = text.toLowerCase().length === text.length ? text.toLowerCase() : text;
	const tokens = tokenize(text).slice(0, tokensMax);
	const features: number[] = [];
	const starts = new Int32Array(tokens.length + 1);
	let concept1 = -1;
	let concept2 = -1;
	let since = 0;
	for (let index = 0; index < tokens.length; index += 1) {
		starts[index] = features.length;
		const token = tokens[index]!;
		const one = tokens[index - 1]?.hash ?? 1;
		const two = tokens[index - 2]?.hash ?? 2;
		features.push(bucket(token.hash, 1), bucket(token.hash ^ Math.imul(one, 31), 2));
		features.push(bucket(token.hash ^ Math.imul(one, 31) ^ Math.imul(two, 961), 3));
		features.push(bucket(token.hash ^ Math.imul(two, 131), 5));
		const length = token.end - token.start;
		if (length >= 4 && token.shape !== 4) pieces(lower, token, features);
		since += 1;
		const concept =
			token.shape === 0 || token.shape === 4
				? -1
				: conceptAt(lower, token.start, isUnspaced(lower.charCodeAt(token.start)) ? lower.length : token.end);
		if (concept < 0) continue;
		features.push(bucket(concept, 20));
		if (concept1 >= 0 && since <= 8) features.push(bucket(concept * concepts.length + concept1, 21));
		if (concept2 >= 0 && since <= 8)
			features.push(bucket((concept * concepts.length + concept1) * concepts.length + concept2, 22));
		concept2 = concept1;
		concept1 = concept;
		since = 0;
	}
	starts[tokens.length] = features.length;
	return { tokens, features: Int32Array.from(features), starts };
}
function bucket(hash: number, kind: number): number {
	return mix(hash, kind) & (buckets - 1);
}
function pieces(lower: string, { start, end }: Token, features: number[]): void {
	// Beginning and end of a word: what is left when it is inflected.
	let hash = 7;
	const head = Math.min(end, start + 5);
	for (let at = start; at < head; at += 1) hash = Math.imul(hash, 31) + lower.charCodeAt(at);
	features.push(bucket(hash, 10));
	hash = 13;
	for (let at = Math.max(start, end - 4); at < end; at += 1) hash = Math.imul(hash, 31) + lower.charCodeAt(at);
	features.push(bucket(hash, 11));
}

export interface Window {
	readonly score: number;
	readonly start: number;
	readonly end: number;
}

/** The window of `text` that looks most like an attack; offsets are those of `text`. */
export function worstWindow(text: string, model: LinearModel = shipped): Window | undefined {
	const reading = read(text);
	const { tokens } = reading;
	if (tokens.length === 0) return undefined;
	const sums = runningSums(reading, model);
	let best: Window | undefined;
	for (const [from, to, bias] of windowsOf(tokens.length, model.biases)) {
		const score = (sums[to]! - sums[from]!) / Math.sqrt(to - from) + bias;
		if (best === undefined || score > best.score) best = { score, start: from, end: to };
	}
	return best === undefined
		? undefined
		: { score: best.score, start: tokens[best.start]!.start, end: tokens[best.end - 1]!.end };
}

function runningSums({ tokens, features, starts }: Reading, { weights, scale }: LinearModel): Float64Array {
	const sums = new Float64Array(tokens.length + 1);
	for (let index = 0; index < tokens.length; index += 1) {
		let sum = 0;
		for (let at = starts[index]!; at < starts[index + 1]!; at += 1) sum += weights[features[at]!]!;
		sums[index + 1] = sums[index]! + sum * scale;
	}
	return sums;
}

/** Windows over `count` tokens: half overlapping at each size, and the whole. */
export function* windowsOf(count: number, biases: readonly number[]): Generator<readonly [number, number, number]> {
	yield [0, count, biases[windowSizes.length] ?? 0];
	for (const [kind, size] of windowSizes.entries()) {
		if (count <= size) continue;
		const step = size >> 1;
		for (let from = 0; from + step < count; from += step) yield [from, Math.min(count, from + size), biases[kind] ?? 0];
	}
}
