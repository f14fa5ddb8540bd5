import { type Json, parseJson, TapPassError } from '@tappass/core';
import { doorLimits } from '../door-limits.ts';
import { isRecord } from './json-value.ts';
import { malformed } from './judge.ts';

const encoder = new TextEncoder();

/** One event's JSON, strictly: what two readers could take differently is refused. */
export function parseEvent(data: string): { readonly [key: string]: Json } {
	let chunk: Json;
	try {
		chunk = parseJson(encoder.encode(data), { bytesMax: 4 * doorLimits.eventLengthMax });
	} catch (cause) {
		throw new TapPassError('upstream_malformed', { detail: 'an event is not strict JSON', cause });
	}
	if (!isRecord(chunk)) throw malformed('an event is not an object');
	return chunk;
}
