import { type Insertable, type Selectable, sql } from 'kysely';
import type { DataKeyTable, OrgKeyRole, OrgKeyTable, RootTable } from './key-tables.ts';
import type { OrgTransaction } from './store.ts';

export async function insertDataKey(transaction: OrgTransaction, row: Insertable<DataKeyTable>): Promise<void> {
	await transaction.insertInto('data_keys').values(row).execute();
}

export async function readDataKey(transaction: OrgTransaction, id: string): Promise<Selectable<DataKeyTable>> {
	return transaction.selectFrom('data_keys').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

/** Every data key, locked until the transaction ends. */
export async function listDataKeys(transaction: OrgTransaction): Promise<readonly Selectable<DataKeyTable>[]> {
	return transaction.selectFrom('data_keys').selectAll().orderBy('created_at').orderBy('id').forUpdate().execute();
}

/** Keeps a data key as another key has wrapped it. */
export async function setWrapped(
	transaction: OrgTransaction,
	id: string,
	{ kms_key_id, wrapped }: { readonly kms_key_id: string; readonly wrapped: Uint8Array },
): Promise<void> {
	await transaction.updateTable('data_keys').set({ kms_key_id, wrapped }).where('id', '=', id).execute();
}

/** The data key in use: the newest that has not been retired. */
export async function newestDataKey(transaction: OrgTransaction): Promise<Selectable<DataKeyTable> | undefined> {
	return transaction
		.selectFrom('data_keys')
		.selectAll()
		.where('retired_at', 'is', null)
		.orderBy('created_at', 'desc')
		.limit(1)
		.executeTakeFirst();
}

/** The data key that the org was made with. */
export async function oldestDataKey(transaction: OrgTransaction): Promise<Selectable<DataKeyTable> | undefined> {
	return transaction.selectFrom('data_keys').selectAll().orderBy('created_at').limit(1).executeTakeFirst();
}

export async function insertOrgKey(transaction: OrgTransaction, row: Insertable<OrgKeyTable>): Promise<void> {
	await transaction.insertInto('org_keys').values(row).execute();
}

/** The key of a role that is in use: neither retired nor waiting for a root document. There is at most one. */
export async function currentKey(
	transaction: OrgTransaction,
	role: OrgKeyRole,
): Promise<Selectable<OrgKeyTable> | undefined> {
	return transaction
		.selectFrom('org_keys')
		.selectAll()
		.where('role', '=', role)
		.where('retired_at', 'is', null)
		.where('pending', '=', false)
		.executeTakeFirst();
}

/** A key as everyone may see it. */
export type PublicKeyRow = Omit<Selectable<OrgKeyTable>, 'org_id' | 'sealed' | 'data_key_id' | 'certificate'>;

/** Every key there is or was, newest first. */
export async function listKeys(transaction: OrgTransaction): Promise<readonly PublicKeyRow[]> {
	return transaction
		.selectFrom('org_keys')
		.select(['key_id', 'role', 'algorithm', 'spki', 'created_at', 'retired_at', 'pending'])
		.orderBy('created_at', 'desc')
		.orderBy('key_id')
		.execute();
}

/** Lets go of a key that waits to follow: no root document lists it, and nothing was signed with it. */
export async function dropPendingKey(transaction: OrgTransaction, role: OrgKeyRole): Promise<void> {
	await transaction.deleteFrom('org_keys').where('role', '=', role).where('pending', '=', true).execute();
}

/** Takes a waiting key into use. The one before is retired, and its private half is gone: nothing needs it any more. */
export async function activateKey(
	transaction: OrgTransaction,
	role: OrgKeyRole,
	keyId: string,
	at: Date,
): Promise<void> {
	await transaction
		.updateTable('org_keys')
		.set({ retired_at: at, sealed: Buffer.alloc(0) })
		.where('role', '=', role)
		.where('retired_at', 'is', null)
		.where('pending', '=', false)
		.execute();
	await transaction.updateTable('org_keys').set({ pending: false }).where('key_id', '=', keyId).execute();
}

export async function findKey(
	transaction: OrgTransaction,
	keyId: string,
): Promise<Selectable<OrgKeyTable> | undefined> {
	return transaction.selectFrom('org_keys').selectAll().where('key_id', '=', keyId).executeTakeFirst();
}

/** Fills the slot of a CA's certificate. */
export async function setCertificate(
	transaction: OrgTransaction,
	keyId: string,
	certificate: Uint8Array,
): Promise<void> {
	await transaction.updateTable('org_keys').set({ certificate }).where('key_id', '=', keyId).execute();
}

/** A CA of the host plane, as far as it matters to whoever checks certificates. */
export interface AuthorityRow {
	readonly certificate: Buffer;
	readonly retired_at: Date | null;
}

/**
 * The CAs that something good may chain to: the one in use, the one that waits to follow, and those that were in use until
 * after `since`, in this order.
 */
export async function listAuthorities(transaction: OrgTransaction, since: Date): Promise<readonly AuthorityRow[]> {
	const rows = await transaction
		.selectFrom('org_keys')
		.select(['certificate', 'retired_at'])
		.where('role', '=', 'host_ca')
		.where((where) => where.or([where('retired_at', 'is', null), where('retired_at', '>', since)]))
		.orderBy(sql`retired_at desc nulls first`)
		.orderBy('pending')
		.execute();
	return rows.flatMap(({ certificate, retired_at }) => (certificate === null ? [] : [{ certificate, retired_at }]));
}

export async function insertRoot(transaction: OrgTransaction, row: Insertable<RootTable>): Promise<void> {
	await transaction.insertInto('roots').values(row).execute();
}

/** The newest root document. */
export async function newestRoot(transaction: OrgTransaction): Promise<Selectable<RootTable> | undefined> {
	return transaction.selectFrom('roots').selectAll().orderBy('version', 'desc').limit(1).executeTakeFirst();
}
