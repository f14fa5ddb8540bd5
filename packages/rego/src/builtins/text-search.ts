/**
 * Searches for a part in a text, in time linear in both. JavaScript's own search is for parts of some length only: with
 * long ones that nearly repeat themselves it takes text × part.
 */

/** Longest part that is left to JavaScript's own search, in UTF-16 units. */
const nativeMax = 250;

/** Position of the first occurrence of `part` in `text`, or -1. */
export function findText(text: string, part: string): number {
	if (part.length <= nativeMax) return text.indexOf(part);
	for (const at of longOccurrences(text, part, false)) return at;
	return -1;
}

/** Positions of all occurrences of `part`, which is not empty, from left to right. */
export function occurrences(text: string, part: string, overlapping: boolean): Iterable<number> {
	return part.length <= nativeMax
		? shortOccurrences(text, part, overlapping)
		: longOccurrences(text, part, overlapping);
}

/** `text.split(part)`. */
export function splitText(text: string, part: string): readonly string[] {
	if (part.length <= nativeMax) return text.split(part);
	const parts: string[] = [];
	let from = 0;
	for (const at of longOccurrences(text, part, false)) {
		parts.push(text.slice(from, at));
		from = at + part.length;
	}
	parts.push(text.slice(from));
	return parts;
}

function* shortOccurrences(text: string, part: string, overlapping: boolean): Generator<number> {
	const step = overlapping ? 1 : part.length;
	for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + step)) yield at;
}

/** Knuth, Morris and Pratt's search. */
function* longOccurrences(text: string, part: string, overlapping: boolean): Generator<number> {
	const back = borders(part);
	let matched = 0;
	for (let at = 0; at < text.length; at++) {
		const unit = text.charCodeAt(at);
		while (matched > 0 && part.charCodeAt(matched) !== unit) matched = back[matched - 1]!;
		if (part.charCodeAt(matched) === unit) matched++;
		if (matched < part.length) continue;
		yield at + 1 - part.length;
		matched = overlapping ? back[matched - 1]! : 0;
	}
}

/** For each beginning of `part`, how much of it is at its end again. */
function borders(part: string): Int32Array {
	const back = new Int32Array(part.length);
	let length = 0;
	for (let at = 1; at < part.length; at++) {
		const unit = part.charCodeAt(at);
		while (length > 0 && part.charCodeAt(length) !== unit) length = back[length - 1]!;
		if (part.charCodeAt(length) === unit) length++;
		back[at] = length;
	}
	return back;
}
