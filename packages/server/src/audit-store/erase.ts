import { mkdir, open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type OrgId, TapPassError } from '@tappass/core';
import { sql } from 'kysely';
import type { OrgTransaction } from '../store/store.ts';

/**
 * What was erased, kept apart from the database: a list of event ids for each org. A database that is restored brings
 * erased payloads back, and they are erased again before it is served.
 */
export class ErasureList {
	readonly #directory: string;

	/** @param directory must not be restored together with the database */
	constructor(directory: string) {
		this.#directory = directory;
	}

	/** Makes it durable that events are to be erased; before the transaction that does it commits. */
	async add(orgId: OrgId, eventIds: readonly string[]): Promise<void> {
		await mkdir(this.#directory, { recursive: true, mode: 0o700 });
		const handle = await open(this.#fileOf(orgId), 'a', 0o600);
		try {
			// On lines of their own, also behind one that a crash cut short: joined with it the first would be no id.
			await handle.appendFile(`\n${eventIds.map((id) => `${id}\n`).join('')}`);
			await handle.sync();
		} finally {
			await handle.close();
		}
	}

	/** Erases again what a restored database has brought back. @returns how many payloads there were */
	async reapply(transaction: OrgTransaction, orgId: OrgId): Promise<number> {
		const text = await readFile(this.#fileOf(orgId), 'utf8').catch((error: NodeJS.ErrnoException) => {
			if (error.code === 'ENOENT') return '';
			throw new TapPassError('audit_halted', { detail: `${this.#fileOf(orgId)} cannot be read`, cause: error });
		});
		// A last line that a crash cut short was never acknowledged.
		const ids = text.split('\n').filter((line) => /^[0-9a-f-]{36}$/.test(line));
		return ids.length === 0 ? 0 : deletePayloads(transaction, ids);
	}

	#fileOf(orgId: OrgId): string {
		return path.join(this.#directory, `${orgId}.erased`);
	}
}

/** Deletes payloads and their salts: without them nothing leads from a leaf to what it stands for. */
export async function deletePayloads(transaction: OrgTransaction, eventIds: readonly string[]): Promise<number> {
	const { numDeletedRows } = await transaction
		.deleteFrom('audit_payloads')
		.where(sql<boolean>`event_id = any(${[...eventIds]}::uuid[])`)
		.executeTakeFirstOrThrow();
	return Number(numDeletedRows);
}
