import { randomBytes } from 'node:crypto';
import { agentNameSchema, projectNameSchema, type Role, roles, TapPassError, type TeamId } from '@tappass/core';
import { z } from 'zod';
import { actionNames } from '../access/matrix.ts';
import { assertMay, coversAction, may, orgScope, type Principal } from '../access/may.ts';
import { visibleTo } from '../access/visible.ts';
import { makeApiKey } from '../identity/api-key.ts';
import { serverLimits } from '../limits.ts';
import { newId } from '../store/ids.ts';
import {
	countOrgAdmins,
	deleteMember,
	deleteTeam,
	ensureUser,
	findApiKey,
	findTeam,
	findUser,
	insertApiKey,
	insertTeam,
	listApiKeys,
	listTeams,
	putMember,
	revokeApiKey,
} from '../store/people.ts';
import { lockOrg } from '../store/roots.ts';
import type { OrgTransaction } from '../store/store.ts';
import { type Route, route } from './route.ts';
import { identifier, moment, none, page, pageOf, pageQuery, readCursor, text } from './shapes.ts';

const role = z.enum(roles as readonly [Role, ...Role[]]);
const email = z
	.email()
	.max(254)
	.transform((address) => address.toLowerCase());
const scope = z.union([
	z.literal('*'),
	z.enum(actionNames as [string, ...string[]]),
	z.string().regex(/^[a-z]{1,16}\.\*$/),
]);
const membership = z.strictObject({ role, project: z.string().nullable(), agent: z.string().nullable() });
const team = z.strictObject({
	id: z.string(),
	name: z.string(),
	project: z.string().nullable(),
	agent: z.string().nullable(),
	created_at: moment,
	members: z.array(z.strictObject({ user_id: z.string(), email: z.string(), role })),
});
const key = z.strictObject({
	id: z.string(),
	user_id: z.string(),
	name: z.string(),
	ending: z.string(),
	scopes: z.array(z.string()),
	created_at: moment,
	expires_at: moment,
	revoked_at: moment.nullable(),
	last_used_at: moment.nullable(),
});
const teamPath = z.strictObject({ team: identifier });
const memberPath = z.strictObject({ team: identifier, user: identifier });

/** Who there is, and what they may do. */
export const peopleRoutes: readonly Route[] = [
	route({
		method: 'get',
		path: '/v1/whoami',
		operation: 'whoami',
		summary: 'Who you are, your roles, and what your key is limited to',
		tag: 'identity',
		parameters: none,
		query: none,
		body: null,
		result: z.strictObject({
			org_id: z.string(),
			user_id: z.string(),
			email: z.string(),
			key_id: z.string(),
			scopes: z.array(z.string()),
			memberships: z.array(membership),
		}),
		handle: async ({ org_id, principal: { user_id, email: address, key_id, scopes, memberships } }) => ({
			body: {
				org_id,
				user_id,
				email: address,
				key_id,
				scopes: [...scopes],
				memberships: memberships.map((each) => ({ role: each.role, project: each.project, agent: each.agent })),
			},
		}),
	}),
	route({
		method: 'get',
		path: '/v1/teams',
		operation: 'listTeams',
		summary: 'The teams you can see, with their members',
		tag: 'people',
		parameters: none,
		query: pageQuery,
		body: null,
		result: page(team),
		handle: async ({ query, transaction, principal }) => {
			const { rows, next_cursor } = pageOf(
				await listTeams(
					transaction,
					readCursor(query.cursor),
					query.limit + 1,
					visibleTo(principal, 'team.read', { project: 't.project', agent: 't.agent' }),
				),
				query.limit,
				({ id }) => id,
			);
			return {
				body: {
					items: rows.map((each) => ({ ...each, created_at: text(each.created_at), members: [...each.members] })),
					next_cursor,
				},
			};
		},
	}),
	route({
		method: 'post',
		path: '/v1/teams',
		operation: 'createTeam',
		audit: 'team.created',
		summary: 'Make a team for the whole org, a project or one agent',
		tag: 'people',
		success: 201,
		parameters: none,
		query: none,
		body: z
			.strictObject({
				name: projectNameSchema.describe('Unique in the org'),
				project: projectNameSchema.nullable().default(null),
				agent: agentNameSchema.nullable().default(null),
			})
			.refine(({ project, agent }) => agent === null || project !== null, {
				error: 'an agent belongs to a project',
				path: ['agent'],
			}),
		result: z.strictObject({
			id: z.string(),
			name: z.string(),
			project: z.string().nullable(),
			agent: z.string().nullable(),
		}),
		handle: async ({ body, org_id, principal, transaction }) => {
			assertMay(principal, 'team.manage', body);
			const made = { id: newId('team') as TeamId, name: body.name, project: body.project, agent: body.agent };
			if (!(await insertTeam(transaction, { org_id, ...made })))
				throw new TapPassError('already_exists', { detail: `a team named ${body.name}` });
			return { body: made, about: body };
		},
	}),
	route({
		method: 'delete',
		path: '/v1/teams/{team}',
		operation: 'deleteTeam',
		audit: 'team.deleted',
		summary: 'Remove a team and the roles it gave',
		tag: 'people',
		parameters: teamPath,
		query: none,
		body: null,
		result: z.strictObject({ id: z.string() }),
		handle: async ({ path, principal, transaction }) => {
			await lockOrg(transaction);
			const found = await teamFor(principal, await findTeam(transaction, path.team), path.team);
			await deleteTeam(transaction, found.id);
			await refuseWithoutAdmin(await countOrgAdmins(transaction));
			return { body: { id: found.id }, about: found };
		},
	}),
	route({
		method: 'put',
		path: '/v1/teams/{team}/members/{user}',
		operation: 'putMember',
		audit: 'member.put',
		summary: 'Give a person a role in a team; an address that is not known yet becomes a user',
		tag: 'people',
		parameters: memberPath,
		query: none,
		body: z.strictObject({ role }),
		result: z.strictObject({ team_id: z.string(), user_id: z.string(), email: z.string(), role }),
		handle: async ({ path, body, org_id, principal, transaction }) => {
			await lockOrg(transaction);
			const found = await teamFor(principal, await findTeam(transaction, path.team), path.team);
			refuseEmptyRole(body.role, found.project, found.agent);
			const known = await findUser(transaction, path.user);
			const user = known ?? (await ensureUser(transaction, org_id, parseEmail(path.user), newId('user')));
			await putMember(transaction, { org_id, team_id: found.id, user_id: user.id, role: body.role });
			await refuseWithoutAdmin(await countOrgAdmins(transaction));
			return {
				body: { team_id: found.id, user_id: user.id, email: user.email, role: body.role },
				about: found,
			};
		},
	}),
	route({
		method: 'delete',
		path: '/v1/teams/{team}/members/{user}',
		operation: 'deleteMember',
		audit: 'member.removed',
		summary: 'Take a person out of a team',
		tag: 'people',
		parameters: memberPath,
		query: none,
		body: null,
		result: z.strictObject({ team_id: z.string(), user_id: z.string() }),
		handle: async ({ path, principal, transaction }) => {
			await lockOrg(transaction);
			const found = await teamFor(principal, await findTeam(transaction, path.team), path.team);
			const user = await findUser(transaction, path.user);
			if (user === undefined || !(await deleteMember(transaction, found.id, user.id)))
				throw new TapPassError('not_found', { detail: `${path.user} is not in ${found.name}` });
			await refuseWithoutAdmin(await countOrgAdmins(transaction));
			return { body: { team_id: found.id, user_id: user.id }, about: found };
		},
	}),
	route({
		method: 'get',
		path: '/v1/keys',
		operation: 'listKeys',
		summary: 'Your API keys, or those of everyone',
		tag: 'people',
		parameters: none,
		query: pageQuery.extend({ all: z.enum(['true', 'false']).default('false') }),
		body: null,
		result: page(key),
		handle: async ({ query, principal, transaction }) => {
			if (query.all === 'true') assertMay(principal, 'key.manage', orgScope);
			const owner = query.all === 'true' ? null : principal.user_id;
			const found = await listApiKeys(transaction, owner, readCursor(query.cursor), query.limit + 1);
			const { rows, next_cursor } = pageOf(found, query.limit, ({ id }) => id);
			const items = rows.map((row) => ({
				...row,
				scopes: [...row.scopes],
				created_at: text(row.created_at),
				expires_at: text(row.expires_at),
				revoked_at: text(row.revoked_at),
				last_used_at: text(row.last_used_at),
			}));
			return { body: { items, next_cursor } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/keys',
		operation: 'createKey',
		audit: 'key.created',
		summary: 'Make an API key, for yourself or another; its text is in this answer and nowhere else',
		tag: 'people',
		success: 201,
		secret: true,
		parameters: none,
		query: none,
		body: z.strictObject({
			name: z.string().min(1).max(64),
			scopes: z.array(scope).min(1).max(32),
			days: z.int().min(1).max(serverLimits.apiKeyDaysMax).default(90),
			user: identifier.optional().describe('Id or address; yourself when left out'),
		}),
		result: z.strictObject({
			id: z.string(),
			user_id: z.string(),
			key: z.string(),
			scopes: z.array(z.string()),
			expires_at: moment,
		}),
		handle: async ({ body, org_id, principal, transaction, now }) => {
			const user_id =
				body.user === undefined
					? principal.user_id
					: ((await findUser(transaction, body.user))?.id ?? missing(body.user));
			if (user_id !== principal.user_id) assertMay(principal, 'key.manage', orgScope);
			refuseWider(principal, body.scopes);
			const made = makeApiKey(org_id, randomBytes(32));
			const expires_at = await noLaterThan(transaction, principal, new Date(now.getTime() + body.days * 86_400_000));
			const row = {
				org_id,
				id: newId('key'),
				user_id,
				name: body.name,
				hash: made.hash,
				ending: made.ending,
				scopes: body.scopes,
				expires_at,
			};
			if (!(await insertApiKey(transaction, row, now)))
				throw new TapPassError('limit_reached', {
					detail: `${serverLimits.apiKeysMax} active API keys`,
					hint: 'revoke one first: tappass key list',
				});
			return { body: { id: row.id, user_id, key: made.text, scopes: body.scopes, expires_at: text(expires_at) } };
		},
	}),
	route({
		method: 'delete',
		path: '/v1/keys/{key}',
		operation: 'revokeKey',
		audit: 'key.revoked',
		summary: 'Revoke an API key; it and its tokens end at once',
		tag: 'people',
		parameters: z.strictObject({ key: identifier }),
		query: none,
		body: null,
		result: z.strictObject({ id: z.string() }),
		handle: async ({ path, principal, transaction, now }) => {
			const found = await findApiKey(transaction, path.key);
			// Another's key looks like none to whoever may not manage it.
			if (found === undefined || (found.user_id !== principal.user_id && !may(principal, 'key.manage', orgScope)))
				throw new TapPassError('not_found', { detail: `no key ${path.key}` });
			// A key that is limited may end itself; to end others is more than it was given.
			if (isLimited(principal) && path.key !== principal.key_id && !may(principal, 'key.manage', orgScope))
				throw new TapPassError('forbidden', { detail: 'this key is limited', hint: 'use a key with all scopes' });
			await revokeApiKey(transaction, path.key, now);
			return { body: { id: path.key } };
		},
	}),
];

type Team = NonNullable<Awaited<ReturnType<typeof findTeam>>>;

async function teamFor(principal: Principal, found: Team | undefined, name: string): Promise<Team> {
	if (found === undefined || !may(principal, 'team.read', found))
		throw new TapPassError('not_found', { detail: `no team ${name}` });
	assertMay(principal, 'team.manage', found);
	return found;
}

// A role that has nothing to say in a team's scope would only look as if it did.
function refuseEmptyRole(given: Role, project: string | null, agent: string | null): void {
	if ((given === 'org_admin' && project !== null) || (given === 'project_admin' && agent !== null))
		throw new TapPassError('schema_invalid', {
			detail: `${given} has no effect in the scope of this team`,
			hint: 'choose a wider team, or another role',
		});
}

// Whoever calls it holds the org's row: two who each remove one of the last two would both still count the other.
async function refuseWithoutAdmin(admins: number): Promise<void> {
	if (admins === 0)
		throw new TapPassError('limit_reached', {
			detail: 'the org would have no org_admin left',
			hint: 'give the role to someone else first',
		});
}

function isLimited({ scopes }: Principal): boolean {
	return !scopes.includes('*');
}

/** A limited key makes none that outlives it: or whoever found one for a day would have it for a year. */
async function noLaterThan(transaction: OrgTransaction, principal: Principal, wanted: Date): Promise<Date> {
	if (!isLimited(principal)) return wanted;
	const own = await findApiKey(transaction, principal.key_id);
	if (own === undefined) throw new TapPassError('unauthenticated', { detail: 'the key of this token is gone' });
	return own.expires_at < wanted ? own.expires_at : wanted;
}

// A key never makes one that can do more than itself.
function refuseWider({ scopes }: Principal, wanted: readonly string[]): void {
	const covered = (one: string): boolean =>
		one.endsWith('*')
			? scopes.includes('*') || scopes.includes(one)
			: scopes.some((held) => coversAction(held, one as (typeof actionNames)[number]));
	const wider = wanted.find((one) => !covered(one));
	if (wider !== undefined)
		throw new TapPassError('forbidden', {
			detail: `your key does not cover ${wider}`,
			hint: 'use a key with these scopes',
		});
}

function parseEmail(address: string): string {
	const parsed = email.safeParse(address);
	if (!parsed.success)
		throw new TapPassError('not_found', { detail: `no user ${address}`, hint: 'give an address to add someone new' });
	return parsed.data;
}

function missing(user: string): never {
	throw new TapPassError('not_found', { detail: `no user ${user}` });
}
