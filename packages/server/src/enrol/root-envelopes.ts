import { parseJson, TapPassError } from '@tappass/core';
import { type RootsAnswer, trustLimits } from '@tappass/trust';
import { rootsAfter } from '../store/enrolment.ts';
import type { OrgTransaction } from '../store/store.ts';

/**
 * The root documents after a version, oldest first, all that there are.
 * @throws {TapPassError} root_chain_too_long: a host takes no more at once, and could not go on from a part of them
 */
export async function rootEnvelopes(transaction: OrgTransaction, version: number): Promise<RootsAnswer['roots']> {
	const rows = await rootsAfter(transaction, version, trustLimits.rootChainMax + 1);
	if (rows.length > trustLimits.rootChainMax)
		throw new TapPassError('root_chain_too_long', { hint: 'ask the operator for a new bootstrap URL' });
	return rows.map(({ document }) => parseJson(document) as unknown as RootsAnswer['roots'][number]);
}
