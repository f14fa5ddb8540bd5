import { decodeBase64Url } from '../builtins/base64.ts';
import { BuiltinError, BuiltinLimitError } from '../builtins/builtin.ts';
import { readJson } from '../builtins/json-text.ts';
import { operandTypeError } from '../builtins/operands.ts';
import { textOfUtf8 } from '../builtins/utf8.ts';
import { isArray, isObject, type ObjectValue, objectEntries, objectGet, type Value } from '../value/index.ts';

/** A JSON Web Token in compact form: its three parts, still encoded. */
export interface Token {
	readonly header: string;
	readonly payload: string;
	readonly signature: string;
}

/** Splits a token; `operand 1` is what errors call it. */
export function splitToken(token: Value): Token {
	if (typeof token !== 'string') throw operandTypeError(1, token, 'string');
	const parts = token.split('.');
	if (parts.length === 1) throw new BuiltinError('encoded JWT had no period separators');
	if (parts.length !== 3) throw new BuiltinError(`encoded JWT must have 3 sections, found ${parts.length}`);
	const [header, payload, signature] = parts as [string, string, string];
	return { header, payload, signature };
}

/** The header as an object. @throws {BuiltinError} not base64url, not JSON, no object, or a JWE's */
export function decodeHeader(token: Token): ObjectValue {
	const text = textOfUtf8(attempt('JWT header had invalid encoding', () => decodeBase64Url(token.header)));
	const header = attempt('bad JWT header', () => jsonObject(text));
	if (objectGet(header, 'enc') !== undefined) throw new BuiltinError('JWT is a JWE object, which is not supported');
	return header;
}

/** The payload as text. */
export function decodePayload(token: Token): string {
	return textOfUtf8(attempt('JWT payload had invalid encoding', () => decodeBase64Url(token.payload)));
}

/** Runs `read`, putting `context: ` in front of what it refuses with. */
export function attempt<Result>(context: string, read: () => Result): Result {
	try {
		return read();
	} catch (error) {
		if (!(error instanceof BuiltinError)) throw error;
		throw new BuiltinError(`${context}: ${error.message}`, { cause: error });
	}
}

/** The object that `text` is as JSON; of a key given twice the last counts. */
export function jsonObject(text: string): ObjectValue {
	let value: Value;
	try {
		value = readJson(text);
	} catch (error) {
		if (error instanceof BuiltinLimitError) throw error;
		throw new BuiltinError(`invalid JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
	}
	if (!isObject(value)) throw new BuiltinError('decoded JSON type was not an Object');
	return value;
}

/** The header fields that say how a token is checked. */
export interface HeaderFields {
	readonly alg: string;
	readonly kid: string;
	readonly cty: string;
	/** RFC 7515 §4.1.11: whether it names a critical field that is not understood here. */
	readonly hasUnknownCritical: boolean;
}

const understood: ReadonlySet<string> = new Set(['alg', 'kid', 'typ', 'cty', 'crit']);

/** Reads the fields of a header. @throws {BuiltinError} one of the wrong type */
export function headerFields(header: ObjectValue): HeaderFields {
	const critical = criticalFields(objectGet(header, 'crit'));
	stringField(header, 'typ');
	return {
		alg: stringField(header, 'alg'),
		kid: stringField(header, 'kid'),
		cty: stringField(header, 'cty'),
		hasUnknownCritical: objectEntries(header).some(
			([name]) => typeof name === 'string' && critical.has(name) && !understood.has(name),
		),
	};
}

function stringField(header: ObjectValue, name: string): string {
	const value = objectGet(header, name);
	if (value === undefined) return '';
	if (typeof value !== 'string') throw new BuiltinError(`${name}: must be a string`);
	return value;
}

function criticalFields(crit: Value | undefined): ReadonlySet<string> {
	if (crit === undefined) return new Set();
	if (!isArray(crit)) throw new BuiltinError('crit: must be a list');
	const names = crit.filter((name) => typeof name === 'string');
	if (names.length === 0) throw new BuiltinError('crit: must be a nonempty list');
	return new Set(names);
}
