/** Common names, from the lexicon of `compromise`, as Bloom filters. */
import nlp from 'compromise/three';
import { bitOf, filterBits, filterHashes } from '../pii/names.ts';
import { hashWord } from '../text/tokens.ts';

interface Lexicon {
	readonly one: { readonly lexicon: Readonly<Record<string, string | readonly string[]>> };
}

export function nameLists(): { readonly given: readonly string[]; readonly family: readonly string[] } {
	const { lexicon } = (nlp.model() as Lexicon).one;
	const tagged = (tags: readonly string[]): readonly string[] =>
		Object.keys(lexicon)
			.filter((word) => [lexicon[word]!].flat().some((tag) => tags.includes(tag)))
			.sort();
	return { given: tagged(['MaleName', 'FemaleName', 'FirstName']), family: tagged(['LastName']) };
}

export function packNames(names: readonly string[]): string {
	const bytes = new Uint8Array(filterBits / 8);
	for (const name of names)
		for (let index = 0; index < filterHashes; index += 1) {
			const bit = bitOf(hashWord(name), index);
			bytes[bit >> 3]! |= 1 << (bit & 7);
		}
	return Buffer.from(bytes).toString('base64');
}

export function namesModule(given: string, family: string): string {
	return `// Common names as Bloom filters. Written by \`npm run detect:train\`; do not edit.
export const givenNames =
	'${given}';
export const familyNames =
	'${family}';
`;
}
