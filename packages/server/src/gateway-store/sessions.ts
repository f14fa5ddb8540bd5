import { type OrgId, type SandboxId, TapPassError } from '@tappass/core';
import { countCall, type RecentCall, rememberCall, type Session, type SessionPort } from '@tappass/gateway';
import { sql } from 'kysely';
import type { Audit } from '../audit-store/append.ts';
import { announce } from '../events/notices.ts';
import { storableJson } from '../store/storable.ts';
import type { OrgTransaction, Store } from '../store/store.ts';
import type { Batches, Kind } from './batch.ts';

type Count = { readonly id: string; readonly call: Parameters<SessionPort['count']>[2] };
type Remember = { readonly id: string; readonly remember: RecentCall };
type Spend = { readonly id: string; readonly tokens: number; readonly dollars: number };

/** Sessions as rows: what an agent used up stays used up, whichever replica it calls. */
export class StoredSessions implements SessionPort {
	readonly #batches: Batches;
	readonly #store: Pick<Store, 'withOrg'>;
	readonly #audit: Audit;

	constructor(batches: Batches, store: Pick<Store, 'withOrg'>, audit: Audit) {
		this.#batches = batches;
		this.#store = store;
		this.#audit = audit;
	}

	readonly find: SessionPort['find'] = (org_id, id) => this.#batches.ask(org_id, found, id);

	readonly count: SessionPort['count'] = (org_id, id, call) => this.#batches.ask(org_id, changed, { id, call });

	readonly remember: SessionPort['remember'] = async (org_id, id, call) =>
		(await this.#batches.ask(org_id, changed, { id, remember: call })) ?? missing();

	readonly spend: SessionPort['spend'] = async (org_id, id, tokens, dollars) => {
		await this.#batches.ask(org_id, changed, { id, tokens: Math.round(tokens), dollars });
	};

	readonly kill: SessionPort['kill'] = (org_id, id, code, reason) =>
		this.#store.withOrg(org_id, async (transaction) => {
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
		});
}

const found: Kind<string, Session | undefined> = {
	name: '',
	async answer(transaction, ids) {
		const rows = await rowsOf(transaction, ids).execute();
		const sessions = new Map(rows.map((row) => [row.id, sessionOf(row)]));
		return ids.map((id) => sessions.get(id));
	},
};

const changed: Kind<Count | Remember | Spend, Session | undefined> = {
	name: 'session',
	async answer(transaction, asked) {
		const ids = asked.map(({ id }) => id);
		const rows = await rowsOf(transaction, ids).orderBy('id').forUpdate().execute();
		const sessions = new Map(rows.map((row) => [row.id, sessionOf(row)]));
		const read = new Set(sessions.values());
		const answers = asked.map((one) => {
			const session = sessions.get(one.id);
			if (session === undefined) return undefined;
			const after = changedBy(session, one);
			sessions.set(one.id, after);
			return after;
		});
		await writeSessions(
			transaction,
			[...sessions.values()].filter((session) => !read.has(session)),
			rows,
		);
		return answers;
	},
};

function changedBy(session: Session, one: Count | Remember | Spend): Session {
	if ('remember' in one) return { ...session, recent: rememberCall(session.recent, one.remember) };
	if ('tokens' in one)
		return { ...session, tokens: session.tokens + one.tokens, dollars: session.dollars + one.dollars };
	return countCall(session, one.call);
}

// The rows are locked, so what was read is what is there. What a session remembers is large, and mostly unchanged.
async function writeSessions(
	transaction: OrgTransaction,
	sessions: readonly Session[],
	rows: readonly { readonly recent: unknown }[],
): Promise<void> {
	if (sessions.length === 0) return;
	const read = new Set(rows.map(({ recent }) => recent));
	const column = <T>(of: (session: Session) => T): T[] => sessions.map(of);
	const recent = column((session) => (read.has(session.recent) ? null : storableJson(JSON.stringify(session.recent))));
	await sql`
		update sessions s set calls = g.calls, tool_calls = g.tool_calls, tokens = g.tokens, dollars = g.dollars,
			recent = coalesce(g.recent::jsonb, s.recent)
		from unnest(${column(({ id }) => id)}::text[], ${column(({ calls }) => calls)}::bigint[],
			${column(({ tool_calls }) => tool_calls)}::bigint[], ${column(({ tokens }) => tokens)}::bigint[],
			${column(({ dollars }) => dollars)}::float8[], ${recent}::text[])
			as g(id, calls, tool_calls, tokens, dollars, recent)
		where s.id = g.id`.execute(transaction);
}

function rowsOf(transaction: OrgTransaction, ids: readonly string[]) {
	return transaction
		.selectFrom('sessions')
		.selectAll()
		.where('id', '=', sql<string>`any(${[...new Set(ids)]}::text[])`);
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
