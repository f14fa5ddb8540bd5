/** What is learnt from, and how it is parted into folds. */
import { foldOf, type LabelledText, readRows } from './data.ts';

export const folds = 5;

/** Rows that the model of injections learns from. An ordinary sentence in a document is no attack to learn. */
export function injectionData(folder: string): readonly LabelledText[] {
	const obfuscated = readRows(folder, 'obfuscation').filter(({ label, plain }) => label === 0 || plain !== undefined);
	const harmless = readRows(folder, 'overrefusal').filter(({ label }) => label === 0);
	const located = withSpans(readRows(folder, 'injection')).filter(({ category }) => category !== 'indirect_bare');
	return [...located, ...obfuscated, ...harmless];
}
/** Where the same document stands in the data without the attack, or with another one, what differs is the attack. */
function withSpans(rows: readonly LabelledText[]): readonly LabelledText[] {
	const documents = Map.groupBy(
		rows.filter(({ group }) => group !== undefined),
		({ group }) => group,
	);
	return rows.map((row) => {
		if (row.category !== 'indirect_trigger' || row.attack !== undefined) return row;
		const others = (documents.get(row.group) ?? []).filter((other) => other !== row);
		const [shortest] = others
			.map((other) => inserted(row.text, other.text))
			.filter((attack) => attack.length > 0 && attack.length < 600)
			.sort((a, b) => a.length - b.length);
		return shortest === undefined ? row : { ...row, attack: shortest };
	});
}
function inserted(text: string, other: string): string {
	let head = 0;
	while (head < other.length && text[head] === other[head]) head += 1;
	let tail = 0;
	while (tail < other.length - head && text.at(-1 - tail) === other.at(-1 - tail)) tail += 1;
	return text.slice(head, text.length - tail);
}

/** An attack and its encodings are one group: what was learnt in the clear must not be recognised in base64. */
export function injectionFold({ group, plain, text }: LabelledText): number {
	return foldOf(group ?? (plain ?? text).slice(0, 200), folds);
}

/** By the group that the data states alone: other encodings of an attack, and the attack in the clear, may be learnt from. */
export function statedFold({ group, id }: LabelledText): number {
	return foldOf(group ?? id, folds);
}

/** Rows that the tagger learns from: sentences, not bare fixtures of recognisers. */
export function peopleData(folder: string): readonly LabelledText[] {
	return readRows(folder, 'pii').filter(
		({ category, source }) => !category.startsWith('rec') && source !== 'tappass-authored',
	);
}
