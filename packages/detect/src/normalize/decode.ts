/** Finds encoded runs in a folded text and reads them. Every finder is one pass over the text. */
import { limits } from '../limits.ts';
import { isBase64, isDigit, isHex, isLetter, isSpace, runEnd } from '../text/chars.ts';
import { WordIndex } from '../text/word-index.ts';
import { bytesOfBase64, bytesOfHex } from './bytes.ts';
import { mayBeShuffled, unscramble } from './unscramble.ts';

export type Encoding =
	| 'base64'
	| 'hex'
	| 'binary'
	| 'percent'
	| 'entities'
	| 'rot13'
	| 'reversed'
	| 'leet'
	| 'spaced'
	| 'scrambled';

/** A text that was read out of another one; offsets are those of the text it was found in. */
export interface Decoded {
	readonly encoding: Encoding;
	readonly text: string;
	readonly start: number;
	readonly end: number;
}

/** Everything encoded that `text` holds, most telling first. */
export function decodeAll(text: string): readonly Decoded[] {
	const found: Decoded[] = [];
	runs(text, found);
	if (text.includes('%')) add(found, 'percent', text, percent(text));
	if (text.includes('&')) add(found, 'entities', text, entities(text));
	wholeText(text, found);
	return found;
}

function add(found: Decoded[], encoding: Encoding, text: string, decoded: string | undefined): void {
	if (decoded !== undefined && decoded !== text) found.push({ encoding, text: decoded, start: 0, end: text.length });
}

/** Base64, hex and binary runs. */
function runs(text: string, found: Decoded[]): void {
	for (let at = 0; at < text.length; ) {
		if (!isBase64(text.charCodeAt(at))) {
			at += 1;
			continue;
		}
		let end = at + 1;
		while (end < text.length && isBase64(text.charCodeAt(end))) end += 1;
		const size = end - at === 2 || end - at === 8 ? groupSize(text, at) : 0;
		if (size !== 0) at = byteGroups(text, at, size, found);
		else {
			if (end - at >= 16) {
				const decoded = readRun(text.slice(at, Math.min(end, at + limits.payloadLengthMax)));
				if (decoded !== undefined) found.push({ ...decoded, start: at, end });
			}
			at = end;
		}
	}
}

function readRun(run: string): Pick<Decoded, 'encoding' | 'text'> | undefined {
	const hexadecimal = run.length % 2 === 0 && runEnd(run, 0, run.length, isHex) === run.length;
	if (hexadecimal) {
		const text = readable(bytesOfHex(run));
		return text === undefined ? undefined : { encoding: 'hex', text };
	}
	// Words and paths are made of the same letters; base64 of text mixes cases or has digits.
	if (!/[0-9A-Z]/.test(run) || !/[a-z0-9]/.test(run)) return undefined;
	// A letter or two of something else may stand before the payload without a space: try each phase.
	for (let skip = 0; skip < 4 && run.length - skip >= 16; skip += 1) {
		const text = readable(bytesOfBase64(run.slice(skip)));
		if (text !== undefined) return { encoding: 'base64', text };
	}
	return undefined;
}

/** `57 68 61 74` and `01010111 01101000`: bytes written apart. Returns where the row of them ends. */
function byteGroups(text: string, start: number, size: 2 | 8, found: Decoded[]): number {
	const bytes: number[] = [];
	let at = start;
	while (groupSize(text, at) === size) {
		if (bytes.length < limits.payloadLengthMax)
			bytes.push(Number.parseInt(text.slice(at, at + size), size === 2 ? 16 : 2));
		at += size;
		if (text[at] !== ' ') break;
		at += 1;
	}
	const end = Math.max(start + size, text[at - 1] === ' ' ? at - 1 : at);
	const decoded = bytes.length < 6 ? undefined : readable(Uint8Array.from(bytes));
	if (decoded !== undefined) found.push({ encoding: size === 2 ? 'hex' : 'binary', text: decoded, start, end });
	return end;
}
function groupSize(text: string, at: number): 0 | 2 | 8 {
	const end = runEnd(text, at, Math.min(text.length, at + 9), isHex);
	if (end - at === 2) return 2;
	if (end - at !== 8) return 0;
	for (let bit = at; bit < end; bit += 1) if (text[bit] !== '0' && text[bit] !== '1') return 0;
	return 8;
}

const utf8 = new TextDecoder('utf-8');
/** The bytes as text, when they are text that a person would read. */
function readable(bytes: Uint8Array): string | undefined {
	if (bytes.length < 6) return undefined;
	// Random bytes fail here on average after three: most hashes and keys cost nothing.
	let ascii = 0;
	for (const byte of bytes) {
		if (byte >= 32 && byte < 127) ascii += 1;
		else if (byte < 9 || (byte > 13 && byte < 32) || byte === 127) return undefined;
	}
	const text = utf8.decode(bytes);
	const broken = text.split('\ufffd').length - 1;
	if (broken > 1 && broken > text.length / 100) return undefined;
	let letters = 0;
	for (let at = 0; at < text.length; at += 1) {
		const code = text.charCodeAt(at);
		if (isLetter(code) || isSpace(code)) letters += 1;
	}
	const plausible = letters >= text.length * 0.6 && (ascii === bytes.length || broken <= 1);
	return plausible ? text : undefined;
}

function percent(text: string): string | undefined {
	let count = 0;
	const decoded = text.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
		count += run.length / 3;
		return utf8.decode(bytesOfHex(run.replaceAll('%', '')));
	});
	return count >= 6 ? decoded : undefined;
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };
function entities(text: string): string | undefined {
	let count = 0;
	const decoded = text.replace(
		/&(?:#[xX]([0-9a-fA-F]{1,6})|#([0-9]{1,7})|([a-z]{2,4}));/g,
		(all, hex, decimal, name) => {
			if (name !== undefined) return named[name] ?? all;
			const code = Number.parseInt(hex ?? decimal, hex === undefined ? 10 : 16);
			if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return all;
			count += 1;
			return String.fromCodePoint(code);
		},
	);
	return count >= 4 ? decoded : undefined;
}

/** The commonest English words, and those of attacks, as they look when encoded. */
const wordKinds: WordIndex<'rot13' | 'reversed'> = new WordIndex(
	new Map(
		'the and you to of is in it for with this that your me not all previous ignore instructions password prompt what how say was are'
			.split(' ')
			.flatMap((word) => [
				[rot13(word), 'rot13'] as const,
				...(isPlainReversed(word) ? [] : [[[...word].reverse().join(''), 'reversed'] as const]),
			]),
	),
);
/** `saw`, `ton`, `era`, `on`: words that are words either way. */
function isPlainReversed(word: string): boolean {
	return ['was', 'not', 'are', 'me', 'it', 'for', 'in', 'how'].includes(word);
}
const leetLetters: Readonly<Record<string, string>> = { '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't' };

/** Encodings of a whole text: counted word by word in one pass, then undone where the count says so. */
function wholeText(text: string, found: Decoded[]): void {
	const { words, rot, reversed, leet, singles, shuffled, named } = countWords(text);
	if (rot >= 2 || (rot >= 1 && words <= 8) || named === 'rot13') add(found, 'rot13', text, rot13(text));
	if (reversed >= 2 || (reversed >= 1 && words <= 8) || named === 'reverse')
		add(found, 'reversed', text, [...text].reverse().join(''));
	if (leet >= 2 && leet * 4 >= words)
		add(
			found,
			'leet',
			text,
			text.replace(/[013457]/g, (char) => leetLetters[char]!),
		);
	if (singles >= 6) add(found, 'spaced', text, closeUp(text));
	// A word in sixteen: two typing errors in a long document are just that.
	if (shuffled >= 2 && shuffled * 16 >= words) add(found, 'scrambled', text, unscramble(text));
}

interface WordCounts {
	readonly words: number;
	readonly rot: number;
	readonly reversed: number;
	readonly leet: number;
	/** Most single characters in a row. */
	readonly singles: number;
	/** Words that may be shuffled ones. */
	readonly shuffled: number;
	/** An encoding that the text speaks of. */
	readonly named: 'rot13' | 'reverse' | undefined;
}

function countWords(text: string): WordCounts {
	let words = 0;
	let rot = 0;
	let reversed = 0;
	let leet = 0;
	let single = 0;
	let singles = 0;
	let shuffled = 0;
	let named: WordCounts['named'];
	const to = text.length;
	for (let at = 0; at < to; ) {
		const start = at;
		let digits = 0;
		for (; at < to; at += 1) {
			const code = text.charCodeAt(at);
			if (isLetter(code)) continue;
			if (!isDigit(code)) break;
			digits += 1;
		}
		const length = at - start;
		if (length === 0) {
			at += 1;
			continue;
		}
		words += 1;
		single = length === 1 ? single + 1 : 0;
		if (single > singles) singles = single;
		if (length < 2 || length > 16) continue;
		if (digits > 0) {
			if (length >= 3 && digits < length && digits <= (length - digits) * 2) leet += 1;
			if (length === 5 && text.slice(start, at).toLowerCase() === 'rot13') named = 'rot13';
			continue;
		}
		const kind = length > 12 ? undefined : wordKinds.get(text, start, at);
		if (kind === 'rot13') rot += 1;
		else if (kind === 'reversed') reversed += 1;
		if (length >= 7 && isReverse(text, start)) named ??= 'reverse';
		if (mayBeShuffled(text, start, at)) shuffled += 1;
	}
	return { words, rot, reversed, leet, singles, shuffled, named };
}

function isReverse(text: string, start: number): boolean {
	return (text.charCodeAt(start) | 32) === 114 && text.slice(start, start + 7).toLowerCase() === 'reverse';
}

function rot13(text: string): string {
	return text.replace(/[a-zA-Z]/g, (char) => {
		const base = char <= 'Z' ? 65 : 97;
		return String.fromCharCode(((char.charCodeAt(0) - base + 13) % 26) + base);
	});
}

/** `I g n o r e   a l l` to `Ignore all`: one blank parts letters, more part words. */
function closeUp(text: string): string {
	const chars: string[] = [];
	for (let at = 0; at < text.length; ) {
		if (!isSpace(text.charCodeAt(at))) {
			chars.push(text[at]!);
			at += 1;
			continue;
		}
		const end = runEnd(text, at, text.length, isSpace);
		const before = at >= 2 ? isSpace(text.charCodeAt(at - 2)) : true;
		const after = end + 1 < text.length ? isSpace(text.charCodeAt(end + 1)) : true;
		if (end - at > 1 || !(before || after)) chars.push(' ');
		at = end;
	}
	return chars.join('');
}
