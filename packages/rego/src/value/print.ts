import { isNumber } from './compare.ts';
import { numberText } from './number.ts';
import { objectEntries } from './object.ts';
import { RegoSet } from './set.ts';
import type { ObjectValue, Value } from './value.ts';
import { spendWritten } from './work.ts';

/** The text of a value as a Rego term: `{"a": 1}`, `{1, 2}`, `set()`, strings quoted. Sets and keys come in Rego order. */
export function print(v: Value): string {
	if (typeof v === 'string') return quote(v);
	if (v === null || typeof v === 'boolean') return String(v);
	if (isNumber(v)) return numberText(v);
	spendWritten(Array.isArray(v) ? v.length : 1);
	if (Array.isArray(v)) return `[${(v as readonly Value[]).map(print).join(', ')}]`;
	if (v instanceof RegoSet) return v.size === 0 ? 'set()' : `{${v.values().map(print).join(', ')}}`;
	return `{${objectEntries(v as ObjectValue)
		.map(([key, value]) => `${print(key)}: ${print(value)}`)
		.join(', ')}}`;
}

const plain = /^[ !#-[\]-~]*$/;
const unprintable = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;
const named: Readonly<Record<string, string>> = {
	'"': '\\"',
	'\\': '\\\\',
	'\u0007': '\\a',
	'\b': '\\b',
	'\f': '\\f',
	'\n': '\\n',
	'\r': '\\r',
	'\t': '\\t',
	'\v': '\\v',
};

/** A string in double quotes, with Go's escapes (`strconv.Quote`): `\x00` and `\u00a0` for what is not printable. */
export function quote(text: string): string {
	return plain.test(text) ? `"${text}"` : `"${text.replace(unprintable, escapeChar)}"`;
}

function escapeChar(char: string): string {
	const name = named[char];
	if (name !== undefined) return name;
	const code = char.codePointAt(0)!;
	if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
	return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}
