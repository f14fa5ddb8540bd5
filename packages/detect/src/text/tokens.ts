/** Words, numbers and signs of a text, with what a model asks of each. */
import { isDigit, isLetter, isUnspaced, isUpper, isWordChar } from './chars.ts';

export interface Token {
	readonly start: number;
	readonly end: number;
	/** Of the word in lower case; of the sign itself. */
	readonly hash: number;
	/** Kind of writing: 0 sign, 1 lower case, 2 Capitalised, 3 ALL CAPITALS, 4 digits, 5 mixed, 6 initial, 7 line break. */
	readonly shape: number;
}

const apostrophes = "'’-";

/** Tokens of `text` from `from` to `to`. A blank is no token, a line break is one. */
export function tokenize(text: string, from = 0, to: number = text.length): Token[] {
	const tokens: Token[] = [];
	for (let at = from; at < to; ) {
		const code = text.charCodeAt(at);
		if (code === 32 || code === 9 || code === 13) {
			at += 1;
			continue;
		}
		const start = at;
		if (isWordChar(code)) at = wordEnd(text, at, to);
		else at += 1;
		tokens.push({ start, end: at, hash: hashWord(text, start, at), shape: shapeOf(text, start, at, code) });
	}
	return tokens;
}

function wordEnd(text: string, at: number, to: number): number {
	if (isUnspaced(text.charCodeAt(at))) return at + 1;
	let end = at + 1;
	while (end < to) {
		const code = text.charCodeAt(end);
		if (isWordChar(code) && !isUnspaced(code)) end += 1;
		else if (
			apostrophes.includes(text[end]!) &&
			end + 1 < to &&
			isLetter(text.charCodeAt(end + 1)) &&
			isLetter(text.charCodeAt(end - 1))
		)
			end += 2;
		else break;
	}
	return end;
}

/** FNV-1a over the units, letters in lower case. */
export function hashWord(text: string, start: number, end: number): number {
	let hash = 0x811c9dc5;
	for (let at = start; at < end; at += 1) {
		let code = text.charCodeAt(at);
		if (code >= 65 && code <= 90) code += 32;
		hash = Math.imul(hash ^ code, 0x01000193);
	}
	return hash >>> 0;
}

function shapeOf(text: string, start: number, end: number, first: number): number {
	if (first === 10) return 7;
	if (!isWordChar(first)) return 0;
	let digits = 0;
	let upper = 0;
	for (let at = start; at < end; at += 1) {
		const code = text.charCodeAt(at);
		if (isDigit(code)) digits += 1;
		else if (isUpper(code)) upper += 1;
	}
	const length = end - start;
	if (digits === length) return 4;
	if (digits > 0) return 5;
	if (upper === 0) return 1;
	if (length === 1) return 6;
	if (upper === length) return 3;
	return isUpper(first) ? 2 : 5;
}

/** Mixes a feature's number into a hash. */
export function mix(hash: number, feature: number): number {
	let value = Math.imul(hash ^ Math.imul(feature + 1, 0x9e3779b1), 0x85ebca6b);
	value ^= value >>> 15;
	return Math.imul(value, 0xc2b2ae35) >>> 0;
}
