import type { Level, OrgId } from '@tappass/core';
import { type RawBuilder, type Selectable, type SqlBool, sql } from 'kysely';
import type { Scope } from '../access/may.ts';
import type { OrgTable } from './people-tables.ts';
import type { PolicyKind, PolicyTable } from './policy-tables.ts';
import type { OrgTransaction } from './store.ts';

/** A policy in force. */
export type PolicyRow = Omit<Selectable<PolicyTable>, 'org_id' | 'revision'> & { readonly revision: number };

/** What identifies a policy: its place in the cascade and its file. */
export interface PolicyAddress {
	readonly level: Level;
	readonly project: string;
	readonly agent: string;
	readonly file_key: string;
}

const columns = [
	'level',
	'project',
	'agent',
	'file_key',
	'kind',
	'file',
	'content',
	'sha256',
	'revision',
	'applied_by',
	'applied_at',
] as const;

/** Every policy of the org, in the order of the cascade. */
export async function readPolicies(transaction: OrgTransaction): Promise<readonly PolicyRow[]> {
	return transaction
		.selectFrom('policies')
		.select(columns)
		.orderBy(sql`array_position(array['org', 'project', 'agent'], level)`)
		.orderBy('project')
		.orderBy('agent')
		.orderBy('file_key')
		.execute();
}

/** The org itself. */
export async function readOrg(transaction: OrgTransaction): Promise<Selectable<OrgTable>> {
	return transaction.selectFrom('orgs').selectAll().executeTakeFirstOrThrow();
}

/** Takes the next revision; until the transaction ends no other change of policy goes on. */
export async function nextRevision(transaction: OrgTransaction): Promise<number> {
	const { policy_revision } = await transaction
		.updateTable('orgs')
		.set((set) => ({ policy_revision: set('policy_revision', '+', 1) }))
		.returning('policy_revision')
		.executeTakeFirstOrThrow();
	return policy_revision;
}

/** One change as it is written, in both tables. */
export interface PolicyWrite extends PolicyAddress {
	readonly kind: PolicyKind;
	readonly action: 'apply' | 'remove' | 'rollback';
	readonly file: string;
	/** Null removes it. */
	readonly content: Uint8Array | null;
	readonly sha256: string;
}

/** Writes one revision. */
export async function writeRevision(
	transaction: OrgTransaction,
	orgId: OrgId,
	writes: readonly PolicyWrite[],
	meta: {
		readonly revision: number;
		readonly narrowed: boolean;
		readonly applied_by: string;
		readonly applied_at: Date;
	},
): Promise<void> {
	for (const { action, content, sha256, ...rest } of writes) {
		const { level, project, agent, file_key, kind, file } = rest;
		const { revision, narrowed, applied_by, applied_at } = meta;
		await transaction
			.insertInto('policy_revisions')
			.values({ org_id: orgId, ...rest, action, content, revision, narrowed, applied_by, applied_at })
			.execute();
		const same = transaction.deleteFrom('policies').where('level', '=', level).where('project', '=', project);
		await same.where('agent', '=', agent).where('file_key', '=', file_key).execute();
		if (content === null) continue;
		const row = { level, project, agent, file_key, kind, file, content, sha256, revision, applied_by, applied_at };
		await transaction
			.insertInto('policies')
			.values({ org_id: orgId, ...row })
			.execute();
	}
}

/** What was in force at one place after a revision: each file's last state up to it. */
export async function readAtRevision(
	transaction: OrgTransaction,
	scope: Scope,
	revision: number,
): Promise<
	readonly {
		readonly file_key: string;
		readonly kind: PolicyKind;
		readonly file: string;
		readonly content: Buffer | null;
	}[]
> {
	return transaction
		.selectFrom('policy_revisions')
		.distinctOn('file_key')
		.select(['file_key', 'kind', 'file', 'content'])
		.where('project', '=', scope.project ?? '')
		.where('agent', '=', scope.agent ?? '')
		.where('revision', '<=', revision)
		.orderBy('file_key')
		.orderBy('revision', 'desc')
		.execute();
}

/** One line of the history. */
export interface RevisionView extends PolicyAddress {
	readonly revision: number;
	readonly action: string;
	readonly file: string;
	readonly narrowed: boolean;
	readonly applied_by: string;
	readonly applied_at: Date;
}

/** Where a page of the history begins: at a revision, of which some changes were shown already. */
export interface HistoryPlace {
	readonly revision: number;
	readonly skip: number;
}

/** The visible history from a place on, newest first. A revision is never changed, so places in it stay where they are. */
export async function listRevisions(
	transaction: OrgTransaction,
	from: HistoryPlace,
	count: number,
	visible: RawBuilder<SqlBool>,
): Promise<readonly RevisionView[]> {
	return transaction
		.selectFrom('policy_revisions')
		.select([
			'revision',
			'level',
			'project',
			'agent',
			'file_key',
			'action',
			'file',
			'narrowed',
			'applied_by',
			'applied_at',
		])
		.where('revision', '<=', from.revision)
		.where(visible)
		.orderBy('revision', 'desc')
		.orderBy('file_key')
		.offset(from.skip)
		.limit(count)
		.execute();
}

/** Makes a project. @returns whether it is new */
export async function ensureProject(
	transaction: OrgTransaction,
	orgId: OrgId,
	name: string,
	by: string,
): Promise<boolean> {
	const { numInsertedOrUpdatedRows } = await transaction
		.insertInto('projects')
		.values({ org_id: orgId, name, created_by: by })
		.onConflict((conflict) => conflict.columns(['org_id', 'name']).doNothing())
		.executeTakeFirstOrThrow();
	return numInsertedOrUpdatedRows === 1n;
}

/** Whether a project is there. */
export async function hasProject(transaction: OrgTransaction, name: string): Promise<boolean> {
	return (
		(await transaction.selectFrom('projects').select('name').where('name', '=', name).executeTakeFirst()) !== undefined
	);
}

/** Names of every project, in order. */
export async function projectNames(transaction: OrgTransaction): Promise<readonly string[]> {
	const rows = await transaction.selectFrom('projects').select('name').orderBy('name').execute();
	return rows.map(({ name }) => name);
}

/** Makes an agent of a project that is there. @returns whether it is new */
export async function ensureAgent(
	transaction: OrgTransaction,
	orgId: OrgId,
	project: string,
	name: string,
	by: string,
): Promise<boolean> {
	const { numInsertedOrUpdatedRows } = await transaction
		.insertInto('agents')
		.values({ org_id: orgId, project, name, created_by: by })
		.onConflict((conflict) => conflict.columns(['org_id', 'project', 'name']).doNothing())
		.executeTakeFirstOrThrow();
	return numInsertedOrUpdatedRows === 1n;
}

/** The projects in which an agent of this name is. */
export async function projectsOfAgent(transaction: OrgTransaction, agent: string): Promise<readonly string[]> {
	const rows = await transaction
		.selectFrom('agents')
		.select('project')
		.where('name', '=', agent)
		.orderBy('project')
		.execute();
	return rows.map(({ project }) => project);
}
