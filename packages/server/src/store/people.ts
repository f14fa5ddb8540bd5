import type { OrgId, Role, TeamId } from '@tappass/core';
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Membership, Principal } from '../access/may.ts';
import { serverLimits } from '../limits.ts';
import type { OrgTransaction } from './store.ts';

/** A user as the API shows one. */
export interface UserView {
	readonly id: string;
	readonly email: string;
	readonly created_at: Date;
	readonly disabled_at: Date | null;
}
/** A team with its members. */
export interface TeamView {
	readonly id: TeamId;
	readonly name: string;
	readonly project: string | null;
	readonly agent: string | null;
	readonly created_at: Date;
	readonly members: readonly { readonly user_id: string; readonly email: string; readonly role: Role }[];
}
/** An API key, without what would let anyone use it. */
export interface ApiKeyView {
	readonly id: string;
	readonly user_id: string;
	readonly name: string;
	readonly ending: string;
	readonly scopes: readonly string[];
	readonly created_at: Date;
	readonly expires_at: Date;
	readonly revoked_at: Date | null;
	readonly last_used_at: Date | null;
}

interface PrincipalRow {
	readonly user_id: string;
	readonly email: string;
	readonly key_id: string;
	readonly scopes: string[];
	readonly memberships: Membership[];
}

const selectPrincipal = sql`
	select u.id as user_id, u.email, k.id as key_id, k.scopes, coalesce((
		select json_agg(json_build_object('role', m.role, 'project', t.project, 'agent', t.agent) order by t.id)
		from members m join teams t on t.org_id = m.org_id and t.id = m.team_id
		where m.org_id = u.org_id and m.user_id = u.id), '[]') as memberships
	from api_keys k join users u on u.org_id = k.org_id and u.id = k.user_id
	where k.revoked_at is null and u.disabled_at is null and k.expires_at >`;

/** Who holds an API key that is neither revoked nor expired, with the roles of this moment; undefined for any other. */
export async function findByKeyHash(
	transaction: OrgTransaction,
	orgId: OrgId,
	hash: Uint8Array,
	now: Date,
): Promise<Principal | undefined> {
	const { rows } =
		await sql<PrincipalRow>`${selectPrincipal} ${now} and k.org_id = ${orgId} and k.hash = ${Buffer.from(hash)}`.execute(
			transaction,
		);
	return rows[0];
}

/** The same by the key's id: what a token names. */
export async function findByKeyId(
	transaction: OrgTransaction,
	orgId: OrgId,
	userId: string,
	keyId: string,
	now: Date,
): Promise<Principal | undefined> {
	const { rows } =
		await sql<PrincipalRow>`${selectPrincipal} ${now} and k.org_id = ${orgId} and k.id = ${keyId} and k.user_id = ${userId}`.execute(
			transaction,
		);
	return rows[0];
}

/** Notes that a key was used. */
export async function touchKey(transaction: OrgTransaction, keyId: string, now: Date): Promise<void> {
	await transaction.updateTable('api_keys').set({ last_used_at: now }).where('id', '=', keyId).execute();
}

/** Adds a user, or finds the one with this address. */
export async function ensureUser(
	transaction: OrgTransaction,
	orgId: OrgId,
	email: string,
	newId: string,
): Promise<UserView> {
	const address = email.toLowerCase();
	await transaction
		.insertInto('users')
		.values({ org_id: orgId, id: newId, email: address })
		.onConflict((conflict) => conflict.columns(['org_id', 'email']).doNothing())
		.execute();
	return transaction
		.selectFrom('users')
		.select(['id', 'email', 'created_at', 'disabled_at'])
		.where('email', '=', address)
		.executeTakeFirstOrThrow();
}

/** The user of an id or address. */
export async function findUser(transaction: OrgTransaction, idOrEmail: string): Promise<UserView | undefined> {
	return transaction
		.selectFrom('users')
		.select(['id', 'email', 'created_at', 'disabled_at'])
		.where((where) => where.or([where('id', '=', idOrEmail), where('email', '=', idOrEmail.toLowerCase())]))
		.executeTakeFirst();
}

/** Adds a team. @returns false when the name is taken */
export async function insertTeam(
	transaction: OrgTransaction,
	team: {
		readonly org_id: OrgId;
		readonly id: TeamId;
		readonly name: string;
		readonly project: string | null;
		readonly agent: string | null;
	},
): Promise<boolean> {
	const { numInsertedOrUpdatedRows } = await transaction
		.insertInto('teams')
		.values(team)
		.onConflict((conflict) => conflict.columns(['org_id', 'name']).doNothing())
		.executeTakeFirstOrThrow();
	return numInsertedOrUpdatedRows === 1n;
}

/** The teams after `after` that are visible, by id, with their members. @param visible a condition on `t` */
export async function listTeams(
	transaction: OrgTransaction,
	after: string,
	count: number,
	visible: RawBuilder<SqlBool>,
): Promise<readonly TeamView[]> {
	const { rows } = await sql<TeamView>`
		select t.id, t.name, t.project, t.agent, t.created_at, coalesce((
			select json_agg(json_build_object('user_id', u.id, 'email', u.email, 'role', m.role) order by u.email)
			from members m join users u on u.org_id = m.org_id and u.id = m.user_id
			where m.org_id = t.org_id and m.team_id = t.id), '[]') as members
		from teams t where t.id > ${after} and ${visible} order by t.id limit ${count}`.execute(transaction);
	return rows;
}

/** The team of an id or name. */
export async function findTeam(
	transaction: OrgTransaction,
	idOrName: string,
): Promise<Omit<TeamView, 'members'> | undefined> {
	return transaction
		.selectFrom('teams')
		.select(['id', 'name', 'project', 'agent', 'created_at'])
		.where((where) => where.or([where('id', '=', idOrName as TeamId), where('name', '=', idOrName)]))
		.executeTakeFirst();
}

/** Removes a team and its memberships. */
export async function deleteTeam(transaction: OrgTransaction, id: TeamId): Promise<void> {
	await transaction.deleteFrom('teams').where('id', '=', id).execute();
}

/** Gives a user a role in a team, in place of the one held before. */
export async function putMember(
	transaction: OrgTransaction,
	member: { readonly org_id: OrgId; readonly team_id: TeamId; readonly user_id: string; readonly role: Role },
): Promise<void> {
	await transaction
		.insertInto('members')
		.values(member)
		.onConflict((conflict) => conflict.columns(['org_id', 'team_id', 'user_id']).doUpdateSet({ role: member.role }))
		.execute();
}

/** Takes a user out of a team. @returns false when the user was not in it */
export async function deleteMember(transaction: OrgTransaction, teamId: TeamId, userId: string): Promise<boolean> {
	const { numDeletedRows } = await transaction
		.deleteFrom('members')
		.where('team_id', '=', teamId)
		.where('user_id', '=', userId)
		.executeTakeFirstOrThrow();
	return numDeletedRows === 1n;
}

/** How many users hold the org_admin role in a team of the whole org: the last one must not go. */
export async function countOrgAdmins(transaction: OrgTransaction): Promise<number> {
	const { rows } = await sql<{ readonly count: number }>`
		select count(distinct m.user_id)::int as count from members m
		join teams t on t.org_id = m.org_id and t.id = m.team_id and t.project is null
		join users u on u.org_id = m.org_id and u.id = m.user_id and u.disabled_at is null
		where m.role = 'org_admin'`.execute(transaction);
	return rows[0]?.count ?? 0;
}

/** Adds an API key. @returns false when its user already has as many active ones as allowed */
export async function insertApiKey(
	transaction: OrgTransaction,
	key: {
		readonly org_id: OrgId;
		readonly id: string;
		readonly user_id: string;
		readonly name: string;
		readonly hash: Uint8Array;
		readonly ending: string;
		readonly scopes: readonly string[];
		readonly expires_at: Date;
	},
	now: Date,
): Promise<boolean> {
	// The lock on the user's row makes counting and adding one step.
	await transaction.selectFrom('users').select('id').where('id', '=', key.user_id).forUpdate().execute();
	const { count } = await transaction
		.selectFrom('api_keys')
		.select((select) => select.fn.countAll<number>().as('count'))
		.where('user_id', '=', key.user_id)
		.where('revoked_at', 'is', null)
		.where('expires_at', '>', now)
		.executeTakeFirstOrThrow();
	if (Number(count) >= serverLimits.apiKeysMax) return false;
	await transaction
		.insertInto('api_keys')
		.values({ ...key, scopes: [...key.scopes] })
		.execute();
	return true;
}

/** A user's keys after `after`, or everyone's. */
export async function listApiKeys(
	transaction: OrgTransaction,
	userId: string | null,
	after: string,
	count: number,
): Promise<readonly ApiKeyView[]> {
	let query = transaction
		.selectFrom('api_keys')
		.select(['id', 'user_id', 'name', 'ending', 'scopes', 'created_at', 'expires_at', 'revoked_at', 'last_used_at'])
		.where('id', '>', after);
	if (userId !== null) query = query.where('user_id', '=', userId);
	return query.orderBy('id').limit(count).execute();
}

/** Whose key it is. */
export async function findApiKey(
	transaction: OrgTransaction,
	id: string,
): Promise<{ readonly user_id: string; readonly expires_at: Date } | undefined> {
	return transaction.selectFrom('api_keys').select(['user_id', 'expires_at']).where('id', '=', id).executeTakeFirst();
}

/** Revokes a key: its tokens end with the transaction. */
export async function revokeApiKey(transaction: OrgTransaction, id: string, now: Date): Promise<void> {
	await transaction
		.updateTable('api_keys')
		.set({ revoked_at: now })
		.where('id', '=', id)
		.where('revoked_at', 'is', null)
		.execute();
}
