import { randomUUID } from 'node:crypto';
import { canonicalJson, type Json, type OrgId } from '@tappass/core';
import type { ApprovalBinding, ApprovalPort } from '@tappass/gateway';
import { sql } from 'kysely';
import type { Audit } from '../audit-store/append.ts';
import type { OrgKeys } from '../keys/org-keys.ts';
import type { OrgTransaction } from '../store/store.ts';
import type { Batches } from './batch.ts';
import { sealText } from './sealed.ts';

/** Approvals as rows, each used at most once whichever replica is asked. */
export class StoredApprovals implements ApprovalPort {
	readonly #batches: Batches;
	readonly #keys: OrgKeys;
	readonly #audit: Audit;

	constructor(batches: Batches, keys: OrgKeys, audit: Audit) {
		this.#batches = batches;
		this.#keys = keys;
		this.#audit = audit;
	}

	readonly use: ApprovalPort['use'] = (org_id, ticket, binding, now) =>
		this.#batches.run(
			org_id,
			async (transaction) => {
				const row = await transaction
					.selectFrom('approvals')
					.selectAll()
					.where('ticket', '=', ticket)
					.forUpdate()
					.executeTakeFirst();
				if (row === undefined) return 'unknown';
				if (!isSame(row, binding)) return 'mismatch';
				if (row.state === 'used' || row.state === 'denied') return row.state;
				if (now >= row.expires_at.getTime()) return 'expired';
				if (row.state !== 'granted') return row.state;
				await transaction
					.updateTable('approvals')
					.set({ state: 'used', used_at: new Date(now) })
					.where('ticket', '=', ticket)
					.execute();
				return 'granted';
			},
			`approval ${binding.sandbox_id}`,
		);

	readonly request: ApprovalPort['request'] = (org_id, ask) =>
		this.#batches.run(
			org_id,
			async (transaction) => {
				const { binding, args, expires_at, ...rest } = ask;
				const pending = await transaction
					.selectFrom('approvals')
					.select(['ticket', 'expires_at'])
					.where('sandbox_id', '=', binding.sandbox_id)
					.where('policy_version', '=', binding.policy_version)
					.where('tool', '=', binding.tool)
					.where('args_sha256', '=', binding.args_sha256)
					.where('state', '=', 'pending')
					.forUpdate()
					.executeTakeFirst();
				if (pending !== undefined && pending.expires_at.getTime() > Date.now())
					return { ticket: pending.ticket, expires_at: pending.expires_at.getTime() };
				if (pending !== undefined)
					await transaction
						.updateTable('approvals')
						.set({ state: 'denied', reason: 'expired', decided_at: sql`now()` })
						.where('ticket', '=', pending.ticket)
						.execute();
				const ticket = `apr_${randomUUID().replaceAll('-', '')}`;
				const sealed = await sealText(transaction, this.#keys, org_id, canonicalJson(args), `approval ${ticket}`);
				await transaction
					.insertInto('approvals')
					.values({ org_id, ticket, ...binding, ...rest, ...sealed, expires_at: new Date(expires_at) })
					.execute();
				await this.#tell(transaction, org_id, ticket, ask);
				return { ticket, expires_at };
			},
			`approval ${ask.binding.sandbox_id}`,
		);

	readonly granted: ApprovalPort['granted'] = (org_id, binding, now) =>
		this.#batches.run(org_id, async (transaction) => {
			const row = await transaction
				.selectFrom('approvals')
				.select('ticket')
				.where('sandbox_id', '=', binding.sandbox_id)
				.where('policy_version', '=', binding.policy_version)
				.where('tool', '=', binding.tool)
				.where('args_sha256', '=', binding.args_sha256)
				.where('state', '=', 'granted')
				.where('expires_at', '>', new Date(now))
				.executeTakeFirst();
			return row?.ticket;
		});

	async #tell(
		transaction: OrgTransaction,
		org_id: OrgId,
		ticket: string,
		{ binding, project, agent, session_id, approval_id, requested_by }: Parameters<ApprovalPort['request']>[1],
	): Promise<void> {
		const payload: Json = { ticket, tool: binding.tool, args_sha256: binding.args_sha256, approval_id, requested_by };
		const { sandbox_id, policy_version } = binding;
		await this.#audit.appendIn(transaction, [
			this.#audit.event({
				type: 'approval.requested',
				org_id,
				actor: { kind: 'agent', id: sandbox_id },
				decision: 'none',
				project,
				agent,
				sandbox_id,
				session_id,
				policy_version,
				payload,
			}),
		]);
	}
}

function isSame(row: ApprovalBinding, binding: ApprovalBinding): boolean {
	return (
		row.sandbox_id === binding.sandbox_id &&
		row.policy_version === binding.policy_version &&
		row.tool === binding.tool &&
		row.args_sha256 === binding.args_sha256
	);
}
