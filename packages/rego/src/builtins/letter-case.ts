/**
 * Upper and lower case one code point at a time, as Go does: no letter becomes two (`ß` stays), and no letter looks at
 * its neighbours (a final `Σ` becomes `σ`), unlike JavaScript's own conversion.
 */
export function toUpper(text: string): string {
	return ascii.test(text) ? text.toUpperCase() : convert(text, upperOf);
}

/** See `toUpper`. */
export function toLower(text: string): string {
	return ascii.test(text) ? text.toLowerCase() : convert(text, lowerOf);
}

const ascii = /^[\0-\x7f]*$/;

function convert(text: string, of: (char: string) => string): string {
	let result = '';
	for (const char of text) result += of(char);
	return result;
}

function upperOf(char: string): string {
	const upper = char.toUpperCase();
	return isOneLetter(upper) ? upper : (greekTitle(char.codePointAt(0)!) ?? char);
}

function lowerOf(char: string): string {
	// The only letter whose full lower case is longer than its simple one.
	if (char === '\u0130') return 'i';
	const lower = char.toLowerCase();
	return isOneLetter(lower) ? lower : char;
}

function isOneLetter(text: string): boolean {
	return text.length === (text.codePointAt(0)! > 0xffff ? 2 : 1);
}

/** Greek letters with a subscript iota: their one-letter upper case is the title form. */
function greekTitle(code: number): string | undefined {
	if (code >= 0x1f80 && code <= 0x1faf && (code & 8) === 0) return String.fromCodePoint(code + 8);
	if (code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3) return String.fromCodePoint(code + 9);
	return undefined;
}
