import type { Json } from '@tappass/core';
import { doorLimits } from '../door-limits.ts';

/** What is no text of a model in a value of a wire. */
export interface Grammar {
	/** Members that are looked at elsewhere: those of the value itself, not of what is below it. */
	readonly apart: ReadonlySet<string>;
	/** Members, also below, that are part of the wire: they pass while they look like it. */
	readonly words: ReadonlySet<string>;
}

export function grammar(apart: readonly string[], words: readonly string[]): Grammar {
	return { apart: new Set(apart), words: new Set(words) };
}

const identifierText = /^[\w.:/+=-]*$/;
const base64Text = /^[A-Za-z0-9+/=_-]*$/;

/** Members that a vendor seals, or that hold bytes: nobody but it can read them. */
const sealed: ReadonlySet<string> = new Set([
	'signature',
	'thought_signature',
	'encrypted_content',
	'encrypted_index',
	'partial_image_b64',
	'data',
]);

export function isIdentifier(text: string): boolean {
	return text.length <= doorLimits.identifierLengthMax && identifierText.test(text);
}

export function isBase64(text: string): boolean {
	return base64Text.test(text);
}

/** Whether `data` beside a type is bytes or sealed; of a document that is text it is that text. */
export function isBytes(type: Json | undefined): boolean {
	return type === 'base64' || type === 'redacted_thinking';
}

/** Who serves the models of a router: a few words that begin with capitals, as `Amazon Bedrock`. */
function isProviderName(text: string): boolean {
	return text.length <= 40 && /^[A-Z][\w.]*(?: [A-Z][\w.]*){1,2}$/.test(text);
}

/** Whether a text passes as the word of the wire that its member stands for. */
export function isWord(
	{ words }: Grammar,
	key: string,
	text: string,
	around: { readonly [key: string]: Json },
): boolean {
	if (!words.has(key)) return false;
	if (!sealed.has(key)) return isIdentifier(text) || (key === 'provider' && isProviderName(text));
	return (key !== 'data' || isBytes(around['type'])) && isBase64(text);
}
