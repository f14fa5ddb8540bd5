/** Words to look up in a text: nearly every word of a text is none of them, and most are known not to be by their outline. */

/** Longest length that is told apart. */
const lengthMax = 31;

/** First character, last character and length of a set of words. */
export class Outlines {
	readonly #lengths = new Uint32Array(1_024);

	constructor(words: Iterable<string>) {
		for (const word of words) this.#lengths[placeOf(word, 0, word.length)]! |= bitOf(word.length);
	}

	/** Whether the word of `text`, in whichever case, may be one of the set. False is certain. */
	mayHold(text: string, start: number, end: number): boolean {
		// Past ASCII a letter may be made small to one of another outline: such a word is looked up.
		if ((text.charCodeAt(start) | text.charCodeAt(end - 1)) > 127) return true;
		return (this.#lengths[placeOf(text, start, end)]! & bitOf(end - start)) !== 0;
	}
}

/** A map from words in lower case, asked with words as they stand in a text. */
export class WordIndex<T> {
	readonly #outlines: Outlines;
	readonly #words: ReadonlyMap<string, T>;

	constructor(words: ReadonlyMap<string, T>) {
		this.#words = words;
		this.#outlines = new Outlines(words.keys());
	}

	/** What the word of `text` from `start` to `end` stands for. */
	get(text: string, start: number, end: number): T | undefined {
		if (!this.#outlines.mayHold(text, start, end)) return undefined;
		return this.#words.get(text.slice(start, end).toLowerCase());
	}
}

/** Five bits of a character are the same for a letter in either case. */
function placeOf(text: string, start: number, end: number): number {
	return ((text.charCodeAt(start) & 31) << 5) | (text.charCodeAt(end - 1) & 31);
}
function bitOf(length: number): number {
	return 1 << (length < lengthMax ? length : lengthMax);
}
