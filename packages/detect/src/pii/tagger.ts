/**
 * Names of people and street addresses: a linear model reads each word with its neighbours, and the likeliest sequence of
 * labels wins. Weights are trained by `src/train`; only words near a capital or a digit are looked at.
 */
import type { Detection } from '../detection.ts';
import { isDigit, isUpper } from '../text/chars.ts';
import { mix, type Token, tokenize } from '../text/tokens.ts';
import { type PackedWeights, unpackWeights } from '../text/weights.ts';
import { nameKind } from './names.ts';
import { peopleWeights } from './people-weights.ts';

/** Labels: none, name, address. */
export const labels = 3;
export const buckets: number = 1 << 14;
/** Words on each side of a capital or digit that are looked at. */
const reach = 2;

export interface TaggerModel {
	/** `labels` weights for each bucket. */
	readonly weights: Int8Array | Float64Array;
	/** From label (row; the last is the beginning) to label. */
	readonly transitions: readonly number[];
	readonly scale: number;
}

const shipped: TaggerModel = modelOf(peopleWeights);
export function modelOf(packed: PackedWeights): TaggerModel {
	return { weights: unpackWeights(packed), transitions: packed.extra, scale: packed.scale };
}

/** Names (`person_name`) and addresses (`street_address`) in `text`, but for those in stretches that end before `since`. */
export function tagPeople(text: string, since: number, model: TaggerModel = shipped): readonly Detection[] {
	const tokens = tokenize(text, calmBefore(text, since));
	const found: Detection[] = [];
	for (const [from, to] of islands(tokens)) {
		if (tokens[to - 1]!.end <= since) continue;
		const size = to - from;
		if (size > scratch.size) scratch = { size: 2 * size, words: room(2 * size), tagging: taggingRoom(2 * size) };
		fill(scratch.words, text, tokens, from, to);
		collect(text, tokens, [from, to], tag(scratch.words, model, scratch.tagging), found);
	}
	return found;
}

/** Where, before `since`, so many words without a capital or digit begin that no stretch reaches over them; 0 if nowhere. */
function calmBefore(text: string, since: number): number {
	let at = since;
	// A word that goes on behind `since` may still get its capital.
	while (at > 0 && !isBlank(text.charCodeAt(at - 1))) at -= 1;
	for (let calm = 0; at > 0; ) {
		const end = at;
		while (at > 0 && isBlank(text.charCodeAt(at - 1))) at -= 1;
		let loud = at === end;
		for (; at > 0 && !isBlank(text.charCodeAt(at - 1)); at -= 1) {
			const code = text.charCodeAt(at - 1);
			loud ||= isUpper(code) || isDigit(code);
		}
		calm = loud ? 0 : calm + 1;
		if (calm > 2 * reach) return at;
	}
	return 0;
}
function isBlank(code: number): boolean {
	return code === 32 || code === 10;
}

/** Stretches of tokens, as index pairs, that hold something to look at. */
export function islands(tokens: readonly Token[]): readonly (readonly [number, number])[] {
	const found: [number, number][] = [];
	for (let index = 0; index < tokens.length; index += 1) {
		const { shape } = tokens[index]!;
		if (shape < 2 || shape === 7) continue;
		const from = Math.max(0, index - reach);
		const to = Math.min(tokens.length, index + reach + 1);
		const last = found.at(-1);
		if (last !== undefined && from <= last[1]) last[1] = to;
		else found.push([from, to]);
	}
	return found;
}

/** What every word of a stretch is asked once, and its neighbours too. */
export interface Words {
	count: number;
	readonly hash: Int32Array;
	readonly shape: Uint8Array;
	readonly length: Uint8Array;
	readonly tail3: Int32Array;
	readonly tail2: Int32Array;
	readonly head3: Int32Array;
	/** 0, or 1 for a common given name, 2 for a common family name, 3 for both, of a word that is written as a name. */
	readonly known: Uint8Array;
}

/** Two places of nothing stand on each side, so that every word has neighbours. */
const margin = 2;
const nothing = 9;

export function wordsOf(text: string, tokens: readonly Token[]): Words {
	const words = room(tokens.length);
	fill(words, text, tokens, 0, tokens.length);
	return words;
}

/** Room for so many words and what stands beside them. */
function room(count: number): Words {
	const size = count + 2 * margin;
	return {
		count,
		hash: new Int32Array(size).fill(1),
		shape: new Uint8Array(size).fill(nothing),
		length: new Uint8Array(size),
		tail3: new Int32Array(size).fill(1),
		tail2: new Int32Array(size).fill(1),
		head3: new Int32Array(size).fill(1),
		known: new Uint8Array(size),
	};
}

/** Asks the tokens from `from` to `to`; `words` may have served another stretch before. */
function fill(words: Words, text: string, tokens: readonly Token[], from: number, to: number): void {
	words.count = to - from;
	for (let index = from; index < to; index += 1) {
		const { start, end, hash, shape } = tokens[index]!;
		const at = index - from + margin;
		words.hash[at] = hash;
		words.shape[at] = shape;
		words.length[at] = Math.min(8, end - start);
		words.tail3[at] = hashRange(text, Math.max(start, end - 3), end);
		words.tail2[at] = hashRange(text, Math.max(start, end - 2), end);
		words.head3[at] = hashRange(text, start, Math.min(end, start + 3));
		words.known[at] = shape === 2 || shape === 3 ? nameKind(hash) : 0;
	}
	for (let at = words.count + margin; at < words.count + 2 * margin; at += 1) {
		words.hash[at] = 1;
		words.shape[at] = nothing;
		words.length[at] = 0;
		words.tail3[at] = 1;
		words.tail2[at] = 1;
		words.head3[at] = 1;
		words.known[at] = 0;
	}
}

/** Features of one word. */
export const featureCount = 26;
const mask = buckets - 1;

/** Writes the buckets of the features of the word at `index` to `out`. */
export function featuresOf(words: Words, index: number, out: Int32Array): void {
	const at = index + margin;
	const { hash, shape, tail3, known } = words;
	const h0 = hash[at]!;
	const s0 = shape[at]!;
	const h1 = hash[at - 1]!;
	const h2 = hash[at - 2]!;
	const n1 = hash[at + 1]!;
	const n2 = hash[at + 2]!;
	const s1 = shape[at - 1]!;
	const s2 = shape[at - 2]!;
	const t1 = shape[at + 1]!;
	const t2 = shape[at + 2]!;
	const k0 = known[at]!;
	const written = Math.imul(s0 + 1, 7919);
	out[0] = mix(0, 0) & mask;
	out[1] = mix(h0, 1) & mask;
	out[2] = mix(s0, 2) & mask;
	out[3] = mix(tail3[at]!, 3) & mask;
	out[4] = mix(words.tail2[at]!, 4) & mask;
	out[5] = mix(words.head3[at]!, 5) & mask;
	out[6] = mix(h1, 6) & mask;
	out[7] = mix(n1, 7) & mask;
	out[8] = mix(h1 ^ Math.imul(h2, 31), 8) & mask;
	out[9] = mix(n1 ^ Math.imul(n2, 31), 9) & mask;
	out[10] = mix(s1 * 100 + s0 * 10 + t1, 10) & mask;
	out[11] = mix((s2 * 10 + s1) * 10 + s0, 11) & mask;
	out[12] = mix((s0 * 10 + t1) * 10 + t2, 12) & mask;
	out[13] = mix(h2, 13) & mask;
	out[14] = mix(n2, 14) & mask;
	out[15] = mix(written ^ h1, 15) & mask;
	out[16] = mix(written ^ n1, 16) & mask;
	out[17] = mix(words.length[at]! * 10 + s0, 17) & mask;
	out[18] = mix(tail3[at + 1]!, 18) & mask;
	out[19] = mix(tail3[at - 1]!, 19) & mask;
	out[20] = mix(Math.imul(tail3[at]!, 31) ^ s0, 20) & mask;
	out[21] = mix(k0, 21) & mask;
	out[22] = mix(k0 * 100 + known[at + 1]! * 10 + known[at - 1]!, 22) & mask;
	out[23] = mix(known[at + 1]! * 10 + s0, 23) & mask;
	out[24] = mix(known[at - 1]! * 10 + s0, 24) & mask;
	out[25] = mix(k0 * 100 + s1 * 10 + t1, 25) & mask;
}
function hashRange(text: string, start: number, end: number): number {
	let hash = 17;
	for (let at = start; at < end; at += 1) {
		let code = text.charCodeAt(at);
		if (code >= 65 && code <= 90) code += 32;
		hash = Math.imul(hash, 31) + code;
	}
	return hash >>> 0;
}

interface Tagged {
	readonly labels: Uint8Array;
	/** How much better than none each token's label is. */
	readonly margins: Float64Array;
}

interface Tagging extends Tagged {
	readonly scores: Float64Array;
	readonly back: Uint8Array;
	/** Scores of the best ways to each label, of the word before and of the one that is read. */
	readonly best: Float64Array;
	readonly row: Float64Array;
}
function taggingRoom(count: number): Tagging {
	return {
		labels: new Uint8Array(count),
		margins: new Float64Array(count),
		scores: new Float64Array(count * labels),
		back: new Uint8Array(count * labels),
		best: new Float64Array(labels),
		row: new Float64Array(labels),
	};
}

/** Kept between texts, as a stretch is short and a text has many; nothing is read that was not written for it. */
let scratch: { readonly size: number; readonly words: Words; readonly tagging: Tagging } = {
	size: 64,
	words: room(64),
	tagging: taggingRoom(64),
};
const buffer = new Int32Array(featureCount);

/** The likeliest labels of `words` (Viterbi), written to `to`. */
export function tag(
	words: Words,
	{ weights, transitions, scale }: TaggerModel,
	to: Tagging = taggingRoom(words.count),
): Tagged {
	const { count } = words;
	const { scores, back, labels: out, margins } = to;
	for (let index = 0; index < count; index += 1) {
		const row = index * labels;
		let none = 0;
		let name = 0;
		let address = 0;
		featuresOf(words, index, buffer);
		for (let feature = 0; feature < featureCount; feature += 1) {
			const at = buffer[feature]! * labels;
			none += weights[at]!;
			name += weights[at + 1]!;
			address += weights[at + 2]!;
		}
		scores[row] = none * scale;
		scores[row + 1] = name * scale;
		scores[row + 2] = address * scale;
	}
	let { best, row } = to;
	for (let index = 0; index < count; index += 1) {
		for (let label = 0; label < labels; label += 1) {
			let top = index === 0 ? transitions[labels * labels + label]! : -Infinity;
			back[index * labels + label] = 0;
			for (let from = 0; from < labels && index > 0; from += 1) {
				const before = best[from]! + transitions[from * labels + label]!;
				if (before > top) {
					top = before;
					back[index * labels + label] = from;
				}
			}
			row[label] = top + scores[index * labels + label]!;
		}
		[best, row] = [row, best];
	}
	if (count === 0) return to;
	let label = 0;
	for (let other = 1; other < labels; other += 1) if (best[other]! > best[label]!) label = other;
	for (let index = count - 1; index >= 0; index -= 1) {
		out[index] = label;
		margins[index] = scores[index * labels + label]! - scores[index * labels]!;
		label = back[index * labels + label]!;
	}
	return to;
}

/** Detections among the tokens from `from` to `to`, which `tagged` labels. */
function collect(
	text: string,
	tokens: readonly Token[],
	[from, end]: readonly [from: number, to: number],
	tagged: Tagged,
	found: Detection[],
): void {
	for (let index = from; index < end; ) {
		const label = tagged.labels[index - from]!;
		let to = index + 1;
		while (to < end && tagged.labels[to - from] === label) to += 1;
		if (label !== 0) {
			let first = index;
			let last = to - 1;
			while (first < last && isEdge(tokens[first]!)) first += 1;
			while (last > first && isEdge(tokens[last]!)) last -= 1;
			let margin = 0;
			for (let at = first; at <= last; at += 1) margin += tagged.margins[at - from]!;
			margin /= last - first + 1;
			const { start } = tokens[first]!;
			const { end: stop } = tokens[last]!;
			if (!isEdge(tokens[first]!) && /[\p{L}\d]/u.test(text[start]!))
				found.push({
					detector: 'pii',
					class: label === 1 ? 'person_name' : 'street_address',
					start,
					end: stop,
					confidence: 0.5 + 0.45 * Math.tanh(Math.max(0, margin) / 4),
				});
		}
		index = to;
	}
}
function isEdge({ shape }: Token): boolean {
	return shape === 0 || shape === 7;
}
