/**
 * `api_token = "…"`, `password: …`, `--secret …`: a telling name, a sign of assignment, a value. One pass over the text;
 * each name looks at most `valueDistanceMax` characters ahead for its value.
 */
import { limits } from '../limits.ts';
import { isAsciiAlnum, runEnd } from '../text/chars.ts';
import { looksChosen, looksRandom } from './value.ts';

export interface Assignment {
	readonly kind: 'secret' | 'password';
	/** Of the value. */
	readonly start: number;
	readonly end: number;
}

/** Blanks, quotes, `string`, `:=`, `=>`: what stands between a name and its value. */
const valueDistanceMax = 24;
const nameLengthMax = 80;

/** Values in `text` that are assigned to a name of a credential and look like one. */
export function assignments(text: string): readonly Assignment[] {
	const found: Assignment[] = [];
	for (let at = 0; at < text.length; ) {
		if (!isNameUnit(text.charCodeAt(at))) {
			at += 1;
			continue;
		}
		let end = at + 1;
		while (end < text.length && isNameUnit(text.charCodeAt(end))) end += 1;
		// A sign of assignment is rarer, and cheaper to see, than a telling name.
		const option = text.charCodeAt(at) === 45;
		const may = end - at <= nameLengthMax && (option || !isProse(text, end));
		const value = may ? valueAfter(text, end, option) : undefined;
		const kind = value === undefined ? undefined : kindOf(text.slice(at, end));
		if (kind !== undefined && value !== undefined) {
			const raw = text.slice(value.start, value.end);
			if (
				(looksRandom(raw) && fits(text.slice(at, end), raw)) ||
				(kind === 'password' && value.sure && looksChosen(raw))
			) {
				found.push({ kind, start: value.start, end: value.end });
				at = value.end;
				if (found.length >= limits.detectionsMax) break;
				continue;
			}
		}
		at = end;
	}
	return found;
}

/** Where a vendor fixes the length, another length is another thing: AWS secrets have 40 characters. */
function fits(name: string, value: string): boolean {
	return !/aws_?secret/i.test(name) || value.length === 40;
}

/** A blank and a small letter follow, as behind most words: there is no sign of assignment. `s` may begin `string`. */
function isProse(text: string, at: number): boolean {
	const code = text.charCodeAt(at + 1);
	return text.charCodeAt(at) === 32 && code >= 97 && code <= 122 && code !== 115;
}

function isNameUnit(code: number): boolean {
	return isAsciiAlnum(code) || code === 95 || code === 45;
}

const passwordName = /passw(?:or)?d|passwd|passphrase|pwd$|^pass$|_pass$/;
const secretName =
	/token|secret|api[_-]?key|apikey|access[_-]?key|private[_-]?key|auth|credential|client[_-]?id|client$|login$|[a-z0-9_-]key$|key[_-]?id$|webhook/;
/** Names that hold such words and mean something else. */
const harmless =
	/public|primary|foreign|cache|sort|partition|author|tokenizer|tokens$|_max|keyboard|keyword|monkey|pagination|csrf|xsrf|nonce/;

function kindOf(name: string): Assignment['kind'] | undefined {
	const lower = name.toLowerCase();
	if (passwordName.test(lower)) return 'password';
	return secretName.test(lower) && !harmless.test(lower) ? 'secret' : undefined;
}

interface Value {
	readonly start: number;
	readonly end: number;
	/** There was a sign of assignment, not a blank alone. */
	readonly sure: boolean;
}

/** @param option the name is one of a command line: a blank alone parts it from its value */
function valueAfter(text: string, from: number, option: boolean): Value | undefined {
	const to = Math.min(text.length, from + valueDistanceMax);
	let at = from;
	let sure = false;
	let quote = '';
	while (at < to) {
		const char = text[at]!;
		if (char === '=' || char === ':' || char === '>') {
			sure = true;
			quote = '';
		} else if (char === '"' || char === "'" || char === '`') quote = quote === char ? '' : char;
		else if (char === 's' && text.startsWith('string', at)) at += 5;
		// A second argument, or the next column.
		else if (char === ',' && at > from) sure = true;
		else if (!' \t.|(['.includes(char) && !(char === '\\' && text[at + 1] === '"')) break;
		at += 1;
	}
	sure ||= quote !== '';
	if (at >= to || at === from || !(sure || option)) return undefined;
	const end = runEnd(text, at, Math.min(text.length, at + limits.tokenLengthMax), isValueUnit);
	return end - at < 6 ? undefined : { start: at, end, sure };
}
function isValueUnit(code: number): boolean {
	// Blank, quotes, comma, semicolon, angle brackets and closing round bracket end a value.
	return code > 32 && !(code < 97 && '"\'),;<>`'.includes(String.fromCharCode(code)));
}
