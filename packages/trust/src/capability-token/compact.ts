import { canonicalJson, TapPassError } from '@tappass/core';
import { decodeBase64Url, encodeBase64Url } from '../envelope/base64.ts';
import { trustLimits } from '../limits.ts';
import type { CapabilityClaims } from './claims.ts';

/** A compact JWS (RFC 7515 §3.1) taken apart, not yet believed. */
export interface CompactToken {
	readonly keyid: string;
	/** The bytes that are signed. */
	readonly message: Uint8Array;
	readonly payload: Uint8Array;
	readonly sig: Uint8Array;
}

/**
 * Takes a token apart. The header has one permitted text for each key, so there is no algorithm to be confused about.
 * @throws {TapPassError} token_invalid
 */
export function splitToken(token: string): CompactToken {
	const parts = token.length > trustLimits.tokenLengthMax ? [] : token.split('.');
	const [header, payload, sig] = parts.map(decodeBase64Url);
	if (parts.length !== 3 || header === undefined || payload === undefined || sig === undefined) {
		throw new TapPassError('token_invalid', { detail: 'not a compact JWS' });
	}
	const text = Buffer.from(header).toString('latin1');
	const keyid = /^\{"alg":"ES256","kid":"([0-9a-f]{64})","typ":"JWT"\}$/.exec(text)?.[1];
	if (keyid === undefined) throw new TapPassError('token_invalid', { detail: 'header' });
	return { keyid, message: Buffer.from(token.slice(0, token.lastIndexOf('.'))), payload, sig };
}

/** The bytes an issuer signs: `header.payload`, both canonical JSON in base64url. */
export function tokenMessage(keyid: string, claims: CapabilityClaims): Uint8Array {
	const encode = (value: object): string => encodeBase64Url(new TextEncoder().encode(canonicalJson(value)));
	return new TextEncoder().encode(`${encode({ alg: 'ES256', kid: keyid, typ: 'JWT' })}.${encode(claims)}`);
}

/** The finished token. @param sig 64 bytes, r then s (IEEE P1363) */
export function joinToken(message: Uint8Array, sig: Uint8Array): string {
	return `${new TextDecoder().decode(message)}.${encodeBase64Url(sig)}`;
}
