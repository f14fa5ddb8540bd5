import { hkdfSync } from 'node:crypto';
import type { PseudonymPort } from '@tappass/gateway';
import type { OrgKeys } from '../keys/org-keys.ts';
import type { Batches } from './batch.ts';
import type { Registry } from './registry.ts';
import { openText, sealText } from './sealed.ts';

/** Reversible tokens as sealed rows; a session's key is derived, so that replicas make the same token of a value. */
export class StoredPseudonyms implements PseudonymPort {
	readonly #batches: Batches;
	readonly #registry: Registry;
	readonly #keys: OrgKeys;

	constructor(batches: Batches, registry: Registry, keys: OrgKeys) {
		this.#batches = batches;
		this.#registry = registry;
		this.#keys = keys;
	}

	readonly key: PseudonymPort['key'] = async (org_id, session_id) => {
		const { key } = await this.#registry.read(org_id, 'first data key', (transaction) =>
			this.#keys.firstDataKey(transaction, org_id),
		);
		return new Uint8Array(hkdfSync('sha256', key, '', `tappass pseudonyms ${org_id} ${session_id}`, 32));
	};

	readonly keep: PseudonymPort['keep'] = (org_id, session_id, values) =>
		this.#batches.run(org_id, async (transaction) => {
			const rows = await Promise.all(
				[...values].map(async ([token, value]) => ({
					org_id,
					session_id,
					token,
					...(await sealText(transaction, this.#keys, org_id, value, `pseudonym ${session_id} ${token}`)),
				})),
			);
			if (rows.length === 0) return;
			await transaction
				.insertInto('pseudonyms')
				.values(rows)
				.onConflict((conflict) => conflict.columns(['org_id', 'session_id', 'token']).doNothing())
				.execute();
		});

	readonly find: PseudonymPort['find'] = (org_id, session_id, tokens) => {
		if (tokens.length === 0) return Promise.resolve(new Map());
		return this.#batches.run(org_id, async (transaction) => {
			const rows = await transaction
				.selectFrom('pseudonyms')
				.select(['token', 'sealed', 'data_key_id'])
				.where('session_id', '=', session_id)
				.where('token', 'in', [...tokens])
				.execute();
			const found = new Map<string, string>();
			for (const row of rows)
				found.set(
					row.token,
					await openText(transaction, this.#keys, org_id, row, `pseudonym ${session_id} ${row.token}`),
				);
			return found;
		});
	};
}
