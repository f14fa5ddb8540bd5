import { keywords } from '../lex/token.ts';
import type { Term } from './ast.ts';

/** Whether a word is a keyword of Rego v1. */
export function isKeyword(word: string): boolean {
	return keywords.has(word);
}

/** What OPA calls a term's kind in messages. */
export function valueName(term: Term): string {
	switch (term.kind) {
		case 'array-comprehension':
			return 'arraycomprehension';
		case 'set-comprehension':
			return 'setcomprehension';
		case 'object-comprehension':
			return 'objectcomprehension';
		case 'template-string':
			return 'templatestring';
		default:
			return term.kind;
	}
}
