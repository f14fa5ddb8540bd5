/**
 * Names of people and street addresses: a linear model reads each word with its neighbours, and the likeliest sequence of
 * labels wins. Weights are trained by `src/train`; only words near a capital or a digit are looked at.
 */
import type { Detection } from '../detection.ts';
import { mix, type Token, tokenize } from '../text/tokens.ts';
import { type PackedWeights, unpackWeights } from '../text/weights.ts';
import { peopleWeights } from './people-weights.ts';

/** Labels: none, name, address. */
export const labels = 3;
export const buckets: number = 1 << 14;
/** Words on each side of a capital or digit that are looked at. */
const reach = 3;

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

/** Names (`person_name`) and addresses (`street_address`) in `text`. */
export function tagPeople(text: string, model: TaggerModel = shipped): readonly Detection[] {
	const tokens = tokenize(text);
	const found: Detection[] = [];
	for (const [from, to] of islands(tokens)) {
		const tagged = tag(text, tokens.slice(from, to), model);
		collect(text, tokens.slice(from, to), tagged, found);
	}
	return found;
}

/** Stretches of tokens, as index pairs, that hold something to look at. */
export function islands(tokens: readonly Token[]): readonly (readonly [number, number])[] {
	const found: [number, number][] = [];
	for (const [index, { shape }] of tokens.entries()) {
		if (shape < 2 || shape === 7) continue;
		const from = Math.max(0, index - reach);
		const to = Math.min(tokens.length, index + reach + 1);
		const last = found.at(-1);
		if (last !== undefined && from <= last[1]) last[1] = to;
		else found.push([from, to]);
	}
	return found;
}

/** Buckets of the features of the token at `index`. */
export function featuresOf(text: string, tokens: readonly Token[], index: number): readonly number[] {
	const token = tokens[index]!;
	const one = tokens[index - 1];
	const two = tokens[index - 2];
	const next = tokens[index + 1];
	const after = tokens[index + 2];
	const start = Math.min(token.end, token.start + 3);
	const suffix3 = hashTail(text, token, 3);
	const list = [
		mix(0, 0),
		mix(token.hash, 1),
		mix(token.shape, 2),
		mix(suffix3, 3),
		mix(hashTail(text, token, 2), 4),
		mix(hashHead(text, token, start), 5),
		mix(one?.hash ?? 1, 6),
		mix(next?.hash ?? 1, 7),
		mix((one?.hash ?? 1) ^ Math.imul(two?.hash ?? 1, 31), 8),
		mix((next?.hash ?? 1) ^ Math.imul(after?.hash ?? 1, 31), 9),
		mix((one?.shape ?? 9) * 100 + token.shape * 10 + (next?.shape ?? 9), 10),
		mix(((two?.shape ?? 9) * 10 + (one?.shape ?? 9)) * 10 + token.shape, 11),
		mix((token.shape * 10 + (next?.shape ?? 9)) * 10 + (after?.shape ?? 9), 12),
		mix(two?.hash ?? 1, 13),
		mix(after?.hash ?? 1, 14),
		mix(Math.imul(token.shape + 1, 7919) ^ (one?.hash ?? 1), 15),
		mix(Math.imul(token.shape + 1, 7919) ^ (next?.hash ?? 1), 16),
		mix(Math.min(8, token.end - token.start) * 10 + token.shape, 17),
		mix(next === undefined ? 1 : hashTail(text, next, 3), 18),
		mix(one === undefined ? 1 : hashTail(text, one, 3), 19),
		mix(Math.imul(suffix3, 31) ^ token.shape, 20),
	];
	return list.map((hash) => hash & (buckets - 1));
}
function hashTail(text: string, { start, end }: Token, count: number): number {
	return hashRange(text, Math.max(start, end - count), end);
}
function hashHead(text: string, { start }: Token, end: number): number {
	return hashRange(text, start, end);
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

/** The likeliest labels of `tokens` (Viterbi). */
export function tag(text: string, tokens: readonly Token[], { weights, transitions, scale }: TaggerModel): Tagged {
	const count = tokens.length;
	const scores = new Float64Array(count * labels);
	for (let index = 0; index < count; index += 1)
		for (const bucket of featuresOf(text, tokens, index))
			for (let label = 0; label < labels; label += 1)
				scores[index * labels + label]! += weights[bucket * labels + label]! * scale;
	const back = new Uint8Array(count * labels);
	let best: number[] = [];
	for (let index = 0; index < count; index += 1) {
		const row: number[] = [];
		for (let label = 0; label < labels; label += 1) {
			let top = -Infinity;
			for (let from = 0; from < labels; from += 1) {
				const before =
					index === 0 ? transitions[labels * labels + label]! : best[from]! + transitions[from * labels + label]!;
				if (before > top) {
					top = before;
					back[index * labels + label] = from;
				}
			}
			row.push(top + scores[index * labels + label]!);
		}
		best = row;
	}
	const out = new Uint8Array(count);
	if (count === 0) return { labels: out, margins: new Float64Array(0) };
	let label = best.indexOf(Math.max(...best));
	const margins = new Float64Array(count);
	for (let index = count - 1; index >= 0; index -= 1) {
		out[index] = label;
		margins[index] = scores[index * labels + label]! - scores[index * labels]!;
		label = back[index * labels + label]!;
	}
	return { labels: out, margins };
}

function collect(text: string, tokens: readonly Token[], tagged: Tagged, found: Detection[]): void {
	for (let index = 0; index < tokens.length; ) {
		const label = tagged.labels[index]!;
		let to = index + 1;
		while (to < tokens.length && tagged.labels[to] === label) to += 1;
		if (label !== 0) {
			let first = index;
			let last = to - 1;
			while (first < last && isEdge(tokens[first]!)) first += 1;
			while (last > first && isEdge(tokens[last]!)) last -= 1;
			let margin = 0;
			for (let at = first; at <= last; at += 1) margin += tagged.margins[at]!;
			margin /= last - first + 1;
			const { start } = tokens[first]!;
			const { end } = tokens[last]!;
			if (!isEdge(tokens[first]!) && /[\p{L}\d]/u.test(text[start]!))
				found.push({
					detector: 'pii',
					class: label === 1 ? 'person_name' : 'street_address',
					start,
					end,
					confidence: 0.5 + 0.45 * Math.tanh(Math.max(0, margin) / 4),
				});
		}
		index = to;
	}
}
function isEdge({ shape }: Token): boolean {
	return shape === 0 || shape === 7;
}
