import { type OrgId, type SandboxId, TapPassError } from '@tappass/core';
import { type Insertable, type RawBuilder, type Selectable, type SqlBool, sql } from 'kysely';
import type { SandboxTable } from './host-tables.ts';
import type {
	CompiledPolicyTable,
	PolicyStatementTable,
	RecompileTable,
	RuntimeTable,
	SandboxSpecTable,
} from './policy-tables.ts';
import { isDuplicate, type OrgTransaction } from './store.ts';

export type SpecRow = Selectable<SandboxSpecTable>;
export type RuntimeRow = Selectable<RuntimeTable>;
export type SandboxRow = Selectable<SandboxTable>;

export async function readSpecs(transaction: OrgTransaction): Promise<readonly SpecRow[]> {
	return transaction.selectFrom('sandbox_specs').selectAll().orderBy('id').execute();
}

export async function findSpec(transaction: OrgTransaction, id: string): Promise<SpecRow | undefined> {
	return transaction.selectFrom('sandbox_specs').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Adds a spec, or replaces the one of its id. */
export async function putSpec(transaction: OrgTransaction, spec: Insertable<SandboxSpecTable>): Promise<void> {
	const { org_id: _, id: __, created_by: ___, created_at: ____, ...rest } = spec;
	await transaction
		.insertInto('sandbox_specs')
		.values(spec)
		.onConflict((conflict) => conflict.columns(['org_id', 'id']).doUpdateSet(rest))
		.execute();
}

export async function readRuntimes(transaction: OrgTransaction): Promise<readonly RuntimeRow[]> {
	return transaction.selectFrom('runtimes').selectAll().orderBy('id').execute();
}

/** Adds a Runtime, or replaces the one of its id. */
export async function putRuntime(transaction: OrgTransaction, row: Insertable<RuntimeTable>): Promise<void> {
	const { org_id: _, id: __, ...rest } = row;
	await transaction
		.insertInto('runtimes')
		.values(row)
		.onConflict((conflict) => conflict.columns(['org_id', 'id']).doUpdateSet(rest))
		.execute();
}

/** Adds sandboxes in state `pending`, to be derived. */
export async function insertSandboxes(
	transaction: OrgTransaction,
	rows: readonly Insertable<SandboxTable>[],
): Promise<void> {
	if (rows.length > 0)
		await transaction
			.insertInto('sandboxes')
			.values([...rows])
			.execute();
}

/** A sandbox by its id or its host's name for it; of several that had the name, the one that is not revoked, or the latest. */
export async function findSandbox(transaction: OrgTransaction, idOrName: string): Promise<SandboxRow | undefined> {
	const rows = await transaction
		.selectFrom('sandboxes')
		.selectAll()
		.where((where) => where.or([where('id', '=', idOrName as SandboxId), where('name', '=', idOrName)]))
		.execute();
	// An id wins over a name that was chosen to look like one.
	const end = ({ revoked_at, state }: SandboxRow): number =>
		state === 'revoked' ? (revoked_at?.getTime() ?? 0) : Number.POSITIVE_INFINITY;
	return rows.find(({ id }) => id === idOrName) ?? rows.toSorted((a, b) => (end(a) < end(b) ? 1 : -1))[0];
}

/** A sandbox as lists show it, with what its host last said is loaded. */
export interface SandboxView
	extends Pick<
		SandboxRow,
		| 'id'
		| 'name'
		| 'spec_id'
		| 'project'
		| 'agent'
		| 'runtime_id'
		| 'state'
		| 'state_reason'
		| 'epoch'
		| 'policy_version'
		| 'stale'
		| 'compile_error'
		| 'created_at'
		| 'revoked_at'
	> {
	readonly loaded_epoch: number | null;
	readonly loaded_version: number | null;
	readonly reported_at: Date | null;
}

/** Some sandboxes, in the order of their ids: those after one that are visible, or a single one. */
export async function listSandboxes(
	transaction: OrgTransaction,
	which:
		| { readonly after: string; readonly count: number; readonly visible: RawBuilder<SqlBool> }
		| { readonly id: SandboxId },
): Promise<readonly SandboxView[]> {
	const query = transaction
		.selectFrom('sandboxes as s')
		.leftJoin('sandbox_status as r', (join) =>
			join.onRef('r.org_id', '=', 's.org_id').onRef('r.sandbox_id', '=', 's.id'),
		)
		.select([
			's.id',
			's.name',
			's.spec_id',
			's.project',
			's.agent',
			's.runtime_id',
			's.state',
			's.state_reason',
			's.epoch',
		])
		.select(['s.policy_version', 's.stale', 's.compile_error', 's.created_at', 's.revoked_at'])
		.select(['r.epoch as loaded_epoch', 'r.policy_version as loaded_version', 'r.reported_at']);
	if ('id' in which) return query.where('s.id', '=', which.id).execute();
	return query
		.where('s.id', '>', which.after as SandboxId)
		.where(which.visible)
		.orderBy('s.id')
		.limit(which.count)
		.execute();
}

/** How many live sandboxes each spec has, and the first hundred of them. */
export async function sandboxesOfSpecs(
	transaction: OrgTransaction,
	specs: readonly string[],
): Promise<
	ReadonlyMap<
		string,
		{ readonly count: number; readonly first: readonly { readonly id: string; readonly name: string | null }[] }
	>
> {
	const { rows } = await sql<{
		readonly spec_id: string;
		readonly count: number;
		readonly first: { id: string; name: string | null }[];
	}>`
		select spec_id, count(*)::int as count,
			coalesce(json_agg(json_build_object('id', id, 'name', name) order by id) filter (where n <= 100), '[]') as first
		from (select spec_id, id, name, row_number() over (partition by spec_id order by id) as n from sandboxes
			where state in ('pending', 'active') and spec_id = any (${[...specs]}::text[])) x group by spec_id`.execute(
		transaction,
	);
	return new Map(rows.map(({ spec_id, count, first }) => [spec_id, { count, first }]));
}

/** Marks the live sandboxes of some specs as stale. @returns how many are */
export async function markStale(transaction: OrgTransaction, specs: readonly string[]): Promise<number> {
	const { numUpdatedRows } = await transaction
		.updateTable('sandboxes')
		.set({ stale: true, stale_since: sql<Date>`coalesce(stale_since, now())` })
		.where('state', 'in', ['pending', 'active'])
		.where('spec_id', '=', sql<string>`any (${[...specs]}::text[])`)
		.executeTakeFirstOrThrow();
	return Number(numUpdatedRows);
}

/** Marks what was derived from other inputs than `key`, or in another epoch. */
export async function markOutdated(
	transaction: OrgTransaction,
	spec: string,
	key: string,
	epoch: number,
): Promise<number> {
	const { numUpdatedRows } = await transaction
		.updateTable('sandboxes')
		.set({ stale: true, stale_since: sql<Date>`coalesce(stale_since, now())` })
		.where('state', 'in', ['pending', 'active'])
		.where('spec_id', '=', spec)
		.where('stale', '=', false)
		.where((where) => where.or([where('policy_key', 'is distinct from', key), where('epoch', '<>', epoch)]))
		.executeTakeFirstOrThrow();
	return Number(numUpdatedRows);
}

/** Takes some stale sandboxes for this transaction; those that another replica has are passed over. */
export async function takeStale(transaction: OrgTransaction, count: number): Promise<readonly SandboxRow[]> {
	return transaction
		.selectFrom('sandboxes')
		.selectAll()
		.where('stale', '=', true)
		.where('state', 'in', ['pending', 'active'])
		.orderBy('id')
		.limit(count)
		.forUpdate()
		.skipLocked()
		.execute();
}

/** How many sandboxes wait to be derived. */
export async function countStale(transaction: OrgTransaction): Promise<number> {
	const { count } = await transaction
		.selectFrom('sandboxes')
		.select((select) => select.fn.countAll<string>().as('count'))
		.where('stale', '=', true)
		.where('state', 'in', ['pending', 'active'])
		.executeTakeFirstOrThrow();
	return Number(count);
}

/** How many live sandboxes of some specs deny everything because their policy does not compile. */
export async function countFailed(transaction: OrgTransaction, specs: readonly string[]): Promise<number> {
	const { count } = await transaction
		.selectFrom('sandboxes')
		.select((select) => select.fn.countAll<string>().as('count'))
		.where('compile_error', 'is not', null)
		.where('state', 'in', ['pending', 'active'])
		.where('spec_id', '=', sql<string>`any (${[...specs]}::text[])`)
		.executeTakeFirstOrThrow();
	return Number(count);
}

/** Keeps what a compile yields, once. */
export async function putCompiled(transaction: OrgTransaction, row: Insertable<CompiledPolicyTable>): Promise<void> {
	await transaction
		.insertInto('compiled_policies')
		.values(row)
		.onConflict((conflict) => conflict.columns(['org_id', 'sha256']).doNothing())
		.execute();
}

/** What a sandbox's row becomes when it was derived. */
export interface Derived {
	readonly id: SandboxId;
	readonly epoch: number;
	readonly policy_version: number;
	readonly policy_sha256: string;
	readonly policy_key: string;
	readonly compile_error: string | null;
}

/**
 * Stores statements and moves their sandboxes on to them, all or nothing.
 * @throws {TapPassError} version_conflict when a version already has a statement: there are never two for one
 */
export async function storeStatements(
	transaction: OrgTransaction,
	statements: readonly Insertable<PolicyStatementTable>[],
	derived: readonly Derived[],
): Promise<void> {
	if (statements.length > 0) {
		try {
			await transaction
				.insertInto('policy_statements')
				.values([...statements])
				.execute();
		} catch (cause) {
			if (!isDuplicate(cause)) throw cause;
			throw new TapPassError('version_conflict', { detail: 'this version was already signed', cause });
		}
	}
	const column = <K extends keyof Derived>(key: K): Derived[K][] => derived.map((each) => each[key]);
	await sql`update sandboxes s set stale = false, stale_since = null, epoch = d.epoch, policy_version = d.version,
			policy_sha256 = d.sha256, policy_key = d.key, compile_error = d.error
		from unnest(${column('id')}::text[], ${column('epoch')}::int[], ${column('policy_version')}::bigint[],
			${column('policy_sha256')}::text[], ${column('policy_key')}::text[], ${column('compile_error')}::text[])
			as d(id, epoch, version, sha256, key, error)
		where s.id = d.id`.execute(transaction);
}

/** Revokes a sandbox. @returns false when it already was */
export async function revokeSandbox(
	transaction: OrgTransaction,
	id: SandboxId,
	reason: string,
	now: Date,
): Promise<boolean> {
	const { numUpdatedRows } = await transaction
		.updateTable('sandboxes')
		.set({ state: 'revoked', state_reason: reason, revoked_at: now, stale: false })
		.where('id', '=', id)
		.where('state', '<>', 'revoked')
		.executeTakeFirstOrThrow();
	return numUpdatedRows === 1n;
}

/** Begins a wave of re-derivation. */
export async function insertRecompile(
	transaction: OrgTransaction,
	row: { readonly org_id: OrgId; readonly reason: string; readonly requested_by: string; readonly total: number },
): Promise<void> {
	if (row.total > 0) await transaction.insertInto('recompiles').values(row).execute();
}

/** Counts a batch towards the waves that are under way, and ends them when nothing is stale any more. */
export async function countRecompiled(transaction: OrgTransaction, done: number, failed: number): Promise<void> {
	const ended = (await countStale(transaction)) === 0;
	await sql`update recompiles set done = case when ${ended} then total else least(total, done + ${done}::int) end,
		failed = failed + ${failed}::int, finished_at = case when ${ended} then now() end
		where finished_at is null`.execute(transaction);
}

/** The newest waves. */
export async function listRecompiles(
	transaction: OrgTransaction,
	count: number,
): Promise<readonly Omit<Selectable<RecompileTable>, 'org_id'>[]> {
	return transaction
		.selectFrom('recompiles')
		.select(['id', 'reason', 'requested_by', 'total', 'done', 'failed', 'created_at', 'finished_at'])
		.orderBy('id', 'desc')
		.limit(count)
		.execute();
}

/** How many sandboxes are in each state, and how many run another version than the newest. */
export async function countSandboxes(transaction: OrgTransaction): Promise<Readonly<Record<string, number>>> {
	const { rows } = await sql<{ readonly state: string; readonly count: number }>`
		select state, count(*)::int as count from sandboxes group by state`.execute(transaction);
	return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}
