import { Outlines } from '../text/word-index.ts';

/**
 * Words whose inner letters were shuffled ("ingroe all prveiuos"): a reader, and a model, still reads them.
 * Only words that attacks are made of are put right, so that ordinary typos change nothing.
 */
const dictionary =
	'ignore disregard forget previous prior above following instructions instruction directions directives commands rules guidelines prompt prompts system password passwords secret secrets passphrase passcode reveal repeat print output display conversation developer administrator override mode message messages response respond reply answer question translate pretend imagine everything confidential user users email address current location country capital start begin continue before after please provide information account access security wikipedia article following located without encoding reverse should would could where there their about which other these write what your with that this from tell give share show have been told initial text word verbatim'.split(
		' ',
	);
const known: ReadonlySet<string> = new Set(dictionary);
const byKey: ReadonlyMap<string, string> = new Map(
	dictionary.filter((word) => word.length >= 5).map((word) => [keyOf(word), word]),
);

/** Shuffling leaves the ends of a word where they are: a cheap way to know most words are not one. */
const outlines = new Outlines(dictionary.filter((word) => word.length >= 5));

/** Whether the word of `text` from `start` to `end` is a shuffled form of a known word. */
export function mayBeShuffled(text: string, start: number, end: number): boolean {
	if (end - start < 5 || !outlines.mayHold(text, start, end)) return false;
	const word = text.slice(start, end).toLowerCase();
	return !known.has(word) && byKey.has(keyOf(word));
}

function keyOf(word: string): string {
	return `${word[0]}${[...word.slice(1, -1)].sort().join('')}${word.at(-1)}`;
}

/** `text` with shuffled words put right, or undefined when fewer than two were. */
export function unscramble(text: string): string | undefined {
	let count = 0;
	const restored = text.replace(/[A-Za-z]{5,14}/g, (word) => {
		const lower = word.toLowerCase();
		if (known.has(lower)) return word;
		const found = byKey.get(keyOf(lower));
		if (found === undefined) return word;
		count += 1;
		return found;
	});
	return count >= 2 ? restored : undefined;
}
