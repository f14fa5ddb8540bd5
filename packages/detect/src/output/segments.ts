/**
 * Output is judged in segments: stretches that something may begin in, closed by a few words without interest. Where segments
 * begin and end follows from the text before them alone, so that a text cut anywhere has the segments of the whole.
 */
import { limits } from '../limits.ts';
import { isSpace, isUpper } from '../text/chars.ts';

/** Which words may begin, or go on with, something to find; those with signs of numbers, keys and addresses always may. */
export interface Segmenter {
	/** Words with a capital: where names are. */
	readonly capitals: boolean;
	/** Other words. */
	readonly word?: (text: string, start: number, end: number) => boolean;
}

/** One segment: judged on its own, with `limits.outputContext` characters before it to look back at. */
export interface Segment {
	readonly start: number;
	readonly end: number;
	/**
	 * A full window that had to be closed although it went on: only what begins before this offset is decided,
	 * the rest is judged again with what follows.
	 */
	readonly decidedBefore: number;
}

/**
 * The segment that begins at or after `from`; undefined when the rest of the text has none. With `complete` false more text
 * may follow, and `open` says from where it could change what is found.
 */
export function nextSegment(
	text: string,
	from: number,
	complete: boolean,
	{ capitals, word }: Segmenter,
):
	| { readonly kind: 'segment'; readonly segment: Segment }
	| { readonly kind: 'open'; readonly from: number }
	| { readonly kind: 'none' } {
	let start = -1;
	let dull = 0;
	for (let at = from; ; ) {
		if (start >= 0 && at - start >= limits.outputWindowMax) return full(start);
		while (at < text.length && isSpace(text.charCodeAt(at))) {
			at += 1;
			if (start >= 0 && at - start >= limits.outputWindowMax) return full(start);
		}
		if (at >= text.length) break;
		const wordStart = at;
		const stop = start >= 0 ? start + limits.outputWindowMax : wordStart + limits.outputWindowMax;
		const to = Math.min(stop, text.length);
		let marks = 0;
		for (; at < to; at += 1) {
			const mark = markOf(text.charCodeAt(at));
			if (mark === SPACE) break;
			marks |= mark;
		}
		// A word that touches the end may go on: nothing is known of it yet.
		const ended = at < text.length ? isSpace(text.charCodeAt(at)) : complete;
		if (at === stop) return full(start >= 0 ? start : wordStart);
		if (!ended) return { kind: 'open', from: start >= 0 ? start : wordStart };
		const matters =
			at - wordStart >= longWordMin ||
			(marks & SIGN) !== 0 ||
			(capitals && (marks & CAPITAL) !== 0) ||
			word?.(text, wordStart, at) === true;
		if (matters) {
			if (start < 0) start = wordStart;
			dull = 0;
		} else if (start >= 0) {
			dull += 1;
			if (dull >= limits.dullWordsMax) return { kind: 'segment', segment: { start, end: at, decidedBefore: at } };
		}
	}
	if (start < 0) return { kind: 'none' };
	if (!complete) return { kind: 'open', from: start };
	return { kind: 'segment', segment: { start, end: text.length, decidedBefore: text.length } };
}
function full(start: number): { readonly kind: 'segment'; readonly segment: Segment } {
	const end = start + limits.outputWindowMax;
	return { kind: 'segment', segment: { start, end, decidedBefore: start + limits.outputWindowMax / 2 } };
}

/** Length of a word from which on it is as long as numbers, keys and addresses are. */
const longWordMin = 16;
const SIGN = 1;
const CAPITAL = 2;
const SPACE = 4;
const marksOf = new Uint8Array(128);
for (const char of '0123456789@:=/_+#&%<>[({|$\\-') marksOf[char.charCodeAt(0)] = SIGN;
for (let code = 65; code <= 90; code += 1) marksOf[code] = CAPITAL;
for (let code = 0; code < 128; code += 1) if (isSpace(code)) marksOf[code] = SPACE;
/** What a unit says of the word it stands in, or that it parts words. */
function markOf(code: number): number {
	if (code < 128) return marksOf[code]!;
	return isUpper(code) ? CAPITAL : isSpace(code) ? SPACE : 0;
}
