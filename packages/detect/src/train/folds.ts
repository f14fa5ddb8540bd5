/** What is learnt from, and how it is parted into folds. */
import { foldOf, type LabelledText, readRows } from './data.ts';

export const folds = 5;

/** Rows that the model of injections learns from. An ordinary sentence in a document is no attack to learn. */
export function injectionData(folder: string): readonly LabelledText[] {
	const obfuscated = readRows(folder, 'obfuscation').filter(({ label, plain }) => label === 0 || plain !== undefined);
	const harmless = readRows(folder, 'overrefusal').filter(({ label }) => label === 0);
	return [
		...readRows(folder, 'injection').filter(({ category }) => category !== 'indirect_bare'),
		...obfuscated,
		...harmless,
	];
}
/** An attack and its encodings are one group: what was learnt in the clear must not be recognised in base64. */
export function injectionFold({ group, plain, text }: LabelledText): number {
	return foldOf(group ?? (plain ?? text).slice(0, 200), folds);
}

/** Rows that the tagger learns from: sentences, not bare fixtures of recognisers. */
export function peopleData(folder: string): readonly LabelledText[] {
	return readRows(folder, 'pii').filter(
		({ category, source }) => !category.startsWith('rec') && source !== 'tappass-authored',
	);
}
export function peopleFold({ group, id }: LabelledText): number {
	return foldOf(group ?? id, folds);
}
