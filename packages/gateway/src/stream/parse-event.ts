import { type Json, parseJson, TapPassError } from '@tappass/core';
import { doorLimits } from '../door-limits.ts';
import { isRecord } from './json-value.ts';
import { malformed } from './judge.ts';

const encoder = new TextEncoder();

/**
 * One event's JSON, strictly: what two readers could take differently is refused. A piece of text may be cut between the
 * halves of a surrogate pair, which some servers do; the judge joins them.
 */
export function parseEvent(data: string): { readonly [key: string]: Json } {
	const cutTexts = surrogate.test(data);
	let chunk: Json;
	try {
		chunk = parseJson(encoder.encode(data), { bytesMax: 4 * doorLimits.eventLengthMax, cutTexts });
	} catch (cause) {
		throw new TapPassError('upstream_malformed', { detail: 'an event is not strict JSON', cause });
	}
	if (!isRecord(chunk)) throw malformed('an event is not an object');
	if (cutTexts) refuseHalves(chunk, '');
	return chunk;
}

const surrogate = /\\u[dD][89a-fA-F]/;

/** Members that hold a piece of a text or of a tool's arguments; each of them goes to the judge, and nowhere past it. */
const pieces: ReadonlySet<string> = new Set([
	'content',
	'reasoning_content',
	'reasoning',
	'refusal',
	'text',
	'thinking',
	'partial_json',
	'arguments',
	'input',
	'delta',
]);

function refuseHalves(value: Json, key: string): void {
	if (typeof value === 'string') {
		if (!value.isWellFormed() && !pieces.has(key)) throw malformed('half a character outside of a piece of text');
	} else if (typeof value === 'object' && value !== null) {
		for (const [name, below] of Object.entries(value)) refuseHalves(below, Array.isArray(value) ? '' : name);
	}
}
