import { compareStrings, isNumber } from './compare.ts';
import { NumberRangeError, numberText, parseNumber, toDouble } from './number.ts';
import { objectEntries } from './object.ts';
import { RegoSet } from './set.ts';
import type { ObjectValue, Value } from './value.ts';

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

/** Reads JSON text exactly: big integers and `1.0` are kept. Of equal keys the last counts. @throws {SyntaxError} */
export function parseJson(text: string): Value {
	if (!delicateNumber.test(text)) return JSON.parse(text) as Value;
	return parseWithSource(text, (_key, value, context) =>
		typeof value === 'number' ? parseNumber(context.source!) : value,
	);
}
