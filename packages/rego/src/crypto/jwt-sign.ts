import type { KeyObject } from 'node:crypto';
import { encodeBase64 } from '../builtins/base64.ts';
import { type Builtin, BuiltinError } from '../builtins/builtin.ts';
import { define } from '../builtins/declare.ts';
import { operand, stringOperand } from '../builtins/operands.ts';
import { utf8 } from '../builtins/utf8.ts';
import { any, named, object, string } from '../types/type.ts';
import { isObject, objectGet, parseJson, quote, stringify, type Value } from '../value/index.ts';
import { signatureAlgorithms, signData } from './algorithms.ts';
import type { NodeCrypto } from './index.ts';
import { jsonFault } from './json-fault.ts';
import { signingKey } from './keys.ts';

/** `io.jwt.encode_sign` and `io.jwt.encode_sign_raw`. */
export function signBuiltins(nodeCrypto: NodeCrypto): readonly Builtin[] {
	const anything = object(string, any);
	return [
		define(
			'io.jwt.encode_sign_raw',
			'Signs a token whose parts are given as texts.',
			[
				named('headers', string, 'header as JSON'),
				named('payload', string, 'payload'),
				named('key', string, 'JWK to sign with'),
			],
			named('output', string, 'the signed token'),
			(args) => {
				// The key first: that is the order in which OPA finds a wrong operand.
				const key = stringOperand(args, 3);
				return sign(nodeCrypto, stringOperand(args, 1), stringOperand(args, 2), key);
			},
			{ nondeterministic: true },
		),
		define(
			'io.jwt.encode_sign',
			'Signs a token whose parts are given as objects.',
			[
				named('headers', anything, 'header'),
				named('payload', anything, 'claims'),
				named('key', anything, 'JWK to sign with'),
			],
			named('output', string, 'the signed token'),
			(args) => sign(nodeCrypto, json(operand(args, 1)), json(operand(args, 2)), json(operand(args, 3))),
			{ nondeterministic: true },
		),
	];
}

/** JSON as Go writes it: what HTML would read as markup is escaped. Such characters stand in strings only. */
function json(value: Value): string {
	return stringify(value).replace(
		/[<>&\u2028\u2029]/g,
		(char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
	);
}

function sign(nodeCrypto: NodeCrypto, headers: string, payload: string, jwk: string): string {
	const key = signingKey(nodeCrypto, jwk);
	const alg = headerText(headers, 'alg');
	if (typeof alg !== 'string') throw new BuiltinError(`missing or invalid 'alg' header: ${alg.problem}`);
	if (!signatureAlgorithms.has(alg)) throw new BuiltinError(`unknown JWS algorithm: ${alg}`);
	const typ = headerText(headers, 'typ');
	if ((typeof typ !== 'string' || typ === 'JWT') && !isJson(payload)) {
		throw new BuiltinError('type is JWT but payload is not JSON');
	}
	const signed = `${encode(utf8(headers))}.${encode(utf8(payload))}`;
	return `${signed}.${encode(signature(nodeCrypto, alg, key, utf8(signed)))}`;
}

function signature(nodeCrypto: NodeCrypto, alg: string, key: KeyObject, data: Uint8Array): Uint8Array {
	try {
		return signData(nodeCrypto, alg, key, data);
	} catch (error) {
		// OpenSSL's own, for a key that is too small for the hash.
		if (error instanceof BuiltinError) throw error;
		throw new BuiltinError(`failed to sign: ${error instanceof Error ? error.message : String(error)}`, {
			cause: error,
		});
	}
}

/** A string of the header, or why there is none. */
function headerText(headers: string, name: string): string | { readonly problem: string } {
	const fault = jsonFault(headers);
	if (fault !== undefined) return { problem: fault };
	const missing = { problem: `jwsbb: header ${quote(name)} not found` };
	// That reader takes `e` for a number, and a number has no members.
	if (/^[-+.0-9eE]+$/.test(headers.trim())) return missing;
	let parsed: Value;
	try {
		parsed = parseJson(headers);
	} catch (error) {
		// What JSON does not allow is not signed, even where that reader takes it.
		return { problem: `cannot parse JSON: ${error instanceof Error ? error.message : String(error)}` };
	}
	const value = isObject(parsed) ? objectGet(parsed, name) : undefined;
	if (value === undefined) return missing;
	return typeof value === 'string' ? value : { problem: `jwsbb: header ${quote(name)} is not a string` };
}

function isJson(text: string): boolean {
	try {
		parseJson(text);
		return true;
	} catch {
		// Nothing is lost: the caller says what is wrong.
		return false;
	}
}

function encode(bytes: Uint8Array): string {
	return encodeBase64(bytes, { url: true, pad: false });
}
