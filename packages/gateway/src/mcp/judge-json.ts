import { type Json, TapPassError } from '@tappass/core';
import type { Denial, OutputGuard } from '../pipeline/admission.ts';
import { textOfBase64 } from '../pipeline/base64-text.ts';
import { longNumber } from '../pipeline/json-texts.ts';
import { replaceSpans, type Span } from '../pipeline/spans.ts';
import { mcpLimits } from './limits.ts';
import { isObject, type JsonObject } from './rpc.ts';

/** What the guard makes of a JSON value. */
export type JudgedJson<T extends Json> =
	| { readonly effect: 'release'; readonly value: T }
	| { readonly effect: 'block'; readonly denial: Denial };

/** A text in a value, and how it is written over. */
interface Place {
	readonly text: string;
	/** Where it begins among all texts, one after the other. */
	readonly start: number;
	readonly spans: Span[];
}

/**
 * Judges every text of what a server sent, names of members and long numbers included, all of them as one: a model reads
 * them one after the other. What has to be written over is written over wherever it stands, also when it began in one text
 * and ended in the next. Binary content that is text is judged as the text it is.
 */
export async function judgeJson<T extends Json>(guard: OutputGuard, value: T): Promise<JudgedJson<T>> {
	const places: Place[] = [];
	let length = 0;
	walk(value, (text) => {
		if (places.length >= mcpLimits.textsMax)
			throw new TapPassError('upstream_malformed', { detail: 'a result has more texts than any honest one' });
		places.push({ text, start: length, spans: [] });
		length += text.length + 1;
		return text;
	});
	const all = places.map(({ text }) => text).join('\n');
	const whole = await guard.whole(all);
	if (whole.effect === 'block') return whole;
	// What recognisers find in a part they find in the whole; a classifier could miss a long part among others that are longer.
	for (const { text } of places) {
		if (text.length < mcpLimits.partLengthMin || text.length * 2 >= all.length) continue;
		const part = await guard.whole(text);
		if (part.effect === 'block') return part;
	}
	if (whole.text === all) return { effect: 'release', value };
	if (whole.spans === undefined)
		throw new TapPassError('internal', { detail: 'it is not known what was written over' });
	for (const span of whole.spans) share(span, places);
	let next = 0;
	const written = walk(value, (text) => replaceSpans(text, places[next++]!.spans));
	return { effect: 'release', value: written as T };
}

/** Gives each text its part of a span; what takes its place goes into the first of them. */
function share({ start, end, text }: Span, places: readonly Place[]): void {
	let instead = text;
	for (const place of places) {
		const from = Math.max(start, place.start) - place.start;
		const to = Math.min(end, place.start + place.text.length) - place.start;
		if (from >= to) continue;
		place.spans.push({ start: from, end: to, text: instead });
		instead = '';
	}
}

/** Visits every text of a value in a fixed order, and makes the value that has what `visit` answers in their places. */
function walk(value: Json, visit: (text: string) => string): Json {
	if (typeof value === 'string') return value === '' ? value : visit(value);
	if (typeof value === 'number' && Math.abs(value) >= longNumber) {
		const text = String(value);
		const written = visit(text);
		return written === text ? value : written;
	}
	if (typeof value !== 'object' || value === null) return value;
	if (!isObject(value)) return (value as readonly Json[]).map((item) => walk(item, visit));
	const written = new Map<string, Json>();
	for (const [name, inner] of Object.entries(value)) {
		let key = visit(name);
		// What two names have become must not make one member of both.
		while (written.has(key)) key += '_';
		const binary = typeof inner === 'string' && isBinaryAt(value, name) ? inner : undefined;
		written.set(key, binary === undefined ? walk(inner, visit) : walkBinary(binary, visit));
	}
	return Object.fromEntries(written);
}

function isBinaryAt(value: JsonObject, name: string): boolean {
	const { type, uri } = value;
	if (name === 'data') return type === 'image' || type === 'audio';
	// Of the contents of a resource; elsewhere the word may mean anything.
	return name === 'blob' && typeof uri === 'string';
}

// Decoders pass over line ends in it. What else is in there is text for somebody.
const base64 = /^[A-Za-z0-9+/_\s-]*={0,2}\s*$/;

function walkBinary(data: string, visit: (text: string) => string): string {
	if (!base64.test(data)) return visit(data);
	const text = textOfBase64(data);
	if (text === undefined || text === '') return shortest(data, visit);
	const written = visit(text);
	return written === text ? data : Buffer.from(written).toString('base64');
}

// A key or token in the place of a picture is short; there is nothing else that a detector could read in base64.
function shortest(data: string, visit: (text: string) => string): string {
	return data === '' || data.length > mcpLimits.shortDataMax ? data : visit(data);
}
