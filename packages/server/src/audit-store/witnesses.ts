import type { OrgId } from '@tappass/core';
import type { Insertable } from 'kysely';
import type { AuditWitnessTable } from '../store/audit-tables.ts';
import type { OrgTransaction } from '../store/store.ts';

/** Those whose cosignatures are taken, by their names. */
export async function listWitnesses(
	transaction: OrgTransaction,
): Promise<readonly { readonly key_id: string; readonly name: string; readonly vkey: string }[]> {
	return transaction.selectFrom('audit_witnesses').select(['key_id', 'name', 'vkey']).orderBy('name').execute();
}

/** Adds a witness. @returns false when it is there already */
export async function insertWitness(transaction: OrgTransaction, row: Insertable<AuditWitnessTable>): Promise<boolean> {
	const { numInsertedOrUpdatedRows } = await transaction
		.insertInto('audit_witnesses')
		.values(row)
		.onConflict((conflict) => conflict.columns(['org_id', 'key_id']).doNothing())
		.executeTakeFirstOrThrow();
	return numInsertedOrUpdatedRows === 1n;
}

/** Removes a witness. @returns false when there is none of that key */
export async function deleteWitness(transaction: OrgTransaction, keyId: string): Promise<boolean> {
	const { numDeletedRows } = await transaction
		.deleteFrom('audit_witnesses')
		.where('key_id', '=', keyId)
		.executeTakeFirstOrThrow();
	return numDeletedRows === 1n;
}

/** Keeps the line of a witness for a checkpoint; a later one takes its place. */
export async function putCosignature(
	transaction: OrgTransaction,
	row: { readonly org_id: OrgId; readonly size: number; readonly witness: string; readonly line: string },
): Promise<void> {
	await transaction
		.insertInto('audit_cosignatures')
		.values(row)
		.onConflict((conflict) => conflict.columns(['org_id', 'size', 'witness']).doUpdateSet({ line: row.line }))
		.execute();
}
