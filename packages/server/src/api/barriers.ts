import { agentNameSchema, isToolName, projectNameSchema, TapPassError } from '@tappass/core';
import { z } from 'zod';
import { assertMay, orgScope } from '../access/may.ts';
import { announce } from '../events/notices.ts';
import { type Route, route } from './route.ts';
import { moment, none, text } from './shapes.ts';

const framework = z.string().regex(/^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/, {
	error: 'expected 1 to 63 lower-case letters, digits, dashes or underscores',
});
const level = z.int().min(0).max(1_000).describe('Higher is more secret; whoever nobody cleared is at 0');
const resource = z
	.string()
	.max(512)
	.refine(
		(name) =>
			isToolName(name) ||
			/^mcp:\/\/[a-z0-9_-]+\/[\x21-\x7e]+$/.test(name) ||
			/^section:[A-Za-z0-9_.-]{1,128}$/.test(name),
		{ error: 'expected mcp://server/uri, section:name, or the name of a tool' },
	);
const agentPath = { project: projectNameSchema, agent: agentNameSchema };
const clearance = z.strictObject({ ...agentPath, framework, level });
const classification = z.strictObject({ resource, framework, level });

/** Information barriers: how far agents may see, and how secret resources are. */
export const barrierRoutes: readonly Route[] = [
	route({
		method: 'get',
		path: '/v1/barriers',
		operation: 'listBarriers',
		summary: 'The clearances of agents and the classifications of resources',
		tag: 'gateway',
		parameters: none,
		query: none,
		body: null,
		result: z.strictObject({
			clearances: z.array(
				z.strictObject({
					project: z.string(),
					agent: z.string(),
					framework: z.string(),
					level,
					granted_by: z.string(),
					granted_at: moment,
				}),
			),
			classifications: z.array(
				z.strictObject({
					resource: z.string(),
					framework: z.string(),
					level,
					set_by: z.string(),
					set_at: moment,
				}),
			),
		}),
		handle: async ({ principal, transaction }) => {
			assertMay(principal, 'gateway.read', orgScope);
			const clearances = await transaction
				.selectFrom('clearances')
				.select(['project', 'agent', 'framework', 'level', 'granted_by', 'granted_at'])
				.orderBy('project')
				.orderBy('agent')
				.orderBy('framework')
				.execute();
			const classifications = await transaction
				.selectFrom('classifications')
				.select(['resource', 'framework', 'level', 'set_by', 'set_at'])
				.orderBy('resource')
				.orderBy('framework')
				.execute();
			return {
				body: {
					clearances: clearances.map((row) => ({ ...row, granted_at: text(row.granted_at) })),
					classifications: classifications.map((row) => ({ ...row, set_at: text(row.set_at) })),
				},
			};
		},
	}),
	route({
		method: 'post',
		path: '/v1/barriers/clear',
		operation: 'grantClearance',
		audit: 'clearance.granted',
		summary: 'Clear an agent up to a level of a framework',
		tag: 'gateway',
		parameters: none,
		query: none,
		body: clearance,
		result: clearance,
		handle: async ({ body, principal, transaction, org_id, now }) => {
			assertMay(principal, 'barrier.manage', orgScope);
			const known = await transaction
				.selectFrom('agents')
				.select('name')
				.where('project', '=', body.project)
				.where('name', '=', body.agent)
				.executeTakeFirst();
			if (known === undefined)
				throw new TapPassError('not_found', { detail: `no agent ${body.agent} in the project ${body.project}` });
			const row = { level: body.level, granted_by: principal.email, granted_at: now };
			await transaction
				.insertInto('clearances')
				.values({ org_id, ...body, ...row })
				.onConflict((conflict) => conflict.columns(['org_id', 'project', 'agent', 'framework']).doUpdateSet(row))
				.execute();
			await announce(transaction, { kind: 'registry', org_id, sandbox_ids: [] });
			return { body, about: { project: body.project, agent: body.agent } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/barriers/withdraw',
		operation: 'revokeClearance',
		audit: 'clearance.revoked',
		summary: 'Take a clearance back: the agent sees what is public alone',
		tag: 'gateway',
		parameters: none,
		query: none,
		body: z.strictObject({ ...agentPath, framework }),
		result: z.strictObject({ ...agentPath, framework }),
		handle: async ({ body, principal, transaction, org_id }) => {
			assertMay(principal, 'barrier.manage', orgScope);
			const gone = await transaction
				.deleteFrom('clearances')
				.where('project', '=', body.project)
				.where('agent', '=', body.agent)
				.where('framework', '=', body.framework)
				.returning('level')
				.executeTakeFirst();
			if (gone === undefined) throw nothing(`${body.project}/${body.agent} has no clearance of ${body.framework}`);
			await announce(transaction, { kind: 'registry', org_id, sandbox_ids: [] });
			return { body, about: { project: body.project, agent: body.agent } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/barriers/classify',
		operation: 'classifyResource',
		audit: 'classification.changed',
		summary: 'Say how secret a resource is',
		tag: 'gateway',
		parameters: none,
		query: none,
		body: classification,
		result: classification,
		handle: async ({ body, principal, transaction, org_id, now }) => {
			assertMay(principal, 'barrier.manage', orgScope);
			const row = { level: body.level, set_by: principal.email, set_at: now };
			await transaction
				.insertInto('classifications')
				.values({ org_id, ...body, ...row })
				.onConflict((conflict) => conflict.columns(['org_id', 'resource', 'framework']).doUpdateSet(row))
				.execute();
			await announce(transaction, { kind: 'registry', org_id, sandbox_ids: [] });
			return { body };
		},
	}),
	route({
		method: 'post',
		path: '/v1/barriers/declassify',
		operation: 'declassifyResource',
		audit: 'classification.changed',
		summary: 'Take a classification away: the resource is open to every agent that policies allow',
		tag: 'gateway',
		parameters: none,
		query: none,
		body: z.strictObject({ resource, framework }),
		result: z.strictObject({ resource, framework }),
		handle: async ({ body, principal, transaction, org_id }) => {
			assertMay(principal, 'barrier.manage', orgScope);
			const gone = await transaction
				.deleteFrom('classifications')
				.where('resource', '=', body.resource)
				.where('framework', '=', body.framework)
				.returning('level')
				.executeTakeFirst();
			if (gone === undefined) throw nothing(`${body.resource} is not classified by ${body.framework}`);
			await announce(transaction, { kind: 'registry', org_id, sandbox_ids: [] });
			return { body };
		},
	}),
];

function nothing(detail: string): TapPassError {
	return new TapPassError('not_found', { detail, hint: 'tappass barrier list' });
}
