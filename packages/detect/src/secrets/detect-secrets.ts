/** Finds keys, tokens and passwords: documented formats first, then random values beside a telling name. */
import { sha256Hex } from '@tappass/core';
import type { Detection } from '../detection.ts';
import { limits } from '../limits.ts';
import { bytesOfBase64 } from '../normalize/bytes.ts';
import { entropy, isAsciiAlnum, isDigit, isHex, isUpper, runEnd } from '../text/chars.ts';
import { settle } from '../text/overlap.ts';
import { assignments } from './assignment.ts';
import { type Alphabet, type Format, formatsByStart, mayStart, startKey } from './formats.ts';
import { discordPattern, structures } from './structures.ts';

export interface SecretOptions {
	/** SHA-256, in hexadecimal, of values known to be harmless. */
	readonly allowFingerprints?: readonly string[];
}

/** Credentials in `text`. Class is the kind of credential (`github_token`), `assigned_secret` for an undocumented one. */
export function detectSecrets(text: string, options: SecretOptions = {}): readonly Detection[] {
	return secretDetector(options)(text, 0);
}

/** Finds what begins at `from` or later; what stands before is only looked back at. */
export type SecretDetector = (text: string, from: number) => readonly Detection[];

/** Reads the options once, for many texts. */
export function secretDetector(options: SecretOptions): SecretDetector {
	const allowed: ReadonlySet<string> = new Set(options.allowFingerprints ?? []);
	return (text, from) => {
		const found = settle([...structured(text, from), ...formatted(text, from), ...assigned(text)]);
		return found.filter(
			({ start, end }) =>
				start >= from &&
				(allowed.size === 0 || !allowed.has(sha256Hex(new TextEncoder().encode(text.slice(start, end))))),
		);
	};
}

function secret(name: string, start: number, end: number, confidence: number): Detection {
	return { detector: 'secrets', class: name, start, end, confidence };
}

function structured(text: string, since: number): readonly Detection[] {
	const found: Detection[] = [];
	for (const { name, hint, pattern, group, back } of structures) {
		let free = 0;
		for (let at = text.indexOf(hint, since); at >= 0; at = text.indexOf(hint, at + 1)) {
			if (at < free) continue;
			const from = back === 0 ? at : startBefore(text, at, back, pattern);
			pattern.lastIndex = from;
			const match = from < free ? null : pattern.exec(text);
			if (match === null) continue;
			free = pattern.lastIndex;
			const value = match[group]!;
			const start = group === 0 ? from : from + match[0].lastIndexOf(value);
			if (isReal(name, value) && !isStockUrl(name, text, from, value))
				found.push(secret(name, start, start + value.length, 0.95));
			if (found.length >= limits.detectionsMax) return found;
		}
	}
	return [...found, ...discord(text, since)];
}

/** A match that begins before its hint begins at the longest run of letters and digits, at most `back` long. */
function startBefore(text: string, at: number, back: number, pattern: RegExp): number {
	for (let from = Math.max(0, at - back); from < at; from += 1) {
		if (from > 0 && isAsciiAlnum(text.charCodeAt(from - 1))) continue;
		pattern.lastIndex = from;
		if (pattern.test(text)) return from;
	}
	return at;
}

function discord(text: string, since: number): readonly Detection[] {
	const found: Detection[] = [];
	for (let dot = text.indexOf('.', since); dot >= 0; dot = text.indexOf('.', dot + 1)) {
		if (text[dot + 7] !== '.') continue;
		let start = dot;
		while (start > 0 && dot - start < 30 && isTokenUnit(text.charCodeAt(start - 1))) start -= 1;
		discordPattern.lastIndex = start;
		if (discordPattern.test(text)) found.push(secret('discord_token', start, discordPattern.lastIndex, 0.95));
	}
	return found;
}
function isTokenUnit(code: number): boolean {
	return isAsciiAlnum(code) || code === 45 || code === 95;
}

const stock =
	/^(?:password|passwd|pass|pw|user|username|secret|token|foo|bar|test|example|x+|\*+|postgres|root|admin|mysql|guest)$/i;
function isReal(name: string, value: string): boolean {
	if (name === 'authorization_header')
		return value.length >= 12 && /[0-9]/.test(value) && !/example|your|xxx/i.test(value);
	if (name === 'curl_user') return !stock.test(value);
	if (name === 'url_credentials' || name === 'kubernetes_secret') return true;
	if (name === 'jwt') return hasJsonHeader(value);
	return entropy(value) > 2;
}

/** The first part of a token says in JSON how it is signed; `ey…` that says nothing is signed by nobody. */
function hasJsonHeader(token: string): boolean {
	const header = String.fromCharCode(...bytesOfBase64(token.slice(0, token.indexOf('.'))));
	return /^\{\s{0,9}"[\s\x20-\x7e]*$/.test(header);
}

/** `postgres://user:password@…` is how documentation writes an address. */
function isStockUrl(name: string, text: string, at: number, value: string): boolean {
	return (
		name === 'url_credentials' && stock.test(value) && !/(?:https?|ftps?)$/.test(text.slice(Math.max(0, at - 5), at))
	);
}

function formatted(text: string, since: number): readonly Detection[] {
	const found: Detection[] = [];
	const last = text.length - 8;
	for (let at = since; at < last; at += 1) {
		if (!mayStart(text.charCodeAt(at), text.charCodeAt(at + 1))) continue;
		const formats = formatsByStart.get(startKey(text, at));
		if (formats === undefined) continue;
		for (const format of formats) {
			if (!text.startsWith(format.prefix, at) || !mayBegin(text, at, format)) continue;
			const end = formatEnd(text, at, format);
			if (end < 0) continue;
			found.push(secret(format.name, at, end, 0.97));
			at = end - 1;
			break;
		}
		if (found.length >= limits.detectionsMax) break;
	}
	return found;
}

function mayBegin(text: string, at: number, { prefix }: Format): boolean {
	if (at === 0) return true;
	const before = text.charCodeAt(at - 1);
	// Two or three letters begin many words: only after what ends one.
	return prefix.length <= 3 ? ' \t\n=:"\'('.includes(text[at - 1]!) : !isAsciiAlnum(before);
}

/** Kinds whose documented examples, and so what people paste, repeat one character. */
const repetitive: ReadonlySet<string> = new Set([
	'tailscale_key',
	'artifactory_key',
	'twilio_key',
	'aws_access_key',
	'age_key',
]);

function formatEnd(text: string, at: number, { name, prefix, alphabet, min, max }: Format): number {
	const start = at + prefix.length;
	const end = runEnd(text, start, Math.min(text.length, start + max + 1), alphabets[alphabet]);
	if (end - start < min || end - start > max || isTokenUnit(text.charCodeAt(end))) return -1;
	const body = text.slice(start, end);
	if (repetitive.has(name) && (body.length < 40 || name === 'age_key')) return end;
	if (!isVaried(body) || /here$/i.test(body)) return -1;
	return prefix.length <= 3 && !/[0-9]/.test(body) ? -1 : end;
}

/** Whether a body is too varied for a placeholder: all of it, or its last part where numbers of an account stand before. */
function isVaried(body: string): boolean {
	const last = body.slice(body.lastIndexOf('-') + 1);
	return entropy(body) >= (body.length < 40 ? 1.7 : 2.7) || (last.length >= 16 && entropy(last) >= 2.7);
}

const alphabets: Readonly<Record<Alphabet, (code: number) => boolean>> = {
	alnum: isAsciiAlnum,
	hex: isHex,
	base64url: isTokenUnit,
	base64: (code) => isAsciiAlnum(code) || code === 43 || code === 47 || code === 61 || code === 45 || code === 95,
	upper: (code) => (isUpper(code) && code < 128) || isDigit(code),
	digits: isDigit,
	any: (code) => code > 32 && code < 127 && code !== 34 && code !== 39 && code !== 96 && code !== 59 && code !== 44,
};

function assigned(text: string): readonly Detection[] {
	return assignments(text).map(({ kind, start, end }) =>
		secret(kind === 'password' ? 'password' : 'assigned_secret', start, end, kind === 'password' ? 0.7 : 0.75),
	);
}
