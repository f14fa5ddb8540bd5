import { parseWith, TapPassError } from '@tappass/core';
import { type CapabilityClaims, capabilityClaimsSchema, joinToken, tokenMessage, trustLimits } from '@tappass/trust';
import type { Signer } from '../keys/signer.ts';

/**
 * Mints a capability token, a compact JWS signed with ES256.
 * @throws {TapPassError} schema_invalid for claims that no door accepts, a life past five minutes among them; key_invalid
 * for a key that is not P-256
 */
export async function mintToken(claims: CapabilityClaims, signer: Signer): Promise<string> {
	if (signer.algorithm !== 'es256') throw new TapPassError('key_invalid', { detail: 'tokens are signed with ES256' });
	const life = (claims.exp - claims.iat) * 1_000;
	if (life <= 0 || life > trustLimits.tokenTtlMaxMs)
		throw new TapPassError('schema_invalid', { detail: 'token lifetime' });
	const message = tokenMessage(signer.id, parseWith(capabilityClaimsSchema, claims, 'the claims'));
	return joinToken(message, await signer.sign(message));
}
