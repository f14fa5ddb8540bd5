import type { BuiltinContext } from './builtin.ts';
import { convertingSteps } from './limits.ts';
import { checkTextLength, textLengthMax } from './text-limit.ts';
import { splitText } from './text-search.ts';

/**
 * Replaces the pairs' left texts by their right ones, from left to right without overlap; where several match at one
 * place the first pair wins. An empty left text matches before every character and at the end.
 */
export function replaceAll(
	text: string,
	pairs: readonly (readonly [from: string, to: string])[],
	context: BuiltinContext,
): string {
	context.spend(convertingSteps(text.length));
	const [only] = pairs;
	if (only === undefined) return text;
	if (pairs.length === 1 && only[0] !== '') return replaceOne(text, only[0], only[1]);
	return replaceMany(text, pairs, context);
}

function replaceOne(text: string, from: string, to: string): string {
	const growth = to.length - from.length;
	// Occurrences are counted only where the result could be too long.
	if (growth > 0 && text.length + (text.length / from.length) * growth > textLengthMax) {
		checkTextLength(text.length + (splitText(text, from).length - 1) * growth);
	}
	return splitText(text, from).join(to);
}

function replaceMany(text: string, pairs: readonly (readonly [string, string])[], context: BuiltinContext): string {
	let result = '';
	let copied = 0;
	let afterEmpty = false;
	// A text that nearly matches at every place is compared nearly to its end at each.
	const pairSteps = pairs.reduce((steps, [from]) => steps + 1 + (from.length >> 4), 0);
	for (let at = 0; at <= text.length; ) {
		if ((at & 63) === 0) context.spend(pairSteps);
		// After an empty match at this place, only a text of some length may match here again.
		const match = pairs.find(([from]) => (from === '' ? !afterEmpty : text.startsWith(from, at)));
		afterEmpty = match?.[0] === '';
		if (match !== undefined) {
			result += text.slice(copied, at) + match[1];
			checkTextLength(result.length);
			at += match[0].length;
			copied = at;
		} else {
			at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
		}
	}
	return result + text.slice(copied);
}
