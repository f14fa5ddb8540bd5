import { decodeBase64Url } from '../builtins/base64.ts';
import type { Builtin } from '../builtins/builtin.ts';
import { anyObject, define } from '../builtins/declare.ts';
import { codingSteps } from '../builtins/limits.ts';
import { named, string, tuple } from '../types/type.ts';
import { objectGet, type Value } from '../value/index.ts';
import { attempt, decodeHeader, decodePayload, jsonObject, splitToken } from './token.ts';

/** `io.jwt.decode`: what a token says, unchecked. */
export const decodeBuiltins: readonly Builtin[] = [
	define(
		'io.jwt.decode',
		'The parts of a JSON Web Token, without checking its signature.',
		[named('jwt', string, 'token to decode')],
		named('output', tuple(anyObject, anyObject, string), '`[header, payload, sig]`, the signature in hexadecimal'),
		([token], context) => {
			if (typeof token === 'string') context.spend(codingSteps(token.length));
			return decode(token!);
		},
	),
];

function withoutQuotes(text: string): string {
	let start = 0;
	let end = text.length;
	while (start < end && isQuote(text[start]!)) start++;
	while (end > start && isQuote(text[end - 1]!)) end--;
	return text.slice(start, end);
}

function isQuote(char: string): boolean {
	return char === '"' || char === "'";
}

/** Deepest nesting of tokens in tokens. Each level is a third longer than what it holds, so texts stay far below it. */
const nestingMax = 64;

function decode(token: Value, depth = 0): Value {
	const parts = splitToken(token);
	const header = decodeHeader(parts);
	const payload = decodePayload(parts);
	if (objectGet(header, 'cty') === 'JWT' && depth < nestingMax) {
		// The token inside may stand in quotes, as jwt.io writes it.
		return decode(withoutQuotes(payload), depth + 1);
	}
	const claims = jsonObject(payload);
	const signature = attempt('JWT signature had invalid encoding', () => decodeBase64Url(parts.signature));
	return [header, claims, Array.from(signature, (byte) => byte.toString(16).padStart(2, '0')).join('')];
}
