import { quote } from '../value/index.ts';

/** A string in double quotes with everything outside ASCII escaped (`strconv.QuoteToASCII`). */
export function quoteAscii(text: string): string {
	return quote(text).replace(/[^\0-\x7f]/gu, (char) => {
		const code = char.codePointAt(0)!;
		return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
	});
}

/** One character in single quotes (`strconv.QuoteRune`). */
export function quoteChar(char: string, ascii: boolean): string {
	if (char === "'") return "'\\''";
	if (char === '"') return `'"'`;
	return `'${(ascii ? quoteAscii(char) : quote(char)).slice(1, -1)}'`;
}
