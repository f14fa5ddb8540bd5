import { TapPassError } from '@tappass/core';
import { probeServer } from '@tappass/gateway';
import { z } from 'zod';
import { assertMay, orgScope } from '../access/may.ts';
import { announce } from '../events/notices.ts';
import { useSecret } from '../gateway-store/sealed.ts';
import { serverLimits } from '../limits.ts';
import { type Call, type Route, route } from './route.ts';
import { moment, none, page, pageOf, pageQuery, readCursor, text } from './shapes.ts';
import { checkAddress } from './upstream-address.ts';
import { faultIn } from './upstreams.ts';
import { assertSecret, nextRevision, secretOf } from './vault.ts';

// First part of its tools' canonical names, which a double underscore would divide on some wires.
const serverName = z
	.string()
	.regex(/^[a-z0-9](?:(?:[a-z0-9-]|_(?!_)){0,46}[a-z0-9])?$/, {
		error: 'expected 1 to 48 lower-case letters, digits, dashes or single underscores',
	})
	.refine((name) => !['builtin', 'openai', 'anthropic', 'google', 'mistral'].includes(name), {
		error: 'this name stands for tools that no MCP server offers',
	});
const credentials = z
	.record(
		z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
		z.string().regex(/^(?:bearer:)?vault:\/\/[A-Za-z0-9_.-]{1,64}$/, {
			error: 'expected vault://name or bearer:vault://name; the secret itself is never written here',
		}),
	)
	.refine((all) => Object.keys(all).length <= 20, { error: 'at most 20 credentials' });
const transport = z.discriminatedUnion('kind', [
	z.strictObject({ kind: z.literal('http'), url: z.string().min(1).max(2_048) }),
	z.strictObject({
		kind: z.literal('stdio'),
		command: z.string().min(1).max(1_024),
		args: z.array(z.string().max(4_096)).max(100).default([]),
	}),
]);
const serverBody = z.strictObject({
	transport,
	insecure_http: z.boolean().default(false).describe('Whether http to another machine is meant'),
	credentials: credentials.default({}).describe('Header, or variable of a program → `vault://name`'),
	auto_approve: z
		.boolean()
		.default(false)
		.describe('Its unknown tools are taken for ones that change something, under policies that allow that lane'),
	replace: z.boolean().default(false),
});
const server = z.strictObject({
	name: z.string(),
	transport,
	credentials: z.record(z.string(), z.string()),
	auto_approve: z.boolean(),
	revision: z.int(),
	created_by: z.string(),
	created_at: moment,
});
const serverPath = z.strictObject({ server: serverName });

/** MCP servers that the broker calls. */
export const mcpServerRoutes: readonly Route[] = [
	route({
		method: 'get',
		path: '/v1/mcp-servers',
		operation: 'listMcpServers',
		summary: 'The registered MCP servers',
		tag: 'gateway',
		parameters: none,
		query: pageQuery,
		body: null,
		result: page(server),
		handle: async ({ query, principal, transaction }) => {
			assertMay(principal, 'gateway.read', orgScope);
			const found = await transaction
				.selectFrom('mcp_servers')
				.selectAll()
				.where('name', '>', readCursor(query.cursor))
				.orderBy('name')
				.limit(query.limit + 1)
				.execute();
			const { rows, next_cursor } = pageOf(found, query.limit, ({ name }) => name);
			const items = rows.map(({ org_id: _, created_at, transport: over, ...row }) => ({
				...row,
				transport: over.kind === 'http' ? over : { ...over, args: [...over.args] },
				created_at: text(created_at),
			}));
			return { body: { items, next_cursor } };
		},
	}),
	route({
		method: 'put',
		path: '/v1/mcp-servers/{server}',
		operation: 'registerMcpServer',
		audit: 'mcp.registered',
		summary: 'Register an MCP server; a stdio one runs as a process beside this server, with its rights',
		tag: 'gateway',
		parameters: serverPath,
		query: none,
		body: serverBody,
		result: z.strictObject({ name: z.string(), replaced: z.boolean() }),
		handle: register,
	}),
	route({
		method: 'delete',
		path: '/v1/mcp-servers/{server}',
		operation: 'removeMcpServer',
		audit: 'mcp.removed',
		summary: 'Remove an MCP server; connections to it are closed',
		tag: 'gateway',
		parameters: serverPath,
		query: none,
		body: null,
		result: z.strictObject({ name: z.string() }),
		handle: async ({ path, principal, transaction, org_id }) => {
			assertMay(principal, 'mcp.manage', orgScope);
			const name = path.server;
			const gone = await transaction.deleteFrom('mcp_servers').where('name', '=', name).returning('name').execute();
			if (gone.length === 0)
				throw new TapPassError('not_found', { detail: `no MCP server ${name}`, hint: 'tappass mcp list' });
			await announce(transaction, { kind: 'registry', org_id, sandbox_ids: [] });
			return { body: { name } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/mcp-servers/{server}/test',
		operation: 'testMcpServer',
		audit: 'mcp.tested',
		secret: true,
		summary: 'Connect to an MCP server and list its tools; says which of them are known',
		tag: 'gateway',
		parameters: serverPath,
		query: none,
		body: none,
		result: z.strictObject({
			name: z.string(),
			ok: z.boolean(),
			code: z.string().nullable(),
			detail: z.string().nullable(),
			tools: z.array(
				z.strictObject({
					name: z.string(),
					known: z.enum(['catalog', 'approved', 'unknown']),
					pinned: z.enum(['same', 'changed']).nullable().describe('Against the definition that was agreed to'),
					description: z.string(),
				}),
			),
		}),
		handle: testServer,
	}),
];

type TestCall = Call<z.output<typeof serverPath>, Record<never, never>, Record<never, never>>;

async function testServer({ path, principal, transaction, services, org_id }: TestCall) {
	assertMay(principal, 'mcp.manage', orgScope);
	const name = path.server;
	const row = await transaction.selectFrom('mcp_servers').selectAll().where('name', '=', name).executeTakeFirst();
	if (row === undefined)
		throw new TapPassError('not_found', { detail: `no MCP server ${name}`, hint: 'tappass mcp list' });
	const secrets = new Map<string, string>();
	for (const reference of Object.values(row.credentials)) {
		const secret = secretOf(reference);
		secrets.set(`vault://${secret}`, await useSecret(transaction, services.keys, org_id, secret));
	}
	const approved = new Set(
		(await transaction.selectFrom('approved_tools').select('tool').execute()).map(({ tool }) => tool),
	);
	const pins = new Map(
		(await transaction.selectFrom('tool_pins').select(['tool', 'sha256']).execute()).map((pin) => [
			pin.tool,
			pin.sha256,
		]),
	);
	const { tools: catalog } = services.derive.shipped.library.catalog;
	return {
		body: { name, ok: false, code: null, detail: null, tools: [] },
		after: async () => {
			try {
				const listed = await probeServer(org_id, row, async (reference) => secrets.get(reference)!);
				const tools = listed.map((tool) => {
					const pin = pins.get(tool.name);
					return {
						name: tool.name,
						known: catalog.has(tool.name)
							? ('catalog' as const)
							: approved.has(tool.name)
								? ('approved' as const)
								: ('unknown' as const),
						pinned: pin === undefined ? null : pin === tool.sha256 ? ('same' as const) : ('changed' as const),
						description: String(tool.definition['description'] ?? '').slice(0, descriptionMax),
					};
				});
				return { ok: true, tools };
			} catch (error) {
				return { ok: false, ...faultIn(error) };
			}
		},
	};
}

const descriptionMax = 200;

type RegisterCall = Call<z.output<typeof serverPath>, Record<never, never>, z.output<typeof serverBody>>;

async function register({ path, body, principal, transaction, org_id, now }: RegisterCall) {
	assertMay(principal, 'mcp.manage', orgScope);
	const name = path.server;
	const over = body.transport;
	const checked =
		over.kind === 'http' ? { ...over, url: checkAddress(over.url, { insecureHttp: body.insecure_http }) } : over;
	const held = await transaction.selectFrom('mcp_servers').select('name').where('name', '=', name).executeTakeFirst();
	if (held !== undefined && !body.replace)
		throw new TapPassError('already_exists', {
			detail: `the MCP server ${name}`,
			hint: 'add --replace to change it, or tappass mcp remove it',
		});
	if (held === undefined) await assertRoom(transaction);
	for (const reference of Object.values(body.credentials))
		await assertSecret(principal, transaction, secretOf(reference));
	const row = {
		transport: JSON.stringify(checked),
		credentials: JSON.stringify(body.credentials),
		auto_approve: body.auto_approve,
		created_by: principal.email,
	};
	await transaction
		.insertInto('mcp_servers')
		.values({ org_id, name, ...row, created_at: now, revision: now.getTime() })
		.onConflict((conflict) => conflict.columns(['org_id', 'name']).doUpdateSet({ ...row, revision: nextRevision(now) }))
		.execute();
	await announce(transaction, { kind: 'registry', org_id, sandbox_ids: [] });
	return { body: { name, replaced: held !== undefined } };
}

async function assertRoom(transaction: RegisterCall['transaction']): Promise<void> {
	const rows = await transaction.selectFrom('mcp_servers').select('name').limit(serverLimits.mcpServersMax).execute();
	if (rows.length >= serverLimits.mcpServersMax)
		throw new TapPassError('limit_reached', { detail: `an org has at most ${serverLimits.mcpServersMax} MCP servers` });
}
