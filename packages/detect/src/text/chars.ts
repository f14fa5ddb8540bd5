/** Classes of UTF-16 units, as a table: the scanners ask them of every character. */
const DIGIT = 1;
const LOWER = 2;
const UPPER = 4;
const OTHER_LETTER = 8;
const SPACE = 16;
const HEX = 32;
const BASE64 = 64;

const classes = new Uint8Array(65_536);
for (let code = 0x80; code < 65_536; code += 1) {
	// Surrogates count as letters: half of what is beyond the BMP is letters, and none of it ends a word safely.
	if (code >= 0xd800 && code <= 0xdfff) classes[code] = OTHER_LETTER;
	else {
		const char = String.fromCharCode(code);
		if (/\p{Lu}/u.test(char)) classes[code] = UPPER;
		else if (/\p{Ll}/u.test(char)) classes[code] = LOWER;
		else if (/[\p{L}\p{M}]/u.test(char)) classes[code] = OTHER_LETTER;
		else if (/\p{Zs}/u.test(char) || code === 0x2028 || code === 0x2029) classes[code] = SPACE;
	}
}
for (let code = 48; code <= 57; code += 1) classes[code] = DIGIT | HEX;
for (let code = 65; code <= 90; code += 1) {
	classes[code] = UPPER | (code <= 70 ? HEX : 0);
	classes[code + 32] = LOWER | (code <= 70 ? HEX : 0);
}
for (const code of [43, 45, 47, 95]) classes[code] = BASE64;
for (let code = 48; code <= 122; code += 1)
	if ((classes[code]! & (DIGIT | LOWER | UPPER)) !== 0) classes[code]! |= BASE64;
for (const code of [9, 10, 11, 12, 13, 32]) classes[code] = SPACE;

export function isDigit(code: number): boolean {
	return code >= 48 && code <= 57;
}
export function isHex(code: number): boolean {
	return (classes[code]! & HEX) !== 0;
}
export function isLetter(code: number): boolean {
	return (classes[code]! & (LOWER | UPPER | OTHER_LETTER)) !== 0;
}
export function isUpper(code: number): boolean {
	return (classes[code]! & UPPER) !== 0;
}
export function isLower(code: number): boolean {
	return (classes[code]! & LOWER) !== 0;
}
export function isSpace(code: number): boolean {
	return (classes[code]! & SPACE) !== 0;
}
/** Letter, digit or a mark on a letter. */
export function isWordChar(code: number): boolean {
	return (classes[code]! & (LOWER | UPPER | OTHER_LETTER | DIGIT)) !== 0;
}
export function isAsciiAlnum(code: number): boolean {
	return code < 128 && (classes[code]! & (LOWER | UPPER | DIGIT)) !== 0;
}
/** Character of base64 or base64url, without padding. */
export function isBase64(code: number): boolean {
	return (classes[code]! & BASE64) !== 0;
}

/** Chinese, Japanese, Thai, Lao, Khmer, Burmese: written without spaces between words. */
export function isUnspaced(code: number): boolean {
	return (
		(code >= 0x2e80 && code <= 0x9fff) ||
		(code >= 0x0e00 && code <= 0x0eff) ||
		(code >= 0x1000 && code <= 0x109f) ||
		(code >= 0x1780 && code <= 0x17ff) ||
		(code >= 0xf900 && code <= 0xfaff)
	);
}

/** First offset from `at` on whose unit fails `holds`, at most `to`. */
export function runEnd(text: string, at: number, to: number, holds: (code: number) => boolean): number {
	let end = at;
	while (end < to && holds(text.charCodeAt(end))) end += 1;
	return end;
}

/** Shannon entropy in bits a character, over the units of `text`. */
export function entropy(text: string): number {
	const counts = new Map<number, number>();
	for (let at = 0; at < text.length; at += 1) {
		const code = text.charCodeAt(at);
		counts.set(code, (counts.get(code) ?? 0) + 1);
	}
	let bits = 0;
	for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
	return bits;
}
