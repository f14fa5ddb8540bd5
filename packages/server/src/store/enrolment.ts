import type { SandboxId } from '@tappass/core';
import { type Insertable, type Selectable, sql } from 'kysely';
import type { BootstrapTable, CertificateTable, SandboxState, SandboxTable } from './host-tables.ts';
import type { RootTable } from './key-tables.ts';
import { isDuplicate, type OrgTransaction } from './store.ts';

/** Keeps a new bootstrap. */
export async function insertBootstrap(transaction: OrgTransaction, row: Insertable<BootstrapTable>): Promise<void> {
	await transaction.insertInto('bootstraps').values(row).execute();
}

/** The bootstrap of a token, locked until the transaction ends: of many attempts each sees what the one before did. */
export async function lockBootstrap(
	transaction: OrgTransaction,
	tokenHash: Uint8Array,
): Promise<Selectable<BootstrapTable> | undefined> {
	return transaction
		.selectFrom('bootstraps')
		.selectAll()
		.where('token_hash', '=', Buffer.from(tokenHash))
		.forUpdate()
		.executeTakeFirst();
}

/** Burns a bootstrap by compare-and-set. @returns whether it was this call that burned it */
export async function burnBootstrap(
	transaction: OrgTransaction,
	id: string,
	used: { readonly at: Date; readonly key_sha256: string; readonly from: string; readonly response: Uint8Array },
): Promise<boolean> {
	const { numUpdatedRows } = await transaction
		.updateTable('bootstraps')
		.set({ used_at: used.at, used_key_sha256: used.key_sha256, used_from: used.from, response: used.response })
		.where('id', '=', id)
		.where('used_at', 'is', null)
		.executeTakeFirst();
	return numUpdatedRows === 1n;
}

/** When the epoch in force began, Unix milliseconds; null for the first epoch, before which there was nothing. */
export async function epochBegan(transaction: OrgTransaction): Promise<number | null> {
	const row = await transaction
		.selectFrom('roots')
		.innerJoin('orgs', 'orgs.epoch', 'roots.epoch')
		.select(({ fn }) => ['orgs.epoch', fn.min('roots.created_at').as('began')])
		.groupBy('orgs.epoch')
		.executeTakeFirst();
	return row === undefined || row.epoch === 1 ? null : (row.began as unknown as Date).getTime();
}

/** A sandbox, locked until the transaction ends. */
export async function lockSandbox(
	transaction: OrgTransaction,
	id: SandboxId,
): Promise<Selectable<SandboxTable> | undefined> {
	return transaction.selectFrom('sandboxes').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

/**
 * Makes a sandbox active under the name its host gave it. One that was revoked has no claim to its name any more.
 * @returns false when the name is taken
 */
export async function activateSandbox(
	transaction: OrgTransaction,
	id: SandboxId,
	values: { readonly name: string; readonly generation: number },
): Promise<boolean> {
	const taken = await transaction
		.selectFrom('sandboxes')
		.select('id')
		.where('name', '=', values.name)
		.where('id', '<>', id)
		.where('state', '<>', 'revoked')
		.executeTakeFirst();
	if (taken !== undefined) return false;
	await transaction
		.updateTable('sandboxes')
		.set({ ...values, state: 'active', state_reason: null })
		.where('id', '=', id)
		.execute();
	return true;
}

/** Whether an error says that another transaction has just taken the sandbox's name. */
export function isNameTaken(error: unknown): boolean {
	return isDuplicate(error, 'sandboxes_live_name');
}

/** Sets a sandbox's state. @returns whether it was in another one */
export async function setSandboxState(
	transaction: OrgTransaction,
	id: SandboxId,
	state: SandboxState,
	reason: string,
): Promise<boolean> {
	const { numUpdatedRows } = await transaction
		.updateTable('sandboxes')
		.set({ state, state_reason: reason })
		.where('id', '=', id)
		.where('state', '<>', state)
		.executeTakeFirst();
	return numUpdatedRows === 1n;
}

/** Records the generation of the newest certificate. */
export async function setGeneration(transaction: OrgTransaction, id: SandboxId, generation: number): Promise<void> {
	await transaction.updateTable('sandboxes').set({ generation }).where('id', '=', id).execute();
}

/** Keeps a certificate that was issued. */
export async function insertCertificate(transaction: OrgTransaction, row: Insertable<CertificateTable>): Promise<void> {
	await transaction.insertInto('certificates').values(row).execute();
}

/** A host's certificate and sandbox, read together; `null` where there is none. */
export interface HostRow {
	readonly state: SandboxState;
	readonly presented: Selectable<CertificateTable> | undefined;
	readonly newest: Selectable<CertificateTable> | undefined;
	readonly newer_seen: boolean;
}

/** What bears on whether a certificate is good. @returns undefined when the sandbox is not of this org */
export async function readHost(
	transaction: OrgTransaction,
	sandboxId: SandboxId,
	serial: string,
): Promise<HostRow | undefined> {
	const sandbox = await transaction
		.selectFrom('sandboxes')
		.select('state')
		.where('id', '=', sandboxId)
		.executeTakeFirst();
	if (sandbox === undefined) return undefined;
	const certificates = await transaction
		.selectFrom('certificates')
		.selectAll()
		.where('sandbox_id', '=', sandboxId)
		.where((where) =>
			where.or([
				where('serial', '=', serial),
				where(
					'generation',
					'=',
					where
						.selectFrom('certificates as c')
						.select(({ fn }) => fn.max('c.generation').as('generation'))
						.where('c.sandbox_id', '=', sandboxId),
				),
			]),
		)
		.execute();
	const presented = certificates.find((row) => row.serial === serial);
	const newest = certificates.reduce<Selectable<CertificateTable> | undefined>(
		(best, row) => (best === undefined || row.generation > best.generation ? row : best),
		undefined,
	);
	const newer_seen = presented !== undefined && presented !== newest && newest?.first_seen_at != null;
	return { state: sandbox.state, presented, newest, newer_seen };
}

/** Records that a host has shown a certificate: those before it are void from now on. */
export async function markSeen(
	transaction: OrgTransaction,
	sandboxId: SandboxId,
	generation: number,
	at: Date,
): Promise<void> {
	await transaction
		.updateTable('certificates')
		.set({ first_seen_at: at })
		.where('sandbox_id', '=', sandboxId)
		.where('generation', '=', generation)
		.where('first_seen_at', 'is', null)
		.execute();
	await transaction
		.updateTable('certificates')
		.set({ revoked_at: at })
		.where('sandbox_id', '=', sandboxId)
		.where('generation', '<', generation)
		.where('revoked_at', 'is', null)
		.execute();
}

/** Voids the certificates of a sandbox from a generation on. */
export async function voidCertificates(
	transaction: OrgTransaction,
	sandboxId: SandboxId,
	fromGeneration: number,
	at: Date,
): Promise<void> {
	await transaction
		.updateTable('certificates')
		.set({ revoked_at: at })
		.where('sandbox_id', '=', sandboxId)
		.where('generation', '>=', fromGeneration)
		.where('revoked_at', 'is', null)
		.execute();
}

/** Voids every certificate of a sandbox that is enrolled anew: the host before is left behind. */
export async function leaveBehind(transaction: OrgTransaction, sandboxId: SandboxId, at: Date): Promise<void> {
	await transaction
		.updateTable('certificates')
		.set({ revoked_at: sql<Date>`coalesce(revoked_at, ${at})`, left_behind: true })
		.where('sandbox_id', '=', sandboxId)
		.execute();
}

/** The root document of a hash, as bootstrap URLs name it. */
export async function findRoot(
	transaction: OrgTransaction,
	sha256: string,
): Promise<Selectable<RootTable> | undefined> {
	return transaction.selectFrom('roots').selectAll().where('sha256', '=', sha256).executeTakeFirst();
}

/** Root documents after a version, oldest first. */
export async function rootsAfter(
	transaction: OrgTransaction,
	version: number,
	limit: number,
): Promise<readonly Selectable<RootTable>[]> {
	return transaction
		.selectFrom('roots')
		.selectAll()
		.where('version', '>', version)
		.orderBy('version')
		.limit(limit)
		.execute();
}

/** The epoch in force; undefined when the org is not there. */
export async function orgEpoch(transaction: OrgTransaction): Promise<number | undefined> {
	const row = await transaction.selectFrom('orgs').select('epoch').executeTakeFirst();
	return row?.epoch;
}
