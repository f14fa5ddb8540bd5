import { randomUUID } from 'node:crypto';
import type { AuditEvent } from '@tappass/audit';
import { canonicalJson, type Json, type OrgId, type SandboxId } from '@tappass/core';
import {
	type ApprovalBinding,
	type ApprovalPort,
	isDecidedBy,
	judgeVote,
	type Vote,
	voterName,
} from '@tappass/gateway';
import { type Selectable, sql } from 'kysely';
import type { Audit } from '../audit-store/append.ts';
import type { OrgKeys } from '../keys/org-keys.ts';
import { serverLimits } from '../limits.ts';
import type { ApprovalTable } from '../store/gateway-tables.ts';
import type { OrgTransaction } from '../store/store.ts';
import type { Batches } from './batch.ts';
import { sealText } from './sealed.ts';

type Row = Selectable<ApprovalTable>;

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

	readonly use: ApprovalPort['use'] = (org_id, ticket, binding, deciders, now) =>
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
				if (!isDecidedBy(row.approved_by, deciders)) return 'mismatch';
				await transaction
					.updateTable('approvals')
					.set({ state: 'used', used_at: new Date(now) })
					.where('ticket', '=', ticket)
					.execute();
				await this.#audit.appendIn(transaction, [this.#event('approval.used', org_id, row, row.sandbox_id, {})]);
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
					.select(['ticket', 'expires_at', 'deciders'])
					.where('sandbox_id', '=', binding.sandbox_id)
					.where('policy_version', '=', binding.policy_version)
					.where('tool', '=', binding.tool)
					.where('args_sha256', '=', binding.args_sha256)
					.where('state', '=', 'pending')
					.forUpdate()
					.executeTakeFirst();
				if (pending !== undefined && pending.expires_at.getTime() > Date.now()) {
					if (ask.deciders === 'people' && pending.deciders !== 'people')
						await transaction
							.updateTable('approvals')
							.set({ deciders: 'people' })
							.where('ticket', '=', pending.ticket)
							.execute();
					return { ticket: pending.ticket, expires_at: pending.expires_at.getTime() };
				}
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

	readonly granted: ApprovalPort['granted'] = (org_id, binding, deciders, now) =>
		this.#batches.run(org_id, async (transaction) => {
			const rows = await transaction
				.selectFrom('approvals')
				.select(['ticket', 'approved_by'])
				.where('sandbox_id', '=', binding.sandbox_id)
				.where('policy_version', '=', binding.policy_version)
				.where('tool', '=', binding.tool)
				.where('args_sha256', '=', binding.args_sha256)
				.where('state', '=', 'granted')
				.where('expires_at', '>', new Date(now))
				.execute();
			return rows.find(({ approved_by }) => isDecidedBy(approved_by, deciders))?.ticket;
		});

	readonly proposals: ApprovalPort['proposals'] = (org_id, { project, agent }, now) =>
		this.#batches.run(org_id, async (transaction) => {
			const rows = await transaction
				.selectFrom('approvals')
				.select(['ticket', 'agent', 'tool', 'expires_at'])
				.where('project', '=', project)
				.where('agent', '!=', agent)
				.where('deciders', '=', 'agents')
				.where('state', '=', 'pending')
				.where('expires_at', '>', new Date(now))
				.orderBy('created_at')
				.limit(serverLimits.proposalsMax)
				.execute();
			return rows.map((row) => ({ ...row, expires_at: row.expires_at.getTime() }));
		});

	readonly vote: ApprovalPort['vote'] = (org_id, vote, now) =>
		this.#batches.run(
			org_id,
			async (transaction) => {
				const row = await transaction
					.selectFrom('approvals')
					.selectAll()
					.where('ticket', '=', vote.ticket)
					.forUpdate()
					.executeTakeFirst();
				const held = row === undefined ? undefined : { ...row, expires_at: row.expires_at.getTime() };
				const outcome = judgeVote(held, vote, now);
				if ('refused' in outcome) return outcome;
				const { state, approved_by } = outcome;
				await transaction
					.updateTable('approvals')
					.set({
						state,
						approved_by: [...approved_by],
						...(state === 'pending' ? {} : { decided_at: new Date(now) }),
						...(state === 'denied' ? { reason: `denied by ${voterName(vote.by)}` } : {}),
					})
					.where('ticket', '=', vote.ticket)
					.execute();
				await this.#audit.appendIn(transaction, [this.#voted(org_id, row!, vote, state)]);
				return outcome;
			},
			`approval ${vote.ticket}`,
		);

	#voted(org_id: OrgId, row: Row, vote: Vote, state: string): AuditEvent {
		const { by, decision, request_id } = vote;
		const said = { decision, state, voter: voterName(by), voter_sandbox: by.sandbox_id };
		return {
			...this.#event(decision === 'deny' ? 'approval.denied' : 'approval.granted', org_id, row, by.sandbox_id, said),
			request_id,
		};
	}

	/** Something about an approval, under the agent whose call it is. */
	#event(type: string, org_id: OrgId, row: Row, actor: SandboxId, said: Readonly<Record<string, Json>>): AuditEvent {
		const { ticket, tool, args_sha256, project, agent, sandbox_id, session_id, policy_version } = row;
		return this.#audit.event({
			type,
			org_id,
			actor: { kind: 'agent', id: actor },
			decision: 'none',
			project,
			agent,
			sandbox_id,
			session_id,
			policy_version,
			payload: { ticket, tool, args_sha256, ...said },
		});
	}

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
