import { type OrgId, type SandboxId, TapPassError } from '@tappass/core';
import { type RecentCall, rememberCall, type Session, type SessionPort } from '@tappass/gateway';
import { sql } from 'kysely';
import type { Audit } from '../audit-store/append.ts';
import { announce } from '../events/notices.ts';
import { storableJson } from '../store/storable.ts';
import type { OrgTransaction } from '../store/store.ts';
import type { Batches } from './batch.ts';

/** Sessions as rows: what an agent used up stays used up, whichever replica it calls. */
export class StoredSessions implements SessionPort {
	readonly #batches: Batches;
	readonly #audit: Audit;

	constructor(batches: Batches, audit: Audit) {
		this.#batches = batches;
		this.#audit = audit;
	}

	readonly find: SessionPort['find'] = (org_id, id) =>
		this.#batches.run(org_id, async (transaction) => {
			const row = await transaction.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
			return row === undefined ? undefined : sessionOf(row);
		});

	readonly count: SessionPort['count'] = (org_id, id, kind) =>
		this.#batches.run(
			org_id,
			async (transaction) => {
				const row = await transaction
					.updateTable('sessions')
					.set({ calls: sql`calls + 1`, tool_calls: sql`tool_calls + ${kind === 'tool' ? 1 : 0}` })
					.where('id', '=', id)
					.returningAll()
					.executeTakeFirst();
				return sessionOf(row ?? missing());
			},
			`session ${id}`,
		);

	readonly remember: SessionPort['remember'] = (org_id, id, call) =>
		this.#batches.run(
			org_id,
			async (transaction) => {
				const held = await lock(transaction, id);
				const recent = rememberCall(held.recent, call);
				await transaction
					.updateTable('sessions')
					.set({ recent: storableJson(JSON.stringify(recent)) })
					.where('id', '=', id)
					.execute();
				return { ...held, recent };
			},
			`session ${id}`,
		);

	readonly spend: SessionPort['spend'] = (org_id, id, tokens, dollars) =>
		this.#batches.run(
			org_id,
			async (transaction) => {
				await transaction
					.updateTable('sessions')
					.set({ tokens: sql`tokens + ${Math.round(tokens)}`, dollars: sql`dollars + ${dollars}` })
					.where('id', '=', id)
					.execute();
			},
			`session ${id}`,
		);

	readonly kill: SessionPort['kill'] = (org_id, id, code, reason) =>
		this.#batches.run(
			org_id,
			async (transaction) => {
				const sandbox_id = await killSession(transaction, { org_id, id, code, reason });
				if (sandbox_id === undefined) return;
				const event = this.#audit.event({
					type: 'session.killed',
					org_id,
					actor: { kind: 'server', id: 'loop_guard' },
					decision: 'block',
					sandbox_id,
					session_id: id,
					code,
					payload: { reason },
				});
				await this.#audit.appendIn(transaction, [event]);
			},
			`session ${id}`,
		);
}

/**
 * Kills a session; one that is over already stays as it ended.
 * @returns its sandbox when it was open
 * @throws {TapPassError} session_unknown
 */
export async function killSession(
	transaction: OrgTransaction,
	{
		org_id,
		id,
		code,
		reason,
	}: { readonly org_id: OrgId; readonly id: string; readonly code: string; readonly reason: string },
): Promise<SandboxId | undefined> {
	const { sandbox_id, state } = await lock(transaction, id);
	if (state !== 'open') return undefined;
	await transaction
		.updateTable('sessions')
		.set({ state: 'killed', killed_code: code, killed_reason: reason, closed_at: sql`now()` })
		.where('id', '=', id)
		.execute();
	await announce(transaction, { kind: 'session', org_id, sandbox_ids: [sandbox_id] });
	return sandbox_id;
}

/**
 * Lets a killed session go on. What it was killed for is forgotten, since the next call would kill it again; what it has
 * used stays used.
 * @throws {TapPassError} session_unknown, session_closed
 */
export async function resumeSession(
	transaction: OrgTransaction,
	{ org_id, id }: { readonly org_id: OrgId; readonly id: string },
): Promise<SandboxId> {
	const { sandbox_id, state } = await lock(transaction, id);
	if (state !== 'killed')
		throw new TapPassError('session_closed', { detail: `the session is ${state}; only a killed one can go on` });
	const other = await transaction
		.selectFrom('sessions')
		.select('id')
		.where('sandbox_id', '=', sandbox_id)
		.where('state', '=', 'open')
		.executeTakeFirst();
	if (other !== undefined)
		throw new TapPassError('session_closed', { detail: `the sandbox has opened ${other.id} since` });
	await transaction
		.updateTable('sessions')
		.set({ state: 'open', killed_code: null, killed_reason: null, closed_at: null, recent: '[]' })
		.where('id', '=', id)
		.execute();
	await announce(transaction, { kind: 'session', org_id, sandbox_ids: [sandbox_id] });
	return sandbox_id;
}

type Row = Awaited<ReturnType<typeof rowOf>>;

function rowOf(transaction: OrgTransaction, id: string) {
	return transaction.selectFrom('sessions').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

async function lock(transaction: OrgTransaction, id: string): Promise<Session> {
	return sessionOf((await rowOf(transaction, id)) ?? missing());
}

function missing(): never {
	throw new TapPassError('session_unknown');
}

function sessionOf(row: NonNullable<Row>): Session {
	const { id, sandbox_id, state, killed_code, killed_reason, calls, tool_calls, tokens, dollars } = row;
	return {
		id,
		sandbox_id,
		state,
		killed_code,
		killed_reason,
		opened_at: row.opened_at.getTime(),
		calls,
		tool_calls,
		tokens,
		dollars,
		recent: row.recent as readonly RecentCall[],
	};
}
