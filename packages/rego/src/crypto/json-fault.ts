import { quote } from '../value/index.ts';

/** Where a text stops being JSON, and why. */
class Fault extends Error {
	readonly tail: string;

	constructor(message: string, tail: string) {
		super(message);
		this.tail = tail;
	}
}

/** Arrays and objects inside one another, as many as the reader that is imitated takes. */
const depthMax = 300;

/**
 * Says why a text is no JSON in the words of the JSON reader behind OPA's JWT library, or `undefined` where that reader
 * finds nothing: it is more lenient than JSON in numbers and strings.
 */
export function jsonFault(text: string): string | undefined {
	try {
		const tail = skipSpace(skipValue(skipSpace(text), 0));
		return tail === '' ? undefined : `unexpected tail: ${quote(tail)}`;
	} catch (error) {
		if (!(error instanceof Fault)) throw error;
		return `cannot parse JSON: ${error.message}; unparsed tail: ${quote(error.tail)}`;
	}
}

function skipSpace(text: string): string {
	return text.replace(/^[ \t\r\n]+/, '');
}

/** Puts `context` in front of what `read` refuses with. */
function within(context: string, read: () => string): string {
	try {
		return read();
	} catch (error) {
		if (!(error instanceof Fault)) throw error;
		throw new Fault(`${context}: ${error.message}`, error.tail);
	}
}

/** What stands behind the value at the start of `text`. */
function skipValue(text: string, depth: number): string {
	if (text === '') throw new Fault('cannot parse empty string', text);
	if (depth > depthMax) throw new Fault(`too big depth for the nested JSON; it exceeds ${depthMax}`, text);
	if (text.startsWith('{')) return within('cannot parse object', () => skipObject(text, depth + 1));
	if (text.startsWith('[')) return within('cannot parse array', () => skipArray(text, depth + 1));
	if (text.startsWith('"')) return within('cannot parse string', () => skipString(text));
	for (const word of ['true', 'false', 'null']) {
		if (text.startsWith(word)) return text.slice(word.length);
		if (text[0] === word[0]) throw new Fault(`unexpected value found: ${quote(text)}`, text);
	}
	const number = /^[-+.0-9eE]+/.exec(text);
	if (number === null) throw new Fault(`cannot parse number: unexpected char: ${quote(text[0]!)}`, text);
	return text.slice(number[0].length);
}

function skipObject(text: string, depth: number): string {
	let rest = skipSpace(text.slice(1));
	if (rest === '') throw new Fault("missing '}'", rest);
	if (rest.startsWith('}')) return rest.slice(1);
	for (;;) {
		rest = skipSpace(rest);
		if (!rest.startsWith('"')) throw new Fault(`cannot find opening '"" for object key`, rest);
		const key = rest;
		rest = skipSpace(within('cannot parse object key', () => skipString(key)));
		if (!rest.startsWith(':')) throw new Fault("missing ':' after object key", rest);
		const value = skipSpace(rest.slice(1));
		rest = skipSpace(within('cannot parse object value', () => skipValue(value, depth)));
		if (rest === '') throw new Fault('unexpected end of object', rest);
		if (rest.startsWith('}')) return rest.slice(1);
		if (!rest.startsWith(',')) throw new Fault("missing ',' after object value", rest);
		rest = rest.slice(1);
	}
}

function skipArray(text: string, depth: number): string {
	let rest = skipSpace(text.slice(1));
	if (rest === '') throw new Fault("missing ']'", rest);
	if (rest.startsWith(']')) return rest.slice(1);
	for (;;) {
		const value = skipSpace(rest);
		rest = skipSpace(within('cannot parse array value', () => skipValue(value, depth)));
		if (rest === '') throw new Fault('unexpected end of array', rest);
		if (rest.startsWith(']')) return rest.slice(1);
		if (!rest.startsWith(',')) throw new Fault("missing ',' after array value", rest);
		rest = rest.slice(1);
	}
}

function skipString(text: string): string {
	for (let at = 1; at < text.length; at += 1) {
		if (text[at] === '\\') at += 1;
		else if (text[at] === '"') return text.slice(at + 1);
	}
	throw new Fault(`missing closing '"'`, '');
}
