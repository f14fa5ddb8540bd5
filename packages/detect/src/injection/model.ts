/**
 * Linear model over hashed words, word pairs, pieces of words and concepts. What a word adds does not depend on the window
 * it is read in, so every window of a text is scored from one row of running sums.
 */
import { limits } from '../limits.ts';
import { mix, type Token, tokenize } from '../text/tokens.ts';
import { type PackedWeights, unpackWeights } from '../text/weights.ts';
import { conceptAt } from './concepts.ts';
import { injectionWeights } from './injection-weights.ts';

export const buckets: number = 1 << 17;
/** Lengths of the windows that a text is read in, in tokens, besides the whole. */
export const windowSizes: readonly number[] = [12, 32, 96];

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

/** Most features that one token brings. */
const featuresOfToken = 9;
/** Kept between texts: a text is read in one go, and nothing of it outlives the reading. */
let scratch = new Int32Array(4_096);

/**
 * Reads a folded text. The reading is valid until the next one, unless copied.
 *
 * @param lexical false: concepts alone, so that training can make them carry what is said in other languages
 */
export function read(text: string, lexical = true): Reading {
	const small = text.toLowerCase();
	// A few letters change their length when made small; then offsets would not fit.
	const lower = small.length === text.length ? small : text;
	const tokens = tokenize(text);
	if (scratch.length < tokens.length * featuresOfToken) scratch = new Int32Array(tokens.length * featuresOfToken);
	const features = scratch;
	const starts = new Int32Array(tokens.length + 1);
	let at = 0;
	let one = 1;
	let two = 2;
	let concept1 = -1;
	let concept2 = -1;
	let since = 0;
	for (let index = 0; index < tokens.length; index += 1) {
		starts[index] = at;
		const { start, end, hash, shape } = tokens[index]!;
		if (lexical) {
			features[at++] = bucket(hash, 1);
			features[at++] = bucket(hash ^ Math.imul(one, 31), 2);
			features[at++] = bucket(hash ^ Math.imul(one, 31) ^ Math.imul(two, 961), 3);
			features[at++] = bucket(hash ^ Math.imul(two, 131), 5);
		}
		two = one;
		one = hash;
		since += 1;
		if (shape === 0 || shape === 4 || shape === 7) continue;
		if (lexical && end - start >= 4) {
			// Beginning and end of a word: what is left when it is inflected.
			features[at++] = bucket(hashUnits(lower, start, Math.min(end, start + 5), 7), 10);
			features[at++] = bucket(hashUnits(lower, Math.max(start, end - 4), end, 13), 11);
		}
		const concept = conceptAt(lower, start, end);
		if (concept < 0) continue;
		features[at++] = bucket(concept, 20);
		if (concept1 >= 0 && since <= 8) {
			features[at++] = bucket(setOf(concept, concept1), 21);
			if (concept2 >= 0) features[at++] = bucket(setOf(concept, concept1, concept2), 22);
		}
		concept2 = concept1;
		concept1 = concept;
		since = 0;
	}
	starts[tokens.length] = at;
	return { tokens, features, starts };
}
/** The order of concepts is a matter of the language: it does not count. */
function setOf(...members: readonly number[]): number {
	let set = 0;
	for (const member of members) set |= 1 << member;
	return set;
}
function bucket(hash: number, kind: number): number {
	return mix(hash, kind) & (buckets - 1);
}
function hashUnits(text: string, start: number, end: number, seed: number): number {
	let hash = seed;
	for (let at = start; at < end; at += 1) hash = Math.imul(hash, 31) + text.charCodeAt(at);
	return hash;
}

export interface Window {
	readonly score: number;
	readonly start: number;
	readonly end: number;
}

/** The window of `text` that looks most like an attack; offsets are those of `text`. */
export function worstWindow(text: string, model: LinearModel = shipped): Window | undefined {
	let worst: Window | undefined;
	for (let from = 0; ; from += limits.partLengthMax - limits.partOverlap) {
		const part =
			from === 0 && text.length <= limits.partLengthMax ? text : text.slice(from, from + limits.partLengthMax);
		const found = worstOf(part, model);
		if (found !== undefined && (worst === undefined || found.score > worst.score))
			worst = { score: found.score, start: found.start + from, end: found.end + from };
		if (from + limits.partLengthMax >= text.length) return worst;
	}
}

function worstOf(text: string, model: LinearModel): Window | undefined {
	const reading = read(text);
	const { tokens } = reading;
	if (tokens.length === 0) return undefined;
	const sums = runningSums(reading, model);
	let best = Number.NEGATIVE_INFINITY;
	let first = 0;
	let last = tokens.length;
	eachWindow(tokens.length, model.biases, (from, to, bias) => {
		const score = (sums[to]! - sums[from]!) / Math.sqrt(to - from) + bias;
		if (score <= best) return;
		best = score;
		first = from;
		last = to;
	});
	return { score: best, start: tokens[first]!.start, end: tokens[last - 1]!.end };
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

/** Calls `visit` with each window over `count` tokens: the whole, and half overlapping ones of each size. */
export function eachWindow(
	count: number,
	biases: readonly number[],
	visit: (from: number, to: number, bias: number) => void,
): void {
	visit(0, count, biases[windowSizes.length] ?? 0);
	for (let kind = 0; kind < windowSizes.length; kind += 1) {
		const size = windowSizes[kind]!;
		if (count <= size) continue;
		const step = size >> 1;
		const bias = biases[kind] ?? 0;
		for (let from = 0; from + step < count; from += step) visit(from, Math.min(count, from + size), bias);
	}
}
