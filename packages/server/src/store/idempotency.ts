import { type OrgId, TapPassError } from '@tappass/core';
import { serverLimits } from '../limits.ts';
import type { Settles } from './people-tables.ts';
import type { OrgTransaction } from './store.ts';

/** An answer that was given before, and what it had waited for. */
export interface HeldAnswer {
	readonly body: unknown;
	readonly settles: Settles | null;
}

/**
 * Claims an idempotency key for this transaction. A second request with the same key waits here until the first has ended.
 * @returns the answer of the first request, when there was one
 * @throws {TapPassError} idempotency_conflict when the key belongs to another request
 */
export async function beginIdempotent(
	transaction: OrgTransaction,
	request: { readonly org_id: OrgId; readonly user_id: string; readonly key: string; readonly request_sha256: string },
	now: Date,
): Promise<HeldAnswer | undefined> {
	const old = new Date(now.getTime() - serverLimits.idempotencyHours * 3_600_000);
	await transaction
		.deleteFrom('idempotency_keys')
		.where('user_id', '=', request.user_id)
		.where('created_at', '<', old)
		.execute();
	const { numInsertedOrUpdatedRows } = await transaction
		.insertInto('idempotency_keys')
		.values({ ...request, created_at: now })
		.onConflict((conflict) => conflict.columns(['org_id', 'user_id', 'key']).doNothing())
		.executeTakeFirstOrThrow();
	if (numInsertedOrUpdatedRows === 1n) return undefined;
	const held = await transaction
		.selectFrom('idempotency_keys')
		.select(['request_sha256', 'response', 'settles'])
		.where('user_id', '=', request.user_id)
		.where('key', '=', request.key)
		.executeTakeFirst();
	if (held?.request_sha256 === request.request_sha256 && held.response === null)
		throw new TapPassError('idempotency_conflict', {
			detail: 'this was done already, and its answer held a secret that is shown once',
			hint: 'revoke what it made, and ask again with a new key',
		});
	if (held === undefined || held.request_sha256 !== request.request_sha256 || held.response === null)
		throw new TapPassError('idempotency_conflict', { hint: 'use a new key for a new request' });
	return { body: JSON.parse(held.response), settles: held.settles };
}

/** Keeps the answer with the key; null for an answer that holds a secret, which is shown once and kept nowhere. */
export async function finishIdempotent(
	transaction: OrgTransaction,
	userId: string,
	key: string,
	{
		status,
		response,
		settles,
	}: { readonly status: number; readonly response: string | null; readonly settles: Settles | null },
): Promise<void> {
	await transaction
		.updateTable('idempotency_keys')
		.set({ status, response, settles: settles === null ? null : JSON.stringify(settles) })
		.where('user_id', '=', userId)
		.where('key', '=', key)
		.execute();
}
