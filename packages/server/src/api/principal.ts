import { type OrgId, TapPassError } from '@tappass/core';
import type { Principal } from '../access/may.ts';
import { findByKeyId } from '../store/people.ts';
import type { OrgTransaction } from '../store/store.ts';

/**
 * Who is behind a token at this moment, with the roles of this moment.
 * @throws {TapPassError} unauthenticated when the key that the token was exchanged for has ended
 */
export async function principalOf(
	transaction: OrgTransaction,
	{ org_id, user_id, key_id }: { readonly org_id: OrgId; readonly user_id: string; readonly key_id: string },
	now: Date,
): Promise<Principal> {
	const principal = await findByKeyId(transaction, org_id, user_id, key_id, now);
	if (principal !== undefined) return principal;
	throw new TapPassError('unauthenticated', {
		detail: 'the key behind the token was revoked or has expired',
		hint: 'sign in again: tappass login',
	});
}
