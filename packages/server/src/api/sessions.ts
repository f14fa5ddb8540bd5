import { type SandboxId, TapPassError } from '@tappass/core';
import { z } from 'zod';
import { assertMay, may } from '../access/may.ts';
import { visibleTo } from '../access/visible.ts';
import { killSession, resumeSession } from '../gateway-store/sessions.ts';
import { type Call, type Route, route } from './route.ts';
import { identifier, moment, none, page, pageOf, pageQuery, readCursor, text } from './shapes.ts';

const state = z.enum(['open', 'closed', 'killed']);
const session = z.strictObject({
	id: z.string(),
	sandbox_id: z.string(),
	sandbox: z.string().nullable().describe('Its host’s name for the sandbox'),
	project: z.string(),
	agent: z.string(),
	state,
	killed_code: z.string().nullable(),
	killed_reason: z.string().nullable(),
	calls: z.int(),
	tool_calls: z.int(),
	tokens: z.int(),
	dollars: z.number(),
	opened_at: moment,
	closed_at: moment.nullable(),
});
const sessionPath = z.strictObject({ session: identifier });
const changed = z.strictObject({ id: z.string(), sandbox_id: z.string(), state });

/** Sessions of agents: the launches of their sandboxes. */
export const sessionRoutes: readonly Route[] = [
	route({
		method: 'get',
		path: '/v1/sessions',
		operation: 'listSessions',
		summary: 'The sessions you can see, and what they have used',
		tag: 'gateway',
		parameters: none,
		query: pageQuery.extend({ state: state.optional() }),
		body: null,
		result: page(session),
		handle: async ({ query, principal, transaction }) => {
			const found = await sessionsOf(transaction)
				.where('e.id', '>', readCursor(query.cursor))
				.where(visibleTo(principal, 'sandbox.read', { project: 's.project', agent: 's.agent' }))
				.$if(query.state !== undefined, (of) => of.where('e.state', '=', query.state!))
				.orderBy('e.id')
				.limit(query.limit + 1)
				.execute();
			const { rows, next_cursor } = pageOf(found, query.limit, ({ id }) => id);
			const items = rows.map((row) => ({ ...row, opened_at: text(row.opened_at), closed_at: text(row.closed_at) }));
			return { body: { items, next_cursor } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/sessions/{session}/kill',
		operation: 'killSession',
		audit: 'session.killed',
		summary: 'Kill a session: its calls are refused, and those under way are cut',
		tag: 'gateway',
		parameters: sessionPath,
		query: none,
		body: z.strictObject({ reason: z.string().min(1).max(256).default('killed by an operator') }),
		result: changed,
		handle: async ({ path, body, principal, transaction, org_id }) => {
			const found = await sessionFor({ principal, transaction }, path.session);
			const code = 'operator';
			const killed = await killSession(transaction, { org_id, id: found.id, code, reason: body.reason });
			if (killed === undefined)
				throw new TapPassError('session_closed', { detail: `the session ${found.id} is ${found.state} already` });
			return { body: { id: found.id, sandbox_id: killed, state: 'killed' as const }, about: { ...about(found), code } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/sessions/{session}/resume',
		operation: 'resumeSession',
		audit: 'session.resumed',
		summary: 'Let a killed session go on; what it was killed for is forgotten, what it has used is not',
		tag: 'gateway',
		parameters: sessionPath,
		query: none,
		body: none,
		result: changed,
		handle: async ({ path, principal, transaction, org_id }) => {
			const found = await sessionFor({ principal, transaction }, path.session);
			const sandbox_id = await resumeSession(transaction, { org_id, id: found.id });
			return { body: { id: found.id, sandbox_id, state: 'open' as const }, about: about(found) };
		},
	}),
];

function sessionsOf(transaction: Call<unknown, unknown, unknown>['transaction']) {
	return transaction
		.selectFrom('sessions as e')
		.innerJoin('sandboxes as s', (join) => join.onRef('s.org_id', '=', 'e.org_id').onRef('s.id', '=', 'e.sandbox_id'))
		.select([
			'e.id',
			'e.sandbox_id',
			's.name as sandbox',
			's.project',
			's.agent',
			'e.state',
			'e.killed_code',
			'e.killed_reason',
			'e.calls',
			'e.tool_calls',
			'e.tokens',
			'e.dollars',
			'e.opened_at',
			'e.closed_at',
		]);
}

type Found = NonNullable<Awaited<ReturnType<ReturnType<typeof sessionsOf>['executeTakeFirst']>>>;

async function sessionFor(
	{ principal, transaction }: Pick<Call<unknown, unknown, unknown>, 'principal' | 'transaction'>,
	id: string,
): Promise<Found> {
	const found = await sessionsOf(transaction).where('e.id', '=', id).executeTakeFirst();
	if (found === undefined || !may(principal, 'sandbox.read', found))
		throw new TapPassError('not_found', { detail: `no session ${id}`, hint: 'tappass session list' });
	assertMay(principal, 'session.manage', found);
	return found;
}

function about({ project, agent, sandbox_id, id }: Found) {
	return { project, agent, sandbox_id: sandbox_id as SandboxId, session_id: id };
}
