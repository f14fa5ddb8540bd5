import { CORE_SCHEMA, load } from 'js-yaml';

// Whatever the strict reader refuses or reads with care, and whatever could differ between two parsers: anchors, aliases,
// tags, merge keys, directives, document marks, complex keys, keys that are no text, tabs, carriage returns, names that
// JavaScript treats specially. A match only means that the strict reader reads the text.
const unusual = new RegExp(
	[
		String.raw`(?:^|[\s,[{:?-])(?:[&*](?=[^\s"'])|!(?!["']))`,
		'<<',
		String.raw`^(?:---|\.\.\.|%)`,
		String.raw`(?:^|\s)\?(?:\s|$)`,
		String.raw`(?:^|[\s,[{-])(?:true|false|null|~|[-+.]?\d[\w.+-]*|)\s*:(?:[\s,\]}]|$)`,
		String.raw`[{,]\s*(?:true|false|null|~|[-+.]?\d[\w.+-]*)\s*[,}]`,
		// Too large for a number: one parser makes it infinite, the other a text.
		String.raw`\d\.?e[-+]?\d{3}`,
		'__proto__|constructor|prototype',
		String.raw`[\t\r\u0000\u0085\u2028\u2029\ufeff]`,
	].join('|'),
	'im',
);

/**
 * The value of an ordinary YAML document, or undefined when the strict reader must decide. Reading with places costs five
 * times as much on a cold start, and most documents never have to say where they are at fault. What is returned here is
 * what the strict reader returns; a test holds the two to each other.
 */
export function quickValue(text: string): { readonly value: unknown } | undefined {
	if (unusual.test(text)) return undefined;
	try {
		const value = load(text, { schema: CORE_SCHEMA });
		return typeof value === 'object' && value !== null ? { value } : undefined;
	} catch {
		// It is at fault, or too deep: the strict reader says where.
		return undefined;
	}
}
