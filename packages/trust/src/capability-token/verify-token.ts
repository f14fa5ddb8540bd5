import { verify } from 'node:crypto';
import { parseBytesWith, TapPassError } from '@tappass/core';
import type { TrustedRoot } from '../keys/trusted-root.ts';
import { trustLimits } from '../limits.ts';
import { type CapabilityClaims, capabilityClaimsSchema, type TokenAudience } from './claims.ts';
import { type CompactToken, splitToken } from './compact.ts';

/**
 * Believes a capability token, or throws: ES256 by a `token` key of the root, for this door, of this org, not over.
 * @param expected `audience` is the door that asks; `now` is Unix milliseconds
 * @throws {TapPassError} token_invalid, token_audience, token_expired
 */
export function verifyCapabilityToken(
	token: string,
	root: TrustedRoot,
	expected: { readonly audience: TokenAudience; readonly now: number },
): CapabilityClaims {
	const parts = splitToken(token);
	assertTokenSigned(parts, root);
	const claims = parseClaims(parts.payload);
	if (claims.org_id !== root.document.org_id) throw new TapPassError('token_audience', { detail: 'another org' });
	if (claims.aud !== expected.audience) throw new TapPassError('token_audience', { detail: `for the ${claims.aud}` });
	assertTokenLifetime(claims, expected.now);
	return claims;
}

function assertTokenSigned({ keyid, message, sig }: CompactToken, root: TrustedRoot): void {
	// Only keys of the role: another key of the root, though genuine, does not speak for sandboxes.
	const key = root.document.roles.token.keyids.includes(keyid) ? root.keys.get(keyid)!.key : undefined;
	if (key === undefined) throw new TapPassError('token_invalid', { detail: 'no token key of that id' });
	if (!verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, sig)) {
		throw new TapPassError('token_invalid', { detail: 'signature' });
	}
}

function parseClaims(payload: Uint8Array): CapabilityClaims {
	try {
		return parseBytesWith(capabilityClaimsSchema, payload, 'claims', { integersOnly: true });
	} catch (cause) {
		throw new TapPassError('token_invalid', { detail: 'claims', cause });
	}
}

function assertTokenLifetime({ iat, exp }: CapabilityClaims, now: number): void {
	const life = (exp - iat) * 1_000;
	if (life <= 0 || life > trustLimits.tokenTtlMaxMs) throw new TapPassError('token_invalid', { detail: 'lifetime' });
	if (iat * 1_000 > now + trustLimits.clockSkewMaxMs)
		throw new TapPassError('token_invalid', { detail: 'from the future' });
	// Written so that a clock that cannot be read (NaN) refuses as well.
	if (!(now < exp * 1_000)) throw new TapPassError('token_expired');
}
