import { TapPassError } from '../errors/error.ts';
import type { ErrorCode } from '../errors/table.ts';
import { limits } from '../limits.ts';

/** A JSON value, read only. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Bounds of one parse; what is not given has the bound of `limits`. */
export interface ParseOptions {
	/** Bytes accepted at the most. */
	readonly bytesMax?: number;
	readonly depthMax?: number;
	/** Refuse every number that is not an integer within ±(2^53 − 1), written without exponent or fraction. */
	readonly integersOnly?: boolean;
	/** Let a text begin or end with half of a surrogate pair: it is a piece of a longer one, and whoever joins them checks. */
	readonly cutTexts?: boolean;
}

/**
 * Parses JSON bytes so that no two readers can disagree about them.
 * Refused: invalid UTF-8, a BOM, duplicate keys, `__proto__`/`constructor`/`prototype`, lone surrogates, numbers that a
 * double does not hold exactly, nesting past the limit. Objects inherit nothing.
 *
 * @throws {TapPassError} json_malformed, json_duplicate_key, json_forbidden_key, json_unsafe_number, json_too_deep, json_too_large
 */
export function parseJson(bytes: Uint8Array, options: ParseOptions = {}): Json {
	const bytesMax = options.bytesMax ?? limits.payloadBytesMax;
	if (bytes.byteLength > bytesMax) {
		throw new TapPassError('json_too_large', { detail: `${bytes.byteLength} bytes, at most ${bytesMax}` });
	}
	return new Parser(decode(bytes), isPlain(bytes), options).document();
}

function decode(bytes: Uint8Array): string {
	try {
		return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch (cause) {
		throw new TapPassError('json_malformed', { detail: 'not UTF-8', cause });
	}
}

// Neither a backslash nor a control character: no string of the document needs decoding, nor a second look.
function isPlain(bytes: Uint8Array): boolean {
	if (bytes.includes(0x5c)) return false;
	// Negative once any byte was below the space; a branch for each byte would take twice as long.
	let sign = 0;
	for (let at = 0; at < bytes.length; at += 1) sign |= bytes[at]! - 0x20;
	return sign >= 0;
}

// Compared as numbers: to take one character out of a text makes a text of it.
const code = {
	openBrace: 0x7b,
	closeBrace: 0x7d,
	openBracket: 0x5b,
	closeBracket: 0x5d,
	quote: 0x22,
	colon: 0x3a,
	comma: 0x2c,
	t: 0x74,
	f: 0x66,
	n: 0x6e,
} as const;

const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
function isForbidden(key: string): boolean {
	// The lengths first: to look a text up is to hash it.
	return (key.length === 9 || key.length === 11) && forbiddenKeys.has(key);
}
const fractionOrExponent: ReadonlySet<number> = new Set([0x2e, 0x45, 0x65]);
const integerText = /^-?(?:0|[1-9]\d*)$/;
const numberText = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// One run of characters that need no decoding; the quote or backslash that ends it is looked at next.
const plainRun = /[^"\\\u0000-\u001f]*/y;

const notPlain = /[\\\u0000-\u001f]/;

// An object that inherits nothing, like Object.create(null); V8 keeps that one as a hash table, which is slow to fill and read.
function Bare(): void {}
Bare.prototype = Object.freeze(Object.create(null));
const BareObject = Bare as unknown as new () => Record<string, Json>;

/** Recursive descent, bounded by `depthMax`: `JSON.parse` keeps the last duplicate key and rounds integers. */
class Parser {
	readonly #text: string;
	readonly #depthMax: number;
	readonly #integersOnly: boolean;
	readonly #cutTexts: boolean;
	/** True of most canonical JSON and of base64. */
	readonly #allPlain: boolean;
	#at = 0;
	#depth = 0;

	constructor(text: string, allPlain: boolean, options: ParseOptions) {
		this.#text = text;
		this.#allPlain = allPlain;
		this.#depthMax = options.depthMax ?? limits.jsonDepthMax;
		this.#integersOnly = options.integersOnly ?? false;
		this.#cutTexts = options.cutTexts ?? false;
	}

	document(): Json {
		const value = this.#value();
		this.#space();
		if (this.#at !== this.#text.length) throw this.#unexpected('the end of the document');
		return value;
	}

	#value(): Json {
		this.#space();
		switch (this.#text.charCodeAt(this.#at)) {
			case code.openBrace:
			case code.openBracket:
				return this.#nested();
			case code.quote:
				return this.#string();
			case code.t:
				return this.#word('true', true);
			case code.f:
				return this.#word('false', false);
			case code.n:
				return this.#word('null', null);
			default:
				return this.#number();
		}
	}

	#nested(): Json {
		this.#depth += 1;
		if (this.#depth > this.#depthMax) throw this.#fail('json_too_deep', `more than ${this.#depthMax} levels`);
		const value = this.#text.charCodeAt(this.#at) === code.openBrace ? this.#object() : this.#array();
		this.#depth -= 1;
		return value;
	}

	#object(): Json {
		const object = new BareObject();
		this.#at += 1;
		this.#space();
		if (this.#take(code.closeBrace)) return object;
		for (;;) {
			this.#space();
			const key = this.#string();
			if (this.#cutTexts && !key.isWellFormed()) throw this.#fail('json_malformed', 'lone surrogate');
			if (isForbidden(key)) throw this.#fail('json_forbidden_key', JSON.stringify(key));
			if (key in object) throw this.#fail('json_duplicate_key', JSON.stringify(key));
			this.#space();
			if (!this.#take(code.colon)) throw this.#unexpected("':'");
			object[key] = this.#value();
			this.#space();
			if (this.#take(code.closeBrace)) return object;
			if (!this.#take(code.comma)) throw this.#unexpected("',' or '}'");
		}
	}

	#array(): Json {
		const items: Json[] = [];
		this.#at += 1;
		this.#space();
		if (this.#take(code.closeBracket)) return items;
		for (;;) {
			items.push(this.#value());
			this.#space();
			if (this.#take(code.closeBracket)) return items;
			if (!this.#take(code.comma)) throw this.#unexpected("',' or ']'");
		}
	}

	#string(): string {
		const start = this.#at;
		if (!this.#take(code.quote)) throw this.#unexpected('a string');
		// Nearly every string is plain; to look for its end and then at its characters is three times as fast.
		const end = this.#text.indexOf('"', this.#at);
		const plain = this.#text.slice(this.#at, end);
		// Decoded from UTF-8, so only an escape could write a lone surrogate.
		if (end !== -1 && (this.#allPlain || !notPlain.test(plain))) {
			this.#at = end + 1;
			return plain;
		}
		for (;;) {
			plainRun.lastIndex = this.#at;
			plainRun.test(this.#text);
			this.#at = plainRun.lastIndex;
			const next = this.#text[this.#at];
			if (next === '"') break;
			if (next !== '\\') throw this.#unexpected('a closing quote');
			this.#at += 2;
		}
		this.#at += 1;
		return this.#decodeString(this.#text.slice(start, this.#at));
	}

	#decodeString(literal: string): string {
		let value: unknown;
		try {
			value = literal.includes('\\') ? JSON.parse(literal) : literal.slice(1, -1);
		} catch (cause) {
			throw new TapPassError('json_malformed', { detail: `bad escape before offset ${this.#at}`, cause });
		}
		// A lone surrogate has no UTF-8 form: two encoders would write different bytes for it.
		if (typeof value !== 'string' || !(value.isWellFormed() || (this.#cutTexts && isPiece(value))))
			throw this.#fail('json_malformed', 'lone surrogate');
		return value;
	}

	#number(): number {
		return this.#shortNumber() ?? this.#anyNumber();
	}

	/** Up to 15 digits without sign, fraction or exponent, which are nearly all numbers there are; else undefined. */
	#shortNumber(): number | undefined {
		let end = this.#at;
		let value = 0;
		for (let digit = this.#digit(end); digit >= 0; digit = this.#digit(end)) {
			value = value * 10 + digit;
			end += 1;
		}
		const digits = end - this.#at;
		if (digits === 0 || digits > 15 || fractionOrExponent.has(this.#text.charCodeAt(end))) return undefined;
		if (digits > 1 && this.#text.charCodeAt(this.#at) === 0x30) return undefined;
		this.#at = end;
		return value;
	}

	#digit(at: number): number {
		const digit = this.#text.charCodeAt(at) - 0x30;
		return digit <= 9 ? digit : -1;
	}

	#anyNumber(): number {
		numberText.lastIndex = this.#at;
		const text = numberText.exec(this.#text)?.[0];
		if (text === undefined) throw this.#unexpected('a value');
		this.#at += text.length;
		const value = Number(text);
		if (integerText.test(text) && text !== '-0') {
			if (!Number.isSafeInteger(value)) throw this.#fail('json_unsafe_number', `integer of ${text.length} digits`);
			return value;
		}
		if (this.#integersOnly) throw this.#fail('json_unsafe_number', `${text.slice(0, 32)} is not a plain integer`);
		if (!Number.isFinite(value)) throw this.#fail('json_unsafe_number', `${text.slice(0, 32)} is too large`);
		return value;
	}

	#word<T>(word: string, value: T): T {
		if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected('a value');
		this.#at += word.length;
		return value;
	}

	#space(): void {
		for (;;) {
			const code = this.#text.charCodeAt(this.#at);
			// Most often there is none: one comparison tells.
			if (code > 0x20 || (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09)) return;
			this.#at += 1;
		}
	}

	#take(character: number): boolean {
		if (this.#text.charCodeAt(this.#at) !== character) return false;
		this.#at += 1;
		return true;
	}

	#unexpected(expected: string): TapPassError {
		const found = this.#at >= this.#text.length ? 'the end' : JSON.stringify(this.#text[this.#at]);
		return this.#fail('json_malformed', `expected ${expected}, found ${found}`);
	}

	#fail(error: ErrorCode, detail: string): TapPassError {
		return new TapPassError(error, { detail: `${detail} at offset ${this.#at}` });
	}
}

/** Whether nothing is wrong with a text but that it was cut between the halves of a pair, at either end. */
function isPiece(text: string): boolean {
	const start = /^[\udc00-\udfff]/.test(text) ? 1 : 0;
	const end = /[\ud800-\udbff]$/.test(text) ? text.length - 1 : text.length;
	return text.slice(start, end).isWellFormed();
}
