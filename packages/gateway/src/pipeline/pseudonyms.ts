import { createHmac } from 'node:crypto';

/** A token of reversible mode: `[EMAIL_bfamjldlfnho]`. Letters only, so that no detector takes it for a number. */
export const tokenPattern: RegExp = /\[[A-Z][A-Z_]{1,24}_[a-p]{12}\]/g;
/** What may become a token when more text comes. */
const tokenBeginning = /\[(?:[A-Z][A-Z_]{0,25}(?:_?[a-p]{0,12})?)?$/;
const tokenLengthMax = 41;

/**
 * The tokens of one call's reversible mode. A value has one token in its session, so a model sees the same person under
 * the same name in every call; what a token stands for is known to whoever wrote the value, and to the session's store.
 */
export interface Pseudonyms {
	/** The token for a value of the caller's own; answers give the value back. */
	readonly ofCaller: (kind: string, value: string) => string;
	/** The token for a value that the caller has not seen, and will not: only a tool that is called with it gets the value. */
	readonly ofOutput: (kind: string, value: string) => string;
	/** What the caller may see in place of a token. */
	readonly restore: (token: string) => string | undefined;
	/** What `ofOutput` made, to be kept with the session. */
	readonly withheld: ReadonlyMap<string, string>;
}

export function createPseudonyms(key: Uint8Array): Pseudonyms {
	const own = new Map<string, string>();
	const withheld = new Map<string, string>();
	const token = (kind: string, value: string): string => {
		const name = kind
			.toUpperCase()
			.replace(/[^A-Z]+/g, '_')
			.slice(0, 24);
		const hex = createHmac('sha256', key).update(`${kind}\0${value}`).digest('hex').slice(0, 12);
		const digest = [...hex].map((digit) => 'abcdefghijklmnop'[Number.parseInt(digit, 16)]).join('');
		return `[${/^[A-Z][A-Z_]*[A-Z]$/.test(name) ? name : 'VALUE'}_${digest}]`;
	};
	return {
		ofCaller: (kind, value) => {
			const made = token(kind, value);
			own.set(made, value);
			return made;
		},
		ofOutput: (kind, value) => {
			const made = token(kind, value);
			// The caller has written the value itself: nothing is withheld from it.
			if (!own.has(made)) withheld.set(made, value);
			return made;
		},
		restore: (made) => own.get(made),
		withheld,
	};
}

/** Where in a text, of which more may come, a token may begin; its length when none does. */
export function tokenHoldFrom(text: string): number {
	const open = text.lastIndexOf('[');
	if (open < 0 || text.length - open > tokenLengthMax) return text.length;
	return tokenBeginning.test(text.slice(open)) ? open : text.length;
}

/** The tokens that stand in a text. */
export function tokensIn(
	text: string,
): readonly { readonly token: string; readonly start: number; readonly end: number }[] {
	if (!text.includes('[')) return [];
	return [...text.matchAll(tokenPattern)].map((match) => ({
		token: match[0],
		start: match.index,
		end: match.index + match[0].length,
	}));
}
