import { parseJson, type SandboxId, TapPassError } from '@tappass/core';
import { type RawBuilder, type Selectable, type SqlBool, sql } from 'kysely';
import { z } from 'zod';
import { assertMay, may } from '../access/may.ts';
import { visibleTo } from '../access/visible.ts';
import { openText } from '../gateway-store/sealed.ts';
import type { ApprovalTable } from '../store/gateway-tables.ts';
import { type Call, type Route, route } from './route.ts';
import { json, moment, none, page, pageOf, pageQuery, readCursor, text } from './shapes.ts';

type Row = Selectable<ApprovalTable>;
type AnyCall = Pick<Call<unknown, unknown, unknown>, 'principal' | 'transaction' | 'now'>;

const state = z.enum(['pending', 'granted', 'denied', 'used', 'expired']);
const fields = {
	ticket: z.string(),
	state,
	tool: z.string(),
	sandbox_id: z.string(),
	project: z.string(),
	agent: z.string(),
	session_id: z.string(),
	policy_version: z.int(),
	args_sha256: z.string(),
	approval_id: z.string().describe('The rule that asks for it'),
	requested_by: z.enum(['rule', 'trust_level', 'rego']),
	deciders: z.enum(['people', 'agents']).describe('Whether agents that are trusted to collaborate may decide, too'),
	approvers: z.int().describe('How many different people must approve'),
	approved_by: z.array(z.string()).describe('People by their address, agents as `agent:project/name`'),
	reason: z.string().nullable(),
	created_at: moment,
	expires_at: moment,
	decided_at: moment.nullable(),
	used_at: moment.nullable(),
};
const ticketPath = z.strictObject({ ticket: z.string().regex(/^apr_[0-9a-f]{32}$/) });
const decided = z.strictObject({
	ticket: z.string(),
	state,
	approved_by: z.array(z.string()),
	approvers: z.int(),
});

/** Calls that wait for people. */
export const approvalRoutes: readonly Route[] = [
	route({
		method: 'get',
		path: '/v1/approvals',
		operation: 'listApprovals',
		summary: 'Calls that wait for people, or waited; without their arguments',
		tag: 'gateway',
		parameters: none,
		query: pageQuery.extend({ state: state.optional() }),
		body: null,
		result: page(z.strictObject(fields)),
		handle: async ({ query, principal, transaction, now }) => {
			const found = await transaction
				.selectFrom('approvals')
				.selectAll()
				.where('ticket', '>', readCursor(query.cursor))
				.where(visibleTo(principal, 'sandbox.read', { project: 'project', agent: 'agent' }))
				.$if(query.state !== undefined, (of) => of.where(isIn(query.state!, now)))
				.orderBy('ticket')
				.limit(query.limit + 1)
				.execute();
			const { rows, next_cursor } = pageOf(found, query.limit, ({ ticket }) => ticket);
			const items = rows.map((row) => view(row, now));
			return { body: { items: await withNames(transaction, items), next_cursor } };
		},
	}),
	route({
		method: 'get',
		path: '/v1/approvals/{ticket}',
		operation: 'openApproval',
		audit: 'approval.opened',
		secret: true,
		summary: 'A call that waits, with its arguments; that they were looked at is recorded',
		tag: 'gateway',
		parameters: ticketPath,
		query: none,
		body: null,
		result: z.strictObject({ ...fields, args: json }),
		handle: async ({ path, org_id, services, ...call }) => {
			const row = await approvalFor(call, path.ticket);
			const args = await openText(call.transaction, services.keys, org_id, row, `approval ${row.ticket}`);
			const [shown] = await withNames(call.transaction, [view(row, call.now)]);
			return { body: { ...shown!, args: parseJson(Buffer.from(args)) }, about: about(row) };
		},
	}),
	route({
		method: 'post',
		path: '/v1/approvals/{ticket}/approve',
		operation: 'approveCall',
		audit: 'approval.granted',
		summary: 'Approve exactly this call, once; a rule may want several people',
		tag: 'gateway',
		parameters: ticketPath,
		query: none,
		body: z.strictObject({ args_sha256: z.string().optional().describe('Refused unless it is of what waits') }),
		result: decided,
		handle: async ({ path, body, ...call }) => {
			const row = await approvalFor(call, path.ticket);
			const { principal, transaction, now } = call;
			if (view(row, now).state !== 'pending') throw closed(row, now);
			if (body.args_sha256 !== undefined && body.args_sha256 !== row.args_sha256)
				throw new TapPassError('usage', { detail: `the arguments of ${row.ticket} have another hash` });
			if (row.approved_by.includes(principal.user_id))
				throw new TapPassError('forbidden', {
					detail: 'you have approved it already',
					hint: `${row.approvers} different people must approve`,
				});
			const approved_by = [...row.approved_by, principal.user_id];
			const isGranted = approved_by.length >= row.approvers;
			await transaction
				.updateTable('approvals')
				.set({ approved_by, ...(isGranted ? { state: 'granted' as const, decided_at: now } : {}) })
				.where('ticket', '=', row.ticket)
				.execute();
			return answer(transaction, { ...row, approved_by, state: isGranted ? 'granted' : 'pending' }, now);
		},
	}),
	route({
		method: 'post',
		path: '/v1/approvals/{ticket}/deny',
		operation: 'denyCall',
		audit: 'approval.denied',
		summary: 'Deny a call that waits, or take an approval back that was not used yet',
		tag: 'gateway',
		parameters: ticketPath,
		query: none,
		body: z.strictObject({ reason: z.string().min(1).max(256).optional() }),
		result: decided,
		handle: async ({ path, body, ...call }) => {
			const row = await approvalFor(call, path.ticket);
			const { transaction, now } = call;
			if (!['pending', 'granted'].includes(view(row, now).state)) throw closed(row, now);
			await transaction
				.updateTable('approvals')
				.set({ state: 'denied', reason: body.reason ?? null, decided_at: now })
				.where('ticket', '=', row.ticket)
				.execute();
			return answer(transaction, { ...row, state: 'denied' }, now);
		},
	}),
];

/** The approval, locked, for somebody who may decide it. @throws {TapPassError} not_found, forbidden */
async function approvalFor({ principal, transaction }: AnyCall, ticket: string): Promise<Row> {
	const row = await transaction
		.selectFrom('approvals')
		.selectAll()
		.where('ticket', '=', ticket)
		.forUpdate()
		.executeTakeFirst();
	if (row === undefined || !may(principal, 'sandbox.read', row))
		throw new TapPassError('not_found', { detail: `no approval ${ticket}`, hint: 'tappass approval list' });
	assertMay(principal, 'approval.decide', row);
	return row;
}

// An approval that nobody gave or used in time is worth nothing, though nothing has changed its row.
function stateOf({ state: held, expires_at }: Row, now: Date): z.output<typeof state> {
	return (held === 'pending' || held === 'granted') && expires_at <= now ? 'expired' : held;
}

// The same as `stateOf`, for the database.
function isIn(wanted: z.output<typeof state>, now: Date): RawBuilder<SqlBool> {
	const waits = sql`state in ('pending', 'granted')`;
	if (wanted === 'expired') return sql<SqlBool>`(${waits} and expires_at <= ${now})`;
	return sql<SqlBool>`(state = ${wanted} and not (${waits} and expires_at <= ${now}))`;
}

function view(held: Row, now: Date) {
	const { org_id: _, sealed: __, data_key_id: ___, ...row } = held;
	return {
		...row,
		state: stateOf(held, now),
		created_at: text(row.created_at),
		expires_at: text(row.expires_at),
		decided_at: text(row.decided_at),
		used_at: text(row.used_at),
	};
}

function closed(row: Row, now: Date): TapPassError {
	return new TapPassError('approval_closed', {
		detail: `${row.ticket} is ${stateOf(row, now)}`,
		hint: 'the agent can ask anew',
	});
}

async function answer(transaction: AnyCall['transaction'], row: Row, now: Date) {
	const { ticket, approvers, approved_by } = row;
	const [shown] = await withNames(transaction, [{ approved_by }]);
	return { body: { ticket, approvers, state: stateOf(row, now), ...shown! }, about: about(row) };
}

function about({ project, agent, sandbox_id, session_id }: Row) {
	return { project, agent, sandbox_id: sandbox_id as SandboxId, session_id };
}

async function withNames<Item extends { readonly approved_by: readonly string[] }>(
	transaction: AnyCall['transaction'],
	items: readonly Item[],
): Promise<(Omit<Item, 'approved_by'> & { approved_by: string[] })[]> {
	const ids = [...new Set(items.flatMap(({ approved_by }) => approved_by))];
	const users =
		ids.length === 0
			? []
			: await transaction.selectFrom('users').select(['id', 'email']).where('id', 'in', ids).execute();
	const names = new Map(users.map(({ id, email }) => [id, email]));
	return items.map((item) => ({ ...item, approved_by: item.approved_by.map((id) => names.get(id) ?? id) }));
}
