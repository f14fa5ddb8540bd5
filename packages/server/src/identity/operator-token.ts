import type { KeyObject } from 'node:crypto';
import { type OrgId, orgIdSchema, TapPassError } from '@tappass/core';
import { decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { serverLimits } from '../limits.ts';

/** What an operator's token says. Roles are not in it: they are read at each request, so a change holds at once. */
export interface OperatorClaims {
	readonly org_id: OrgId;
	readonly user_id: string;
	/** The API key it was exchanged for; revoking that key ends the token too. */
	readonly key_id: string;
}

const issuer = 'tappass';
const audience = 'tappass:operator';
// The type keeps a token of another purpose from being taken for this one (RFC 8725 §3.11).
const type = 'tappass-operator+jwt';
const claimsSchema = z.strictObject({
	iss: z.literal(issuer),
	aud: z.literal(audience),
	sub: z.string().min(1),
	org_id: orgIdSchema,
	key_id: z.string().min(1),
	iat: z.int(),
	exp: z.int(),
});

/** Mints a token that ends after 15 minutes. @param now Unix milliseconds */
export async function mintOperatorToken(
	claims: OperatorClaims,
	keyId: string,
	key: KeyObject,
	now: number,
): Promise<string> {
	const iat = Math.floor(now / 1_000);
	return new SignJWT({ org_id: claims.org_id, key_id: claims.key_id })
		.setProtectedHeader({ alg: 'ES256', typ: type, kid: keyId })
		.setIssuer(issuer)
		.setAudience(audience)
		.setSubject(claims.user_id)
		.setIssuedAt(iat)
		.setExpirationTime(iat + serverLimits.operatorTokenSeconds)
		.sign(key);
}

/**
 * Checks a token and gives its claims.
 * @param publicKey  finds the key of an org by its id; undefined when the org has no such key
 * @throws {TapPassError} unauthenticated
 */
export async function verifyOperatorToken(
	token: string,
	publicKey: (orgId: OrgId, keyId: string) => Promise<KeyObject | undefined>,
	now: number,
): Promise<OperatorClaims> {
	try {
		// Unverified: they only say where to look for the key that must have signed them.
		const named = orgIdSchema.parse(decodeJwt(token)['org_id']);
		const key = await publicKey(named, z.string().parse(decodeProtectedHeader(token).kid));
		if (key === undefined) throw new TypeError('no such key');
		const { payload } = await jwtVerify(token, key, {
			algorithms: ['ES256'],
			typ: type,
			issuer,
			audience,
			currentDate: new Date(now),
		});
		const { org_id, sub, key_id, iat, exp } = claimsSchema.parse(payload);
		if (exp - iat > serverLimits.operatorTokenSeconds) throw new RangeError('lives too long');
		return { org_id, user_id: sub, key_id };
	} catch (cause) {
		if (cause instanceof TapPassError) throw cause;
		throw new TapPassError('unauthenticated', {
			detail: 'the token is not valid, or no longer',
			hint: 'sign in again: tappass login',
			cause,
		});
	}
}
