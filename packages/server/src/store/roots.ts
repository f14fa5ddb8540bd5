import type { OrgId } from '@tappass/core';
import type { OrgTransaction } from './store.ts';

/** Begins an epoch: every statement of another one is out of date. @returns how many sandboxes are to be derived anew */
export async function setEpoch(transaction: OrgTransaction, orgId: OrgId, epoch: number, at: Date): Promise<number> {
	await transaction.updateTable('orgs').set({ epoch }).where('org_id', '=', orgId).execute();
	const { numUpdatedRows } = await transaction
		.updateTable('sandboxes')
		.set({ stale: true, stale_since: at })
		.where('epoch', '<>', epoch)
		.where('state', '<>', 'revoked')
		.executeTakeFirst();
	return Number(numUpdatedRows);
}

/** Takes the org's row: until the transaction ends no other change of policy or root goes on. */
export async function lockOrg(transaction: OrgTransaction): Promise<void> {
	await transaction.selectFrom('orgs').select('org_id').forUpdate().executeTakeFirstOrThrow();
}
