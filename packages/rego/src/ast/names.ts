import { keywords } from '../lex/token.ts';

/** Whether a word is a keyword of Rego v1. */
export function isKeyword(word: string): boolean {
	return keywords.has(word);
}
