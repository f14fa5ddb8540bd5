import { decodeBase64Url } from '../builtins/base64.ts';
import { BuiltinError } from '../builtins/builtin.ts';
import {
	compare,
	isArray,
	isNumber,
	type ObjectValue,
	objectEntries,
	objectGet,
	RegoObject,
	toDouble,
	type Value,
} from '../value/index.ts';
import type { NodeCrypto } from './index.ts';
import { type VerificationKey, verificationKeys } from './keys.ts';
import { secretKey, verifiesWithAny } from './signature-check.ts';
import { decodeHeader, decodePayload, headerFields, jsonObject, splitToken } from './token.ts';

/**
 * Checks a token as RFC 7519 §7.2 does: signature first, then issuer, audience, expiry and start. The answer is
 * `[valid, header, payload]`; what fails a check says nothing of its contents.
 *
 * @param nowNs time to check against, asked for only when the constraints give none
 * @throws {BuiltinError} constraints that are wrong in themselves, or a token that does not decode
 */
export function decodeVerify(
	nodeCrypto: NodeCrypto,
	token: Value,
	constraints: ObjectValue,
	nowNs: () => bigint,
	spend: (steps: number) => void,
): Value {
	const wanted = readConstraints(nodeCrypto, constraints, nowNs);
	const verified = verifySigned(nodeCrypto, token, wanted, spend);
	if (verified === undefined || !claimsHold(verified.payload, wanted)) {
		return [false, RegoObject.empty, RegoObject.empty];
	}
	return [true, verified.header, verified.payload];
}

interface Constraints {
	readonly keys: readonly VerificationKey[];
	/** Each empty when it is not asked for. */
	readonly alg: string;
	readonly iss: string;
	readonly aud: string;
	readonly seconds: number;
}

function readConstraints(nodeCrypto: NodeCrypto, constraints: ObjectValue, nowNs: () => bigint): Constraints {
	let certificateKeys: readonly VerificationKey[] | undefined;
	const texts: Record<string, string> = { secret: '', alg: '', iss: '', aud: '' };
	let nanoseconds: number | undefined;
	for (const [key, value] of objectEntries(constraints)) {
		const name = String(key);
		if (name === 'cert') {
			if (typeof value !== 'string') throw new BuiltinError('cert constraint: must be a string');
			certificateKeys = verificationKeys(nodeCrypto, value);
		} else if (name === 'time') nanoseconds = timeConstraint(value);
		else if (Object.hasOwn(texts, name)) {
			if (typeof value !== 'string') throw new BuiltinError(`${name} constraint: must be a string`);
			texts[name] = value;
		} else throw new BuiltinError(`unknown token validation constraint: ${name}`);
	}
	const { secret, alg, iss, aud } = texts as { secret: string; alg: string; iss: string; aud: string };
	if (certificateKeys !== undefined && secret !== '') throw new BuiltinError('duplicate key constraints');
	const keys = certificateKeys ?? [secretKey(nodeCrypto, secret)];
	// An evaluation without a clock may still check a token at a time that the policy gives.
	return { keys, alg, iss, aud, seconds: (nanoseconds ?? Number(nowNs())) / 1e9 };
}

function timeConstraint(value: Value): number {
	if (!isNumber(value)) throw new BuiltinError('token time constraint: must be a number');
	const time = toDouble(value);
	if (!Number.isFinite(time)) throw new BuiltinError('token time constraint: unvalid float64');
	if (time < 0) throw new BuiltinError('token time constraint: must not be negative');
	return time;
}

interface Contents {
	readonly header: ObjectValue;
	readonly payload: ObjectValue;
}

/** The contents of the innermost token, when every token around it verifies. */
function verifySigned(
	nodeCrypto: NodeCrypto,
	token: Value,
	wanted: Constraints,
	spend: (steps: number) => void,
): Contents | undefined {
	let inner = token;
	for (;;) {
		const parts = splitToken(inner);
		const header = decodeHeader(parts);
		const fields = headerFields(header);
		if (fields.alg === '' || fields.hasUnknownCritical) return undefined;
		if (wanted.alg !== '' && wanted.alg !== fields.alg) return undefined;
		const signature = decodeBase64Url(parts.signature);
		const check = { kid: fields.kid, tokenAlg: fields.alg, alg: fields.alg, salt: 'hash' } as const;
		if (!verifiesWithAny(nodeCrypto, wanted.keys, check, parts, signature, spend)) return undefined;
		const payload = decodePayload(parts);
		if (fields.cty.toUpperCase() !== 'JWT') return { header, payload: jsonObject(payload) };
		inner = payload;
	}
}

function claimsHold(payload: ObjectValue, wanted: Constraints): boolean {
	if (wanted.iss !== '' && objectGet(payload, 'iss') !== wanted.iss) return false;
	const audience = objectGet(payload, 'aud');
	// A token for someone must not be taken by a verifier that does not say who it is.
	if (audience === undefined ? wanted.aud !== '' : !isAudience(audience, wanted.aud)) return false;
	const expires = timeClaim(payload, 'exp');
	if (expires !== undefined && compare(wanted.seconds, expires) >= 0) return false;
	const starts = timeClaim(payload, 'nbf');
	return starts === undefined || compare(wanted.seconds, starts) >= 0;
}

function isAudience(audience: Value, wanted: string): boolean {
	return isArray(audience) ? audience.includes(wanted) : audience === wanted;
}

function timeClaim(payload: ObjectValue, name: 'exp' | 'nbf'): Value | undefined {
	const claim = objectGet(payload, name);
	if (claim !== undefined && !isNumber(claim)) throw new BuiltinError(`${name} value must be a number`);
	return claim;
}
