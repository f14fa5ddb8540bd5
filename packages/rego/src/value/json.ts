import { compareStrings, isNumber } from './compare.ts';
import { NumberRangeError, numberText, parseNumber, toDouble } from './number.ts';
import { objectEntries } from './object.ts';
import { RegoSet } from './set.ts';
import type { ObjectValue, Value } from './value.ts';
import { spendWritten } from './work.ts';

/** What `JSON.stringify` takes and `JSON.parse` gives. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * A value as plain JSON data for a caller: sets become arrays in Rego order, keys that are not strings become the text
 * of their JSON. Numbers become the nearest double; where digits matter use `stringify`.
 *
 * @throws {NumberRangeError} for a number beyond the range of a double
 */
export function toJson(v: Value): JsonValue {
	if (typeof v !== 'object' || v === null) return typeof v === 'bigint' ? finite(v) : v;
	if (Array.isArray(v)) return (v as readonly Value[]).map(toJson);
	if (isNumber(v)) return finite(v);
	if (v instanceof RegoSet) return v.values().map(toJson);
	// `fromEntries` defines properties, so a key `__proto__` stays an ordinary one.
	return Object.fromEntries(objectEntries(v as ObjectValue).map(([key, value]) => [keyText(key), toJson(value)]));
}

function finite(n: Parameters<typeof toDouble>[0]): number {
	const double = toDouble(n);
	if (!Number.isFinite(double)) throw new NumberRangeError('number is too large for a double');
	return double;
}

/** The JSON text of a value: no spaces, keys sorted, every number with all its digits. Sets and keys as in `toJson`. */
export function stringify(v: Value): string {
	if (typeof v === 'string') return JSON.stringify(v);
	if (v === null || typeof v === 'boolean') return String(v);
	if (isNumber(v)) return numberText(v);
	spendWritten(Array.isArray(v) ? v.length : 1);
	if (Array.isArray(v)) return `[${(v as readonly Value[]).map(stringify).join(',')}]`;
	if (v instanceof RegoSet) return `[${v.values().map(stringify).join(',')}]`;
	return `{${jsonMembers(v as ObjectValue)
		.map(([key, value]) => `${JSON.stringify(key)}:${stringify(value)}`)
		.join(',')}}`;
}

/** An object's members under the names they have in JSON, in the order of those names. */
export function jsonMembers(object: ObjectValue): readonly (readonly [string, Value])[] {
	const entries = objectEntries(object);
	if (entries.every(([key]) => typeof key === 'string')) return entries as readonly (readonly [string, Value])[];
	const members = entries.map(([key, value]) => [keyText(key), value] as const);
	return members.sort((a, b) => compareStrings(a[0], b[0]));
}

function keyText(key: Value): string {
	return typeof key === 'string' ? key : stringify(key);
}

type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => Value;

/** Any number whose text a double may not give back: a point, an exponent, minus zero, or sixteen digits and more. */
const delicateNumber = /[0-9][.eE]|-0|[0-9]{16}/;

/** Deepest nesting of JSON text that is read: deeper values could exhaust the stack when they are compared or printed. */
export const jsonDepthMax = 1000;

/** Text that is nested deeper than is read here, though not so deep that Go refuses it. */
export class JsonDepthError extends SyntaxError {
	override readonly name = 'JsonDepthError';
}

/** Deepest nesting that Go's `encoding/json` reads. */
const goDepthMax = 10_000;

/**
 * Reads JSON text exactly: big integers and `1.0` are kept. Of equal keys the last counts.
 *
 * @throws {SyntaxError} for text that is not JSON, or nested deeper than `jsonDepthMax` (`JsonDepthError`)
 */
export function parseJson(text: string): Value {
	if (text.length > jsonDepthMax && isDeeper(text, jsonDepthMax)) {
		const message = 'exceeded max depth';
		throw isDeeper(text, goDepthMax) ? new SyntaxError(message) : new JsonDepthError(message);
	}
	if (!delicateNumber.test(text) || !hasInexactNumber(text)) return JSON.parse(text) as Value;
	return parseWithSource(text, (_key, value, context) =>
		typeof value === 'number' ? parseNumber(context.source!) : value,
	);
}

const number = /-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/g;

/** Whether a number, be it within a string, has a text that its double does not give back. */
function hasInexactNumber(text: string): boolean {
	for (const [literal] of text.matchAll(number)) {
		if (literal.length > 1 && String(Number(literal)) !== literal) return true;
	}
	return false;
}

/** Whether brackets outside strings nest deeper than `limit`; text that is not JSON may be called either. */
function isDeeper(text: string, limit: number): boolean {
	let depth = 0;
	for (let i = 0; i < text.length; i++) {
		switch (text.charCodeAt(i)) {
			case 0x22:
				i = endOfString(text, i + 1);
				break;
			case 0x5b:
			case 0x7b:
				if (++depth > limit) return true;
				break;
			case 0x5d:
			case 0x7d:
				depth--;
				break;
			default:
				break;
		}
	}
	return false;
}

function endOfString(text: string, from: number): number {
	for (let i = text.indexOf('"', from); i >= 0; i = text.indexOf('"', i + 1)) {
		let slashes = 0;
		while (text.charCodeAt(i - 1 - slashes) === 0x5c) slashes++;
		if (slashes % 2 === 0) return i;
	}
	return text.length;
}
