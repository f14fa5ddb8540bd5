import { TapPassError } from '@tappass/core';
import { z } from 'zod';
import { assertMay, may, type Principal } from '../access/may.ts';
import { visibleTo } from '../access/visible.ts';
import { announce } from '../events/notices.ts';
import { findSandbox, listSandboxes, revokeSandbox } from '../store/sandboxes.ts';
import type { OrgTransaction } from '../store/store.ts';
import { type Route, route } from './route.ts';
import { identifier, moment, none, page, pageOf, pageQuery, readCursor, text } from './shapes.ts';

const sandbox = z.strictObject({
	id: z.string(),
	name: z.string().nullable(),
	spec: z.string(),
	project: z.string(),
	agent: z.string(),
	runtime: z.string(),
	state: z.enum(['pending', 'active', 'revoked', 'locked']),
	state_reason: z.string().nullable(),
	epoch: z.int(),
	policy_version: z.int().describe('Newest signed'),
	loaded_epoch: z.int().nullable(),
	loaded_version: z.int().nullable().describe('What the host last said is loaded'),
	reported_at: moment.nullable(),
	stale: z.boolean(),
	compile_error: z.string().nullable(),
	created_at: moment,
	revoked_at: moment.nullable(),
});

/** Sandboxes: what runs, and the end of it. */
export const sandboxRoutes: readonly Route[] = [
	route({
		method: 'get',
		path: '/v1/sandboxes',
		operation: 'listSandboxes',
		summary: 'The sandboxes you can see, and what their hosts have loaded',
		tag: 'fleet',
		parameters: none,
		query: pageQuery,
		body: null,
		result: page(sandbox),
		handle: async ({ query, principal, transaction }) => {
			const { rows, next_cursor } = pageOf(
				await listSandboxes(transaction, {
					after: readCursor(query.cursor),
					count: query.limit + 1,
					visible: visibleTo(principal, 'sandbox.read', { project: 's.project', agent: 's.agent' }),
				}),
				query.limit,
				({ id }) => id,
			);
			return { body: { items: rows.map(sandboxView), next_cursor } };
		},
	}),
	route({
		method: 'get',
		path: '/v1/sandboxes/{sandbox}',
		operation: 'readSandbox',
		summary: 'One sandbox, by its id or its host’s name for it',
		tag: 'fleet',
		parameters: z.strictObject({ sandbox: identifier }),
		query: none,
		body: null,
		result: sandbox,
		handle: async ({ path, principal, transaction }) => {
			const { id } = await sandboxFor(principal, transaction, path.sandbox);
			const [row] = await listSandboxes(transaction, { id });
			if (row === undefined) throw new TapPassError('internal', { detail: 'a sandbox was lost while it was read' });
			return { body: sandboxView(row) };
		},
	}),
	route({
		method: 'post',
		path: '/v1/sandboxes/{sandbox}/revoke',
		operation: 'revokeSandbox',
		audit: 'sandbox.revoked',
		summary: 'Revoke a sandbox for good; its host is cut off within seconds',
		tag: 'fleet',
		parameters: z.strictObject({ sandbox: identifier }),
		query: none,
		body: z.strictObject({ reason: z.string().min(1).max(256).default('revoked by an operator') }),
		result: z.strictObject({ id: z.string(), state: z.literal('revoked'), changed: z.boolean() }),
		handle: async ({ path, body, org_id, principal, transaction, now }) => {
			const found = await sandboxFor(principal, transaction, path.sandbox);
			assertMay(principal, 'sandbox.revoke', found);
			const changed = await revokeSandbox(transaction, found.id, body.reason, now);
			await announce(transaction, { kind: 'state', org_id, sandbox_ids: [found.id] });
			const about = { project: found.project, agent: found.agent, sandbox_id: found.id };
			return { body: { id: found.id, state: 'revoked' as const, changed }, about };
		},
	}),
	route({
		method: 'post',
		path: '/v1/sandboxes/{sandbox}/bootstrap',
		operation: 'reenrollSandbox',
		audit: 'bootstrap.emitted',
		summary: 'Make a single-use URL that enrols a sandbox anew; its host of before is left behind when it is redeemed',
		tag: 'fleet',
		success: 201,
		secret: true,
		parameters: z.strictObject({ sandbox: identifier }),
		query: none,
		body: z.strictObject({}),
		result: z.strictObject({
			sandbox_id: z.string(),
			name: z.string().nullable().describe('What its host of before called it'),
			url: z.url(),
			expires_at: moment,
		}),
		handle: async ({ path, org_id, principal, services, transaction, now }) => {
			const found = await sandboxFor(principal, transaction, path.sandbox);
			// It gives the sandbox to one host and takes it from another.
			for (const action of ['sandbox.create', 'sandbox.revoke'] as const) assertMay(principal, action, found);
			assertLives(found);
			const { url, expires_at } = await services.mintBootstrap(transaction, {
				orgId: org_id,
				sandboxId: found.id,
				createdBy: principal.email,
				now: now.getTime(),
			});
			const about = { project: found.project, agent: found.agent, sandbox_id: found.id };
			return { body: { sandbox_id: found.id, name: found.name, url, expires_at }, about };
		},
	}),
];

/** @throws {TapPassError} usage: what was revoked or locked never comes back, its name does */
function assertLives({ id, name, spec_id, state }: NonNullable<Awaited<ReturnType<typeof findSandbox>>>): void {
	if (state === 'active' || state === 'pending') return;
	const revoke = state === 'locked' ? `tappass sandbox revoke ${id}, then ` : '';
	throw new TapPassError('usage', {
		detail: `${name ?? id} is ${state}, and that is for good`,
		hint: `${revoke}make another sandbox, which can have its name: tappass sandbox-spec emit-bootstrap ${spec_id}`,
	});
}

async function sandboxFor(
	principal: Principal,
	transaction: OrgTransaction,
	idOrName: string,
): Promise<NonNullable<Awaited<ReturnType<typeof findSandbox>>>> {
	const found = await findSandbox(transaction, idOrName);
	if (found === undefined || !may(principal, 'sandbox.read', found))
		throw new TapPassError('not_found', { detail: `no sandbox ${idOrName}`, hint: 'tappass sandbox list' });
	return found;
}

function sandboxView({
	spec_id,
	runtime_id,
	...row
}: Awaited<ReturnType<typeof listSandboxes>>[number]): z.input<typeof sandbox> {
	return {
		...row,
		spec: spec_id,
		runtime: runtime_id,
		created_at: text(row.created_at),
		reported_at: text(row.reported_at),
		revoked_at: text(row.revoked_at),
	};
}
