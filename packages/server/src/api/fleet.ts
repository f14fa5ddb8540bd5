import { agentNameSchema, projectNameSchema, type SandboxId, TapPassError } from '@tappass/core';
import {
	type Authored,
	compilePolicy,
	isAuthored,
	isRefused,
	readDocument,
	type SandboxSpecDocument,
	specReferences,
} from '@tappass/policy';
import { z } from 'zod';
import { assertMay, may, orgScope, type Principal } from '../access/may.ts';
import { announce } from '../events/notices.ts';
import { checkChange } from '../recompile/check-change.ts';
import { readInputs } from '../recompile/derive.ts';
import { errorsOf, requestFor, runtimeOf } from '../recompile/inputs.ts';
import { newId } from '../store/ids.ts';
import { newestRoot } from '../store/keys.ts';
import { ensureAgent, ensureProject, hasProject, nextRevision, readOrg } from '../store/policies.ts';
import {
	countSandboxes,
	countStale,
	findSandbox,
	findSpec,
	insertRecompile,
	insertSandboxes,
	listRecompiles,
	listSandboxes,
	markStale,
	putRuntime,
	putSpec,
	readRuntimes,
	readSpecs,
	revokeSandbox,
	type SpecRow,
} from '../store/sandboxes.ts';
import { refusal } from './policies.ts';
import { type Call, type Route, route } from './route.ts';
import { identifier, moment, none, page, pageOf, pageQuery, readCursor, text } from './shapes.ts';

type AnyCall = Call<unknown, unknown, unknown>;

const runtime = z.strictObject({
	id: z.string(),
	source: z.enum(['shipped', 'org']),
	applied_by: z.string().nullable(),
	applied_at: moment.nullable(),
});
const spec = z.strictObject({
	id: z.string(),
	source: z.enum(['shipped', 'org']),
	description: z.string().nullable(),
	project: z.string().nullable().describe('Null: shipped, and not bound to a project yet'),
	agent: z.string(),
	runtime: z.string(),
	function: z.string().nullable(),
});
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
	loaded_version: z.int().nullable().describe('What the host last said is loaded'),
	reported_at: moment.nullable(),
	stale: z.boolean(),
	compile_error: z.string().nullable(),
	created_at: moment,
	revoked_at: moment.nullable(),
});
const documentBody = { file: z.string().min(1).max(512), content: z.base64() };

/** Runtimes, sandbox-specs and sandboxes, and how the server is doing. */
export const fleetRoutes: readonly Route[] = [
	route({
		method: 'get',
		path: '/v1/status',
		operation: 'status',
		summary: 'What runs, what is stale, and the newest waves of re-derivation',
		tag: 'status',
		parameters: none,
		query: none,
		body: null,
		result: z.strictObject({
			org_id: z.string(),
			name: z.string(),
			region: z.string(),
			epoch: z.int(),
			policy_revision: z.int(),
			version: z.string(),
			planes: z.record(z.string(), z.string().nullable()),
			root_version: z.int().nullable(),
			sandboxes: z.record(z.string(), z.int()),
			stale: z.int(),
			recompiles: z.array(
				z.strictObject({
					id: z.int(),
					reason: z.string(),
					requested_by: z.string(),
					total: z.int(),
					done: z.int(),
					failed: z.int(),
					created_at: moment,
					finished_at: moment.nullable(),
				}),
			),
		}),
		handle: async ({ principal, transaction, services, org_id }) => {
			assertMay(principal, 'status.read', orgScope);
			const org = await readOrg(transaction);
			const waves = await listRecompiles(transaction, 5);
			return {
				body: {
					org_id,
					name: org.name,
					region: org.region,
					epoch: org.epoch,
					policy_revision: org.policy_revision,
					version: services.version,
					planes: { ...services.planes },
					root_version: (await newestRoot(transaction))?.version ?? null,
					sandboxes: { ...(await countSandboxes(transaction)) },
					stale: await countStale(transaction),
					recompiles: waves.map((wave) => ({
						...wave,
						created_at: text(wave.created_at),
						finished_at: text(wave.finished_at),
					})),
				},
			};
		},
	}),
	route({
		method: 'get',
		path: '/v1/root',
		operation: 'readRoot',
		summary: 'The newest root document, as hosts get it',
		tag: 'status',
		parameters: none,
		query: none,
		body: null,
		result: z.strictObject({ version: z.int(), epoch: z.int(), sha256: z.string(), document: z.base64() }),
		handle: async ({ principal, transaction }) => {
			assertMay(principal, 'status.read', orgScope);
			const root = await newestRoot(transaction);
			if (root === undefined) throw new TapPassError('not_found', { detail: 'the org has no root document' });
			const { version, epoch, sha256, document } = root;
			return { body: { version, epoch, sha256, document: document.toString('base64') } };
		},
	}),
	route({
		method: 'get',
		path: '/v1/runtimes',
		operation: 'listRuntimes',
		summary: 'The Runtimes there are: shipped ones and the org’s own',
		tag: 'fleet',
		parameters: none,
		query: none,
		body: null,
		result: z.strictObject({ items: z.array(runtime) }),
		handle: async ({ principal, transaction, services }) => {
			assertMay(principal, 'runtime.read', orgScope);
			const own = (await readRuntimes(transaction)).map(({ id, applied_by, applied_at }) => ({
				id,
				source: 'org' as const,
				applied_by,
				applied_at: text(applied_at),
			}));
			const shipped = [...services.derive.shipped.library.runtimes.keys()]
				.filter((id) => !own.some((each) => each.id === id))
				.map((id) => ({ id, source: 'shipped' as const, applied_by: null, applied_at: null }));
			return { body: { items: [...own, ...shipped].sort((a, b) => (a.id < b.id ? -1 : 1)) } };
		},
	}),
	route({
		method: 'get',
		path: '/v1/runtimes/{runtime}',
		operation: 'readRuntime',
		summary: 'One Runtime',
		tag: 'fleet',
		parameters: z.strictObject({ runtime: identifier }),
		query: none,
		body: null,
		result: z.looseObject({ id: z.string() }),
		handle: async ({ path, principal, transaction, services }) => {
			assertMay(principal, 'runtime.read', orgScope);
			const found = runtimeOf(
				{ runtimes: await readRuntimes(transaction), shipped: services.derive.shipped },
				path.runtime,
			);
			return { body: { ...found } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/runtimes',
		operation: 'applyRuntime',
		summary: 'Apply a Runtime; every sandbox that uses it is derived anew',
		tag: 'fleet',
		parameters: none,
		query: none,
		body: z.strictObject(documentBody),
		result: z.strictObject({ id: z.string(), stale: z.int(), signed: z.int(), failed: z.int() }),
		handle: async (call) => {
			const { body, principal, transaction, services, org_id, now } = call;
			assertMay(principal, 'runtime.apply', orgScope);
			const document = Buffer.from(body.content, 'base64');
			const read = readDocument({ file: body.file, bytes: document });
			if (!isAuthored(read))
				throw new TapPassError('policy_invalid', { detail: body.file, diagnostics: read.diagnostics });
			if (read.value.schema !== 'tappass.runtime/1')
				throw new TapPassError('schema_invalid', { detail: `expected tappass.runtime/1, found ${read.value.schema}` });
			const { id } = read.value;
			await nextRevision(transaction);
			const before = await readInputs(transaction, services.derive);
			const row = { org_id, id, file: body.file, document, applied_by: principal.email, applied_at: now };
			const after = { ...before, runtimes: [...before.runtimes.filter((each) => each.id !== id), row] };
			const specs = (await readSpecs(transaction)).filter((each) => each.runtime_id === id);
			const checked = checkChange(before, after, specs, { level: 'org', forceNarrow: false });
			if (checked.kind === 'refused') throw refusal(checked);
			await putRuntime(transaction, row);
			const stale = await markStale(
				transaction,
				specs.map((each) => each.id),
			);
			await insertRecompile(transaction, {
				org_id,
				reason: `runtime ${id}`,
				requested_by: principal.email,
				total: stale,
			});
			return {
				body: { id, stale, signed: 0, failed: 0 },
				after: () =>
					services.recompiler.settle(
						org_id,
						specs.map((each) => each.id),
						stale,
					),
			};
		},
	}),
	route({
		method: 'get',
		path: '/v1/sandbox-specs',
		operation: 'listSpecs',
		summary: 'The sandbox-specs there are: shipped ones that can be created, and the org’s own',
		tag: 'fleet',
		parameters: none,
		query: none,
		body: null,
		result: z.strictObject({ items: z.array(spec) }),
		handle: async ({ principal, transaction, services }) => {
			const rows = await readSpecs(transaction);
			const own = rows.filter((row) => may(principal, 'spec.read', row)).map(specView);
			const shipped = [...services.derive.shipped.library.specs.values()]
				.filter(({ value }) => !rows.some(({ id }) => id === value.id))
				.map(({ value }) => ({
					id: value.id,
					source: 'shipped' as const,
					description: value.description ?? null,
					project: null,
					agent: value.agent ?? value.id,
					runtime: value.runtime,
					function: value.function,
				}));
			return { body: { items: [...own, ...shipped].sort((a, b) => (a.id < b.id ? -1 : 1)) } };
		},
	}),
	route({
		method: 'get',
		path: '/v1/sandbox-specs/{spec}',
		operation: 'readSpec',
		summary: 'One sandbox-spec with its document',
		tag: 'fleet',
		parameters: z.strictObject({ spec: identifier }),
		query: none,
		body: null,
		result: spec.extend({ content: z.base64() }),
		handle: async ({ path, principal, transaction, services }) => {
			const row = await findSpec(transaction, path.spec);
			if (row !== undefined && may(principal, 'spec.read', row))
				return { body: { ...specView(row), content: row.document.toString('base64') } };
			const ready = row === undefined ? services.derive.shipped.library.specs.get(path.spec) : undefined;
			if (ready === undefined) throw noSpec(path.spec);
			const { value } = ready;
			const view = {
				id: value.id,
				source: 'shipped' as const,
				description: value.description ?? null,
				project: null,
				agent: value.agent ?? value.id,
				runtime: value.runtime,
				function: value.function,
			};
			return {
				body: { ...view, content: Buffer.from(services.derive.shipped.files.get(ready.file)!).toString('base64') },
			};
		},
	}),
	route({
		method: 'post',
		path: '/v1/sandbox-specs',
		operation: 'createSpec',
		summary: 'Create a sandbox-spec in a project, from a document or from a shipped one; an existing one is replaced',
		tag: 'fleet',
		success: 201,
		parameters: none,
		query: none,
		body: z.strictObject({
			project: projectNameSchema,
			shipped: identifier.optional().describe('Id of a shipped spec, instead of a document'),
			document: z.strictObject(documentBody).optional(),
			files: z.array(z.strictObject(documentBody)).max(50).default([]).describe('Rego files that the document names'),
		}),
		result: spec.extend({ created_project: z.string().nullable(), stale: z.int(), signed: z.int(), failed: z.int() }),
		handle: async (call) => {
			const { body } = call;
			if ((body.shipped === undefined) === (body.document === undefined))
				throw new TapPassError('request_malformed', { detail: 'either shipped or document is given' });
			const source = body.shipped === undefined ? ownSpec(body.document!, body.files) : shippedSpec(call, body.shipped);
			const { row, created_project, stale } = await createSpec(call, body.project, source);
			return {
				body: { ...specView(row), created_project, stale, signed: 0, failed: 0 },
				after: () => call.services.recompiler.settle(call.org_id, [row.id], stale),
			};
		},
	}),
	route({
		method: 'post',
		path: '/v1/sandbox-specs/{spec}/bootstraps',
		operation: 'emitBootstraps',
		summary: 'Make sandboxes of a spec and the single-use URLs that enrol their hosts',
		tag: 'fleet',
		success: 201,
		secret: true,
		parameters: z.strictObject({ spec: identifier }),
		query: none,
		body: z.strictObject({
			count: z.int().min(1).max(1_000).default(1),
			project: projectNameSchema.optional().describe('Binds a shipped spec to a project at once'),
		}),
		result: z.strictObject({
			spec: z.string(),
			project: z.string(),
			items: z.array(z.strictObject({ sandbox_id: z.string(), url: z.string(), expires_at: z.string() })),
			signed: z.int(),
			failed: z.int(),
		}),
		handle: async (call) => {
			const { body, path, principal, transaction, services, org_id, now } = call;
			const row = await specToEmit(call, path.spec, body.project);
			assertMay(principal, 'sandbox.create', row);
			const { id, project, agent, runtime_id } = row;
			const made = Array.from({ length: body.count }, () => ({
				org_id,
				id: newId('sbx') as SandboxId,
				spec_id: id,
				project,
				agent,
				runtime_id,
				created_by: principal.email,
			}));
			await insertSandboxes(transaction, made);
			const items = [];
			for (const { id: sandbox_id } of made) {
				const { url, expires_at } = await services.mintBootstrap(transaction, {
					orgId: org_id,
					sandboxId: sandbox_id,
					createdBy: principal.email,
					now: now.getTime(),
				});
				items.push({ sandbox_id, url, expires_at });
			}
			return {
				body: { spec: id, project, items, signed: 0, failed: 0 },
				after: () => services.recompiler.settle(org_id, [id], made.length),
			};
		},
	}),
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
				await listSandboxes(transaction, { after: readCursor(query.cursor), count: query.limit + 1 }),
				query.limit,
				({ id }) => id,
			);
			return {
				body: { items: rows.filter((row) => may(principal, 'sandbox.read', row)).map(sandboxView), next_cursor },
			};
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
			return { body: { id: found.id, state: 'revoked' as const, changed } };
		},
	}),
];

interface SpecSource {
	readonly document: Authored<SandboxSpecDocument>;
	readonly bytes: Buffer;
	readonly files: Readonly<Record<string, string>>;
}

type DocumentBody = { readonly file: string; readonly content: string };

function ownSpec(document: DocumentBody, files: readonly DocumentBody[]): SpecSource {
	const bytes = Buffer.from(document.content, 'base64');
	const read = readDocument({ file: document.file, bytes });
	if (!isAuthored(read))
		throw new TapPassError('policy_invalid', { detail: document.file, diagnostics: read.diagnostics });
	if (read.value.schema !== 'tappass.sandbox-spec/1')
		throw new TapPassError('schema_invalid', { detail: `expected tappass.sandbox-spec/1, found ${read.value.schema}` });
	const decode = ({ file, content }: DocumentBody): [string, string] => [
		file,
		Buffer.from(content, 'base64').toString('utf8'),
	];
	return { document: read as Authored<SandboxSpecDocument>, bytes, files: Object.fromEntries(files.map(decode)) };
}

function shippedSpec({ services }: AnyCall, id: string): SpecSource {
	const { library, files } = services.derive.shipped;
	const document = library.specs.get(id);
	if (document === undefined)
		throw new TapPassError('not_found', {
			detail: `no shipped sandbox-spec ${id}`,
			hint: `one of: ${[...library.specs.keys()].join(', ')}`,
		});
	const named = specReferences(document).map((file): [string, string] => [
		file,
		Buffer.from(files.get(file) ?? []).toString('utf8'),
	]);
	return { document, bytes: Buffer.from(files.get(document.file)!), files: Object.fromEntries(named) };
}

// Stored only when it compiles below the floors above it.
async function createSpec(
	{ transaction, org_id, principal, services, now }: AnyCall,
	project: string,
	{ document, bytes, files }: SpecSource,
): Promise<{ readonly row: SpecRow; readonly created_project: string | null; readonly stale: number }> {
	const { value } = document;
	const agent = agentNameSchema.parse(value.agent ?? value.id);
	assertMay(principal, 'spec.create', { project, agent });
	const held = await findSpec(transaction, value.id);
	if (held !== undefined) {
		if (held.project !== project || held.agent !== agent)
			throw new TapPassError('already_exists', {
				detail: `the sandbox-spec ${value.id} belongs to ${may(principal, 'spec.read', held) ? `${held.project}/${held.agent}` : 'another project'}`,
				hint: 'give it another id',
			});
	}
	if (!(await hasProject(transaction, project)) && !may(principal, 'policy.apply', orgScope))
		throw new TapPassError('not_found', {
			detail: `no project ${project}`,
			hint: 'an org admin makes it by applying to it',
		});
	const isNew = await ensureProject(transaction, org_id, project, principal.email);
	await ensureAgent(transaction, org_id, project, agent, principal.email);
	await nextRevision(transaction);
	const inputs = await readInputs(transaction, services.derive);
	runtimeOf(inputs, value.runtime);
	const row: SpecRow = {
		org_id,
		id: value.id,
		project,
		agent,
		runtime_id: value.runtime,
		file: document.file,
		document: bytes,
		files,
		created_by: principal.email,
		created_at: now,
	};
	const result = compilePolicy(requestFor(inputs, { project, agent, spec: row }));
	if (isRefused(result)) {
		const errors = errorsOf(result.diagnostics);
		const contradicts = errors.every(({ code }) => code === 'policy_contradiction');
		throw new TapPassError(contradicts ? 'policy_contradiction' : 'policy_invalid', {
			detail: `${document.file}; nothing was stored`,
			diagnostics: result.diagnostics,
		});
	}
	await putSpec(transaction, { ...row, files: JSON.stringify(files) });
	const stale = held === undefined ? 0 : await markStale(transaction, [row.id]);
	await insertRecompile(transaction, {
		org_id,
		reason: `sandbox-spec ${row.id}`,
		requested_by: principal.email,
		total: stale,
	});
	return { row, created_project: isNew ? project : null, stale };
}

async function specToEmit(call: AnyCall, id: string, project: string | undefined): Promise<SpecRow> {
	const held = await findSpec(call.transaction, id);
	if (held !== undefined) {
		if (!may(call.principal, 'spec.read', held)) throw noSpec(id);
		if (project !== undefined && project !== held.project)
			throw new TapPassError('usage', { detail: `${id} belongs to the project ${held.project}` });
		return held;
	}
	if (!call.services.derive.shipped.library.specs.has(id)) throw noSpec(id);
	if (project === undefined)
		throw new TapPassError('usage', {
			detail: `${id} is shipped and not bound to a project yet`,
			hint: `add --project <name>, or: tappass sandbox-spec create ${id} --project <name>`,
		});
	return (await createSpec(call, project, shippedSpec(call, id))).row;
}

function noSpec(id: string): TapPassError {
	return new TapPassError('not_found', { detail: `no sandbox-spec ${id}`, hint: 'tappass sandbox-spec list' });
}

function specView(row: SpecRow): z.input<typeof spec> {
	const read = readDocument({ file: row.file, bytes: row.document });
	const value = isAuthored(read) ? (read.value as SandboxSpecDocument) : undefined;
	return {
		id: row.id,
		source: 'org',
		description: value?.description ?? null,
		project: row.project,
		agent: row.agent,
		runtime: row.runtime_id,
		function: value?.function ?? null,
	};
}

async function sandboxFor(
	principal: Principal,
	transaction: AnyCall['transaction'],
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
