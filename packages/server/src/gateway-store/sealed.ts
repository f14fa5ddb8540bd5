import { type OrgId, TapPassError } from '@tappass/core';
import type { OrgKeys } from '../keys/org-keys.ts';
import { open, seal } from '../keys/seal.ts';
import type { OrgTransaction } from '../store/store.ts';

/** Bytes as a row keeps them. */
export interface Sealed {
	readonly sealed: Uint8Array;
	readonly data_key_id: string;
}

/** Seals a text by the org's data key. @param context where it belongs: it opens nowhere else */
export async function sealText(
	transaction: OrgTransaction,
	keys: OrgKeys,
	orgId: OrgId,
	text: string,
	context: string,
): Promise<Sealed> {
	const { id, key } = await keys.dataKey(transaction, orgId);
	return { sealed: seal(key, Buffer.from(text), `${orgId} ${context}`), data_key_id: id };
}

/** Opens what `sealText` sealed. @throws {TapPassError} key_invalid, key_unknown */
export async function openText(
	transaction: OrgTransaction,
	keys: OrgKeys,
	orgId: OrgId,
	{ sealed, data_key_id }: Sealed,
	context: string,
): Promise<string> {
	const { key } = await keys.dataKeyOf(transaction, orgId, data_key_id);
	return Buffer.from(open(key, sealed, `${orgId} ${context}`)).toString('utf8');
}

/** The text of a vault entry. @throws {TapPassError} not_found */
export async function useSecret(
	transaction: OrgTransaction,
	keys: OrgKeys,
	orgId: OrgId,
	name: string,
): Promise<string> {
	const row = await transaction
		.selectFrom('secrets')
		.select(['sealed', 'data_key_id'])
		.where('name', '=', name)
		.executeTakeFirst();
	if (row === undefined)
		throw new TapPassError('not_found', {
			detail: `no secret ${JSON.stringify(name)} in the vault`,
			hint: `tappass secret put ${name}`,
		});
	return openText(transaction, keys, orgId, row, `secret ${name}`);
}
