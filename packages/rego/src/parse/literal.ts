/** Texts of number and string literals, and what they mean. */

import { limits } from './limits.ts';

/** Binary exponents beyond this are refused: printing such a number takes time that grows with the exponent. */
const exponentMax = 1e5;

/** Why OPA refuses a number literal, or undefined for a good one. `text` has been scanned as digits, `.` and exponent. */
export function numberFault(text: string): 'number too big' | 'too long' | undefined {
	if (text.length > limits.numberLength) return 'too long';
	const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
	const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
	const digits = whole + fraction;
	const leading = digits.search(/[1-9]/);
	if (leading < 0) return undefined;
	const decimal = Number(exponent) + whole.length - leading;
	return Math.abs(decimal) * Math.log2(10) > exponentMax ? 'number too big' : undefined;
}

/** Meaning of the text between double quotes, or undefined where an escape or a control character is none of JSON's. */
export function unescaped(inner: string): string | undefined {
	let at = inner.indexOf('\\');
	if (at < 0) return inner;
	if (hasControl(inner)) return undefined;
	let out = '';
	let from = 0;
	for (; at >= 0; at = inner.indexOf('\\', from)) {
		out += inner.slice(from, at);
		const c = inner.charAt(at + 1);
		if (c === 'u') {
			const unit = hex(inner, at + 2);
			if (unit === undefined) return undefined;
			from = at + 6;
			const low = unit >= 0xd800 && unit <= 0xdbff && inner.startsWith('\\u', from) ? hex(inner, from + 2) : undefined;
			if (low !== undefined && low >= 0xdc00 && low <= 0xdfff) {
				out += String.fromCharCode(unit, low);
				from += 6;
			} else out += unit >= 0xd800 && unit <= 0xdfff ? '\ufffd' : String.fromCharCode(unit);
		} else {
			const meant = escapes[c];
			if (meant === undefined) return undefined;
			out += meant;
			from = at + 2;
		}
	}
	return out + inner.slice(from);
}

const escapes: Readonly<Record<string, string | undefined>> = {
	'"': '"',
	'\\': '\\',
	'/': '/',
	b: '\b',
	f: '\f',
	n: '\n',
	r: '\r',
	t: '\t',
};

function hasControl(text: string): boolean {
	for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) < 0x20) return true;
	return false;
}

function hex(text: string, at: number): number | undefined {
	const digits = text.slice(at, at + 4);
	return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : undefined;
}

/** Text between the braces and quotes of a template string with its `\{` undone. */
export function withoutBraceEscapes(inner: string): string {
	if (!inner.includes('\\{')) return inner;
	let out = '';
	for (let at = 0; at < inner.length; at++) {
		if (inner[at] === '\\' && inner[at + 1] === '{') continue;
		out += inner[at];
		// A backslash that escapes a backslash does not escape the brace after it.
		if (inner[at] === '\\' && inner[at + 1] === '\\') out += inner[++at];
	}
	return out;
}
