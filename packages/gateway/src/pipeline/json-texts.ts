import type { Json } from '@tappass/core';

/** A string inside a JSON value, keys apart, and where it stands. */
export interface JsonText {
	/** JSON pointer. */
	readonly at: string;
	readonly text: string;
	/** The name of a member, which cannot be written over. */
	readonly key: boolean;
}

/** Fewer digits are no card, account or telephone number. */
export const longNumber = 100_000_000;

/** A name can carry what a value may not. Those of the wires are short. */
export const plainName: RegExp = /^[A-Za-z_$][\w$-]{0,18}$/;

/** Every string in a value, and every number that is long. Names of members are texts as well: an argument's name can carry what its value may not. */
export function textsOf(value: Json, at = ''): readonly JsonText[] {
	if (typeof value === 'string') return value === '' ? [] : [{ at, text: value, key: false }];
	if (typeof value === 'number' && Math.abs(value) >= longNumber) return [{ at, text: String(value), key: false }];
	if (typeof value !== 'object' || value === null) return [];
	if (isList(value)) return value.flatMap((item, index) => textsOf(item, `${at}/${index}`));
	return Object.entries(value).flatMap(([name, inner]) => {
		const below = `${at}/${escaped(name)}`;
		return [{ at: below, text: name, key: true }, ...textsOf(inner, below)];
	});
}

/** The value with other strings at some places. */
export function withTexts(value: Json, edits: ReadonlyMap<string, string>, at = ''): Json {
	if (edits.size === 0) return value;
	if (typeof value === 'string' || typeof value === 'number') return edits.get(at) ?? value;
	if (typeof value !== 'object' || value === null) return value;
	if (isList(value)) return value.map((item, index) => withTexts(item, edits, `${at}/${index}`));
	return Object.fromEntries(
		Object.entries(value).map(([key, inner]) => [key, withTexts(inner, edits, `${at}/${escaped(key)}`)]),
	);
}

function escaped(key: string): string {
	return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

// `Array.isArray` does not narrow a readonly list.
function isList(value: Json): value is readonly Json[] {
	return Array.isArray(value);
}
