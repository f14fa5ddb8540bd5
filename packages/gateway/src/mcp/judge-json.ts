import { type Json, TapPassError } from '@tappass/core';
import type { Denial, OutputGuard } from '../pipeline/admission.ts';
import { textsOf, withTexts } from '../pipeline/json-texts.ts';
import { mcpLimits } from './limits.ts';
import { isObject } from './rpc.ts';

/** What the guard makes of a JSON value. */
export type JudgedJson<T extends Json> =
	| { readonly effect: 'release'; readonly value: T }
	| { readonly effect: 'block'; readonly denial: Denial };

/**
 * Judges every text of what a server sent, names of members included, and all of them in one as well: a model reads them
 * one after the other. Binary content that is text is judged as the text it is.
 */
export async function judgeJson<T extends Json>(guard: OutputGuard, value: T): Promise<JudgedJson<T>> {
	const texts = textsOf(value);
	if (texts.length > mcpLimits.textsMax)
		throw new TapPassError('upstream_malformed', { detail: 'a result has more texts than any honest one' });
	const binary = binaryIn(value);
	const edits = new Map<string, string>();
	const all = texts.map(({ at, text }) => (binary.has(at) ? (binary.get(at)?.text ?? '') : text)).join('\n');
	const whole = await guard.whole(all);
	if (whole.effect === 'block') return whole;
	// What recognisers find in a part they find in the whole; a classifier could miss a long part among others that are longer.
	const clean = whole.text === all;
	for (const { at, text, key } of texts) {
		const blob = binary.get(at);
		if (blob !== undefined && blob.text === undefined) continue;
		if (clean && (text.length < mcpLimits.partLengthMin || text.length * 2 >= all.length)) continue;
		const guarded = await guard.whole(blob?.text ?? text);
		if (guarded.effect === 'block') return guarded;
		if (key || guarded.text === (blob?.text ?? text)) continue;
		edits.set(at, blob === undefined ? guarded.text : Buffer.from(guarded.text).toString('base64'));
	}
	return { effect: 'release', value: withTexts(value, edits) as T };
}

/** Places of base64 data, and the text that it is, where it is one. */
function binaryIn(value: Json, at = '', found = new Map<string, { text: string | undefined }>()): typeof found {
	if (Array.isArray(value)) {
		for (const [index, item] of value.entries()) binaryIn(item, `${at}/${index}`, found);
	} else if (isObject(value)) {
		const { type, data, blob } = value;
		if ((type === 'image' || type === 'audio') && typeof data === 'string') found.set(`${at}/data`, decoded(data));
		if (typeof blob === 'string') found.set(`${at}/blob`, decoded(blob));
		for (const [name, inner] of Object.entries(value))
			binaryIn(inner, `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, found);
	}
	return found;
}

const base64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

function decoded(data: string): { text: string | undefined } {
	// What is not base64 is text.
	if (!base64.test(data)) return { text: data };
	try {
		return { text: new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(data, 'base64')) };
	} catch {
		// Not text: there is nothing that a detector could read.
		return { text: undefined };
	}
}
