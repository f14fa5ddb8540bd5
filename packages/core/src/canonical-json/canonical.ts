import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { TapPassError } from '../errors/error.ts';
import type { Json } from './parse.ts';

/**
 * The canonical text of a JSON value (RFC 8785): keys sorted by UTF-16 code unit, no spaces, numbers as ECMAScript prints them.
 * @throws {TapPassError} json_unsafe_number for what JSON cannot say (NaN, infinities, integers past 2^53 − 1); json_malformed
 * for a lone surrogate or a value that is not JSON
 */
export function canonicalJson(value: unknown): string {
	switch (typeof value) {
		case 'boolean':
			return value ? 'true' : 'false';
		case 'string':
			return canonicalString(value);
		case 'number':
			return canonicalNumber(value);
		case 'object':
			if (value === null) return 'null';
			return Array.isArray(value) ? canonicalArray(value) : canonicalObject(value);
		default:
			throw new TapPassError('json_malformed', { detail: `${typeof value} is not a JSON value` });
	}
}

function canonicalArray(array: readonly unknown[]): string {
	// Array.from reads a hole as undefined, which is refused; map would leave it out.
	return `[${Array.from(array, canonicalJson).join(',')}]`;
}

function canonicalObject(object: object): string {
	const prototype: unknown = Object.getPrototypeOf(object);
	// A Date or a Map has members that are not its content: it would be hashed as {}.
	if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
		throw new TapPassError('json_malformed', { detail: 'an object of a class is not a JSON value' });
	const members = Object.entries(object).filter(([, value]) => value !== undefined);
	// The default order of sort() is by UTF-16 code unit, which is what RFC 8785 §3.2.3 asks for.
	members.sort(([a], [b]) => (a < b ? -1 : 1));
	return `{${members.map(([key, value]) => `${canonicalString(key)}:${canonicalJson(value)}`).join(',')}}`;
}

function canonicalString(text: string): string {
	if (!text.isWellFormed()) throw new TapPassError('json_malformed', { detail: 'lone surrogate' });
	return JSON.stringify(text);
}

function canonicalNumber(number: number): string {
	if (!Number.isFinite(number)) throw new TapPassError('json_unsafe_number', { detail: String(number) });
	// Below 1e21 ECMAScript prints all digits of an integer, and our own parser would refuse them.
	if (Number.isInteger(number) && Math.abs(number) < 1e21 && !Number.isSafeInteger(number)) {
		throw new TapPassError('json_unsafe_number', { detail: 'integer past 2^53 − 1' });
	}
	return JSON.stringify(number);
}

/** The canonical bytes: what is hashed and signed. */
export function canonicalBytes(value: Json | object): Uint8Array {
	return new TextEncoder().encode(canonicalJson(value));
}

/** SHA-256, 64 lower-case hex digits. */
export function sha256Hex(bytes: Uint8Array): string {
	return bytesToHex(sha256(bytes));
}
