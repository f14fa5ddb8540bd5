import { isToolName, type Json, TapPassError, type ToolFacts } from '@tappass/core';
import type { Selectable } from 'kysely';
import { z } from 'zod';
import { assertMay, orgScope } from '../access/may.ts';
import { announce } from '../events/notices.ts';
import type { DiscoveredToolTable } from '../store/gateway-tables.ts';
import { type Call, type Route, route } from './route.ts';
import { json, moment, none, text } from './shapes.ts';

type Row = Selectable<DiscoveredToolTable>;
type Transaction = Call<unknown, unknown, unknown>['transaction'];

const state = z.enum(['open', 'approved', 'denied']);
const name = z.string().refine(isToolName, { error: 'expected the name of a tool: server.tool' });
const sha256 = z
	.string()
	.regex(/^(?:[0-9a-f]{64})?$/)
	.describe('Of the definition; empty when no server offered one');
const facts = z.strictObject({
	effect: z.enum(['read', 'write', 'delete']).optional(),
	capabilities: z
		.array(z.string().regex(/^[a-z0-9](?:[a-z0-9_.-]{0,62}[a-z0-9])?$/))
		.max(50)
		.optional(),
	slots: z
		.record(
			z.string().regex(/^[a-z0-9_]{1,64}$/),
			z.string().regex(/^[A-Za-z0-9_-]+(?:\[\])?(?:\.[A-Za-z0-9_-]+(?:\[\])?)*$/),
		)
		.optional()
		.describe('Slot → path in the arguments: `recipient` → `message.to`'),
});
const toolFacts = z.strictObject({
	name: z.string(),
	effect: z.enum(['read', 'write', 'delete']),
	capabilities: z.array(z.string()),
	slots: z.record(z.string(), z.string()),
});
const discovered = z.strictObject({
	tool: z.string(),
	definition_sha256: z.string(),
	server: z.string(),
	kind: z.enum(['unknown', 'changed']),
	state,
	description: z.string(),
	sandbox_id: z.string().nullable(),
	seen: z.int(),
	first_seen: moment,
	last_seen: moment,
	decided_by: z.string().nullable(),
	definition: json,
	pinned: z
		.strictObject({ sha256: z.string(), definition: json })
		.nullable()
		.describe('The definition that was agreed to before'),
	facts: toolFacts.nullable().describe('What was approved of it beside the catalog'),
});
const which = { definition_sha256: sha256.optional().describe('May be left out when one is waiting') };
const toolPath = z.strictObject({ tool: name });

/** The review queue: tools that nobody approved, and definitions that changed. */
export const discoveredRoutes: readonly Route[] = [
	route({
		method: 'get',
		path: '/v1/discovered-tools',
		operation: 'listDiscoveredTools',
		summary: 'Tools that were seen and are not known, and definitions that differ from what was agreed to',
		tag: 'gateway',
		parameters: none,
		query: z.strictObject({ state: state.optional(), tool: name.optional() }),
		body: null,
		result: z.strictObject({ items: z.array(discovered) }),
		handle: async ({ query, principal, transaction }) => {
			assertMay(principal, 'gateway.read', orgScope);
			const rows = await transaction
				.selectFrom('discovered_tools')
				.selectAll()
				.$if(query.state !== undefined, (of) => of.where('state', '=', query.state!))
				.$if(query.tool !== undefined, (of) => of.where('tool', '=', query.tool!))
				.orderBy('last_seen', 'desc')
				.limit(listedMax)
				.execute();
			return { body: { items: await views(transaction, rows) } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/discovered-tools/{tool}/approve',
		operation: 'approveTool',
		audit: 'tool.approved',
		summary: 'Approve a tool: what it does is known from now on, and its definition is pinned',
		tag: 'gateway',
		parameters: toolPath,
		query: none,
		body: z.strictObject({ ...which, ...facts.shape }),
		result: z.strictObject({ tool: z.string(), pinned: z.string().nullable(), facts: toolFacts.nullable() }),
		handle: async ({ path, body, principal, transaction, org_id, now }) => {
			assertMay(principal, 'catalog.review', orgScope);
			const row = await rowFor(transaction, path.tool, body.definition_sha256);
			const { definition_sha256: _, ...stated } = body;
			const merged = await mergeFacts(transaction, row, stated);
			if (merged !== undefined) await putFacts(transaction, org_id, merged, { by: principal.email, now });
			if (row.definition_sha256 !== '') await pin(transaction, org_id, row, now);
			await decide(transaction, row, 'approved', principal.email, now);
			await announce(transaction, { kind: 'registry', org_id, sandbox_ids: [] });
			return {
				body: {
					tool: row.tool,
					pinned: row.definition_sha256 || null,
					facts: merged === undefined ? null : copy(merged),
				},
			};
		},
	}),
	route({
		method: 'post',
		path: '/v1/discovered-tools/{tool}/refine',
		operation: 'refineTool',
		audit: 'catalog.changed',
		summary: 'Change what was said of a tool when it was approved',
		tag: 'gateway',
		parameters: toolPath,
		query: none,
		body: facts.refine((all) => Object.values(all).some((value) => value !== undefined), {
			error: 'name what shall be changed: effect, capabilities or slots',
		}),
		result: z.strictObject({ tool: z.string(), facts: toolFacts }),
		handle: async ({ path, body, principal, transaction, org_id, now }) => {
			assertMay(principal, 'catalog.review', orgScope);
			const held = await approvedFacts(transaction, path.tool);
			if (held === undefined)
				throw new TapPassError('not_found', {
					detail: `${path.tool} was not approved here`,
					hint: 'tappass catalog discovered list',
				});
			const refined = { ...held, ...stated(body) };
			await putFacts(transaction, org_id, refined, { by: principal.email, now });
			await announce(transaction, { kind: 'registry', org_id, sandbox_ids: [] });
			return { body: { tool: path.tool, facts: copy(refined) } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/discovered-tools/{tool}/deny',
		operation: 'denyTool',
		audit: 'tool.denied',
		summary: 'Deny a tool or a changed definition; an approval of it that was given here ends',
		tag: 'gateway',
		parameters: toolPath,
		query: none,
		body: z.strictObject(which),
		result: z.strictObject({ tool: z.string(), withdrawn: z.boolean() }),
		handle: async ({ path, body, principal, transaction, org_id, now }) => {
			assertMay(principal, 'catalog.review', orgScope);
			const row = await rowFor(transaction, path.tool, body.definition_sha256);
			const pinned = await pinOf(transaction, row.tool);
			// A definition that is denied while another is in force says nothing against the tool itself.
			const isInForce = row.kind === 'unknown' || pinned?.sha256 === row.definition_sha256;
			const gone = isInForce
				? await transaction.deleteFrom('approved_tools').where('tool', '=', row.tool).returning('tool').execute()
				: [];
			if (isInForce && row.kind === 'changed' && gone.length === 0)
				throw new TapPassError('usage', {
					detail: `${row.tool} is of the catalog, and this definition of it is in force`,
					hint: `deny it by policy: tools.deny contains "${row.tool}"`,
				});
			await decide(transaction, row, 'denied', principal.email, now);
			await announce(transaction, { kind: 'registry', org_id, sandbox_ids: [] });
			return { body: { tool: row.tool, withdrawn: gone.length > 0 } };
		},
	}),
];

const listedMax = 1_000;

// What is known of all of them is read at once: a full queue would ask two thousand questions.
async function views(transaction: Transaction, rows: readonly Row[]) {
	const tools = rows.map(({ tool }) => tool);
	if (tools.length === 0) return [];
	const approved = await transaction
		.selectFrom('approved_tools')
		.select(['tool', 'facts'])
		.where('tool', 'in', tools)
		.execute();
	const pins = await transaction
		.selectFrom('tool_pins')
		.select(['tool', 'sha256', 'definition'])
		.where('tool', 'in', tools)
		.execute();
	const factsOf = new Map(approved.map(({ tool, facts: known }) => [tool, copy(known)]));
	const pinsOf = new Map(pins.map(({ tool, ...pinned }) => [tool, pinned]));
	return rows.map(({ org_id: _, decided_at: __, ...row }) => ({
		...row,
		first_seen: text(row.first_seen),
		last_seen: text(row.last_seen),
		pinned: pinsOf.get(row.tool) ?? null,
		facts: factsOf.get(row.tool) ?? null,
	}));
}

async function rowFor(transaction: Transaction, tool: string, sha: string | undefined): Promise<Row> {
	const rows = await transaction
		.selectFrom('discovered_tools')
		.selectAll()
		.where('tool', '=', tool)
		.forUpdate()
		.execute();
	const open = rows.filter((row) => row.state === 'open');
	const found = sha !== undefined ? rows.filter((row) => row.definition_sha256 === sha) : open.length > 0 ? open : rows;
	if (found.length > 1)
		throw new TapPassError('usage', {
			detail: `${tool} was seen with ${found.length} definitions${open.length > 0 ? '' : ', and none of them waits'}`,
			hint: `name one: ${found.map((row) => row.definition_sha256 || '""').join(', ')}`,
		});
	if (found[0] === undefined)
		throw new TapPassError('not_found', {
			detail: `${tool} is not in the review queue`,
			hint: 'tappass catalog discovered list',
		});
	return found[0];
}

/** What is known of the tool once it is approved; undefined: the catalog knows it, and only its definition is agreed to. */
async function mergeFacts(
	transaction: Transaction,
	{ tool, kind }: Row,
	given: z.output<typeof facts>,
): Promise<ToolFacts | undefined> {
	const held = await approvedFacts(transaction, tool);
	const said = stated(given);
	if (held === undefined && kind === 'changed') {
		if (Object.keys(said).length > 0)
			throw new TapPassError('usage', { detail: `what ${tool} does is stated by the catalog` });
		return undefined;
	}
	const effect = said.effect ?? held?.effect;
	if (effect === undefined)
		throw new TapPassError('usage', {
			detail: `say what ${tool} does: read, write or delete`,
			hint: `tappass catalog discovered approve ${tool} --effect write`,
		});
	return {
		name: tool,
		effect,
		capabilities: said.capabilities ?? held?.capabilities ?? [],
		slots: said.slots ?? held?.slots ?? {},
	};
}

function stated(given: z.output<typeof facts>): Partial<ToolFacts> {
	return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function copy({ name: of, effect, capabilities, slots }: ToolFacts): z.output<typeof toolFacts> {
	return { name: of, effect, capabilities: [...capabilities], slots: { ...slots } };
}

async function approvedFacts(transaction: Transaction, tool: string): Promise<ToolFacts | undefined> {
	return (await transaction.selectFrom('approved_tools').select('facts').where('tool', '=', tool).executeTakeFirst())
		?.facts;
}

async function pinOf(
	transaction: Transaction,
	tool: string,
): Promise<{ readonly sha256: string; readonly definition: Json } | undefined> {
	return transaction
		.selectFrom('tool_pins')
		.select(['sha256', 'definition'])
		.where('tool', '=', tool)
		.executeTakeFirst();
}

async function putFacts(
	transaction: Transaction,
	org_id: Row['org_id'],
	given: ToolFacts,
	{ by, now }: { readonly by: string; readonly now: Date },
): Promise<void> {
	const row = { facts: JSON.stringify(given), approved_by: by, approved_at: now };
	await transaction
		.insertInto('approved_tools')
		.values({ org_id, tool: given.name, ...row })
		.onConflict((conflict) => conflict.columns(['org_id', 'tool']).doUpdateSet(row))
		.execute();
}

async function pin(transaction: Transaction, org_id: Row['org_id'], row: Row, now: Date): Promise<void> {
	const pinned = { sha256: row.definition_sha256, definition: JSON.stringify(row.definition), pinned_at: now };
	await transaction
		.insertInto('tool_pins')
		.values({ org_id, tool: row.tool, ...pinned })
		.onConflict((conflict) => conflict.columns(['org_id', 'tool']).doUpdateSet(pinned))
		.execute();
}

async function decide(
	transaction: Transaction,
	{ tool, definition_sha256 }: Row,
	to: 'approved' | 'denied',
	by: string,
	now: Date,
): Promise<void> {
	await transaction
		.updateTable('discovered_tools')
		.set({ state: to, decided_by: by, decided_at: now })
		.where('tool', '=', tool)
		.where('definition_sha256', '=', definition_sha256)
		.execute();
}
