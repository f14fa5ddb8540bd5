import { canonicalJson, type OrgId, type SandboxId, TapPassError } from '@tappass/core';
import type { HostEvent, StatusReport } from '@tappass/trust';
import { sql } from 'kysely';
import { storableJson } from './storable.ts';
import type { OrgTransaction } from './store.ts';

/**
 * Keeps what a host says is loaded; the newest report takes the place of the one before.
 * @returns whether something else is loaded than before
 */
export async function upsertStatus(
	transaction: OrgTransaction,
	{ org_id, sandbox_id }: { readonly org_id: OrgId; readonly sandbox_id: SandboxId },
	report: StatusReport,
	at: Date,
): Promise<boolean> {
	const before = await transaction
		.selectFrom('sandbox_status')
		.select(['epoch', 'policy_version', 'policy_sha256', 'rings'])
		.where('sandbox_id', '=', sandbox_id)
		.executeTakeFirst();
	const values = {
		epoch: report.epoch,
		policy_version: report.policy_version,
		policy_sha256: report.policy_sha256,
		rings: storableJson(JSON.stringify(report.rings)),
		detail: storableJson(JSON.stringify(report.detail)),
		reported_at: at,
	};
	await transaction
		.insertInto('sandbox_status')
		.values({ org_id, sandbox_id, ...values })
		.onConflict((conflict) => conflict.columns(['org_id', 'sandbox_id']).doUpdateSet(values))
		.execute();
	const { epoch, policy_version, policy_sha256, rings } = report;
	const loaded = canonicalJson({ epoch, policy_version, policy_sha256, rings: { ...rings } });
	return before === undefined || canonicalJson(before as never) !== loaded;
}

/**
 * Opens a session and ends those before it: a sandbox is launched once at a time.
 * @throws {TapPassError} session_killed: an agent whose session was killed would begin anew by ending itself
 */
export async function openSession(
	transaction: OrgTransaction,
	host: { readonly org_id: OrgId; readonly sandbox_id: SandboxId },
	session: { readonly id: string; readonly at: Date; readonly detail: Readonly<Record<string, unknown>> },
): Promise<void> {
	const newest = await transaction
		.selectFrom('sessions')
		.select(['id', 'state'])
		.where('sandbox_id', '=', host.sandbox_id)
		.orderBy('opened_at', 'desc')
		.limit(1)
		.forUpdate()
		.executeTakeFirst();
	if (newest?.state === 'killed')
		throw new TapPassError('session_killed', { detail: newest.id, hint: `tappass session resume ${newest.id}` });
	await transaction
		.updateTable('sessions')
		.set({ state: 'closed', closed_at: session.at })
		.where('sandbox_id', '=', host.sandbox_id)
		.where('state', '=', 'open')
		.execute();
	await transaction
		.insertInto('sessions')
		.values({ ...host, id: session.id, opened_at: session.at, detail: storableJson(JSON.stringify(session.detail)) })
		.execute();
}

/** Closes a session of this sandbox. @returns false when it has none of that id; one that was closed stays closed */
export async function closeSession(
	transaction: OrgTransaction,
	sandboxId: SandboxId,
	id: string,
	at: Date,
): Promise<boolean> {
	const row = await transaction
		.selectFrom('sessions')
		.select('state')
		.where('id', '=', id)
		.where('sandbox_id', '=', sandboxId)
		.forUpdate()
		.executeTakeFirst();
	if (row === undefined) return false;
	if (row.state === 'open')
		await transaction.updateTable('sessions').set({ state: 'closed', closed_at: at }).where('id', '=', id).execute();
	return true;
}

/** Keeps events; those whose id is there already are left as they are. @returns the ids that are new */
export async function insertEvents(
	transaction: OrgTransaction,
	{ org_id, sandbox_id }: { readonly org_id: OrgId; readonly sandbox_id: SandboxId },
	events: readonly HostEvent[],
): Promise<readonly string[]> {
	const rows = await transaction
		.insertInto('host_events')
		.values(
			events.map(({ at, body, event_id, kind }) => ({
				org_id,
				sandbox_id,
				event_id,
				kind,
				at,
				body: storableJson(JSON.stringify(body)),
			})),
		)
		.onConflict((conflict) => conflict.columns(['org_id', 'sandbox_id', 'event_id']).doNothing())
		.returning('event_id')
		.execute();
	return rows.map(({ event_id }) => event_id);
}

/** Whether an org was told since a moment that a payload for one of its sandboxes had gone astray. */
export async function wasToldAstray(transaction: OrgTransaction, sandboxId: SandboxId, since: Date): Promise<boolean> {
	const row = await transaction
		.selectFrom('security_events')
		.select('id')
		.where('code', '=', 'audience_mismatch')
		.where('sandbox_id', '=', sandboxId)
		.where('at', '>', since)
		.where(sql<boolean>`detail ->> 'direction' = 'sent_astray'`)
		.limit(1)
		.executeTakeFirst();
	return row !== undefined;
}
