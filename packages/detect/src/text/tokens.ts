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

/** Tokens of `text` from `from` on. A blank is no token, a line break is one. */
export function tokenize(text: string, from = 0): Token[] {
	const tokens: Token[] = [];
	for (let at = from; at < text.length; ) {
		const code = text.charCodeAt(at);
		if (code === 32 || code === 9 || code === 13) at += 1;
		else if (isWordChar(code)) at = word(text, at, tokens);
		else {
			tokens.push({ start: at, end: at + 1, hash: step(offsetBasis, code), shape: code === 10 ? 7 : 0 });
			at += 1;
		}
	}
	return tokens;
}

/** Reads the word at `start`: where it ends, its hash and its shape, in one pass. */
function word(text: string, start: number, tokens: Token[]): number {
	let hash = offsetBasis;
	let digits = 0;
	let upper = 0;
	let end = start;
	let code = text.charCodeAt(start);
	const to = isUnspaced(code) ? start + 1 : text.length;
	do {
		if (isDigit(code)) digits += 1;
		else if (isUpper(code)) upper += 1;
		hash = step(hash, code);
		end += 1;
		if (end >= to) break;
		code = text.charCodeAt(end);
	} while (isWordChar(code) ? code < 0xe00 || !isUnspaced(code) : isJoint(text, end, code));
	const length = end - start;
	tokens.push({ start, end, hash: hash >>> 0, shape: shapeOf(length, digits, upper, isUpper(text.charCodeAt(start))) });
	return end;
}
/** An apostrophe or hyphen between letters is part of the word. */
function isJoint(text: string, at: number, code: number): boolean {
	if (code !== 39 && code !== 0x2019 && code !== 45) return false;
	return isLetter(text.charCodeAt(at - 1)) && at + 1 < text.length && isLetter(text.charCodeAt(at + 1));
}

const offsetBasis = 0x811c9dc5;
function step(hash: number, code: number): number {
	return Math.imul(hash ^ (code >= 65 && code <= 90 ? code + 32 : code), 0x01000193);
}

/** FNV-1a over the units of a word, letters in lower case. */
export function hashWord(word: string): number {
	let hash = offsetBasis;
	for (let at = 0; at < word.length; at += 1) hash = step(hash, word.charCodeAt(at));
	return hash >>> 0;
}

function shapeOf(length: number, digits: number, upper: number, capital: boolean): number {
	if (digits === length) return 4;
	if (digits > 0) return 5;
	if (upper === 0) return 1;
	if (length === 1) return 6;
	if (upper === length) return 3;
	return capital ? 2 : 5;
}

/** Mixes a feature's number into a hash; the low bits are the good ones. */
export function mix(hash: number, feature: number): number {
	const value = Math.imul(hash ^ Math.imul(feature + 1, 0x9e3779b1), 0x85ebca6b);
	return (value ^ (value >>> 15)) >>> 0;
}
