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
import { assertMay, may, orgScope } from '../access/may.ts';
import { readInputs } from '../recompile/derive.ts';
import { errorsOf, requestFor, runtimeOf } from '../recompile/inputs.ts';
import { newId } from '../store/ids.ts';
import { ensureAgent, ensureProject, hasProject, nextRevision, projectNames } from '../store/policies.ts';
import {
	findSpec,
	insertRecompile,
	insertSandboxes,
	markStale,
	putSpec,
	readSpecs,
	type SpecRow,
} from '../store/sandboxes.ts';
import { type Answer, type Call, type Route, route } from './route.ts';
import { documentBody, identifier, none } from './shapes.ts';

type AnyCall = Call<unknown, unknown, unknown>;

const spec = z.strictObject({
	id: z.string(),
	source: z.enum(['shipped', 'org']),
	description: z.string().nullable(),
	project: z.string().nullable().describe('Null: shipped, and not bound to a project yet'),
	agent: z.string(),
	runtime: z.string(),
	function: z.string().nullable(),
});

/** Sandboxes that were made, and the URL that enrols each. */
export interface Bootstraps {
	readonly spec: string;
	readonly project: string;
	readonly bound: boolean;
	readonly items: readonly { readonly sandbox_id: string; readonly url: string; readonly expires_at: string }[];
	readonly signed: number;
	readonly failed: number;
}
/** Shape of `Bootstraps`. */
export const bootstraps: z.ZodType<Bootstraps> = z.strictObject({
	spec: z.string(),
	project: z.string(),
	bound: z.boolean().describe('Whether this call bound a shipped spec to the project'),
	items: z.array(z.strictObject({ sandbox_id: z.string(), url: z.string(), expires_at: z.string() })),
	signed: z.int(),
	failed: z.int(),
});

/** Sandbox-specs, and the bootstraps that are made from them. */
export const specRoutes: readonly Route[] = [
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
		audit: 'spec.created',
		summary: 'Create a sandbox-spec in a project, from a document or from a shipped one; an existing one is replaced',
		tag: 'fleet',
		success: 201,
		parameters: none,
		query: none,
		body: z.strictObject({
			project: projectNameSchema,
			shipped: identifier.optional().describe('Id of a shipped spec, instead of a document'),
			document: documentBody.optional(),
			files: z.array(documentBody).max(50).default([]).describe('Rego files that the document names'),
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
				about: { project: row.project, agent: row.agent },
				settles: { specs: [row.id], stale },
			};
		},
	}),
	route({
		method: 'post',
		path: '/v1/sandbox-specs/{spec}/bootstraps',
		operation: 'emitBootstraps',
		audit: 'bootstrap.emitted',
		summary: 'Make sandboxes of a spec and the single-use URLs that enrol their hosts',
		tag: 'fleet',
		success: 201,
		secret: true,
		parameters: z.strictObject({ spec: identifier }),
		query: none,
		body: z.strictObject({
			count: z.int().min(1).max(1_000).default(1),
			project: projectNameSchema
				.optional()
				.describe('Binds a shipped spec to a project at once; may be left out when there is only one'),
		}),
		result: bootstraps,
		handle: (call) => emitFrom(call, call.path.spec, call.body),
	}),
];

/** Makes sandboxes of a spec, and the URL that enrols each. @throws {TapPassError} forbidden, not_found, usage */
export async function emitFrom(
	call: AnyCall,
	spec: string,
	{ count, project: wanted }: { readonly count: number; readonly project?: string | undefined },
): Promise<Answer<Bootstraps>> {
	const { principal, transaction, services, org_id, now } = call;
	const { row, bound } = await specToEmit(call, spec, wanted);
	assertMay(principal, 'sandbox.create', row);
	const { id, project, agent, runtime_id } = row;
	const made = Array.from({ length: count }, () => ({
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
		body: { spec: id, project, bound, items, signed: 0, failed: 0 },
		about: { project, agent },
		settles: { specs: [id], stale: made.length },
	};
}

interface SpecSource {
	readonly document: Authored<SandboxSpecDocument>;
	readonly bytes: Buffer;
	readonly files: Readonly<Record<string, string>>;
}

type DocumentBody = z.output<typeof documentBody>;

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

async function specToEmit(
	call: AnyCall,
	id: string,
	project: string | undefined,
): Promise<{ readonly row: SpecRow; readonly bound: boolean }> {
	const held = await findSpec(call.transaction, id);
	if (held !== undefined) {
		if (!may(call.principal, 'spec.read', held)) throw noSpec(id);
		if (project !== undefined && project !== held.project)
			throw new TapPassError('usage', { detail: `${id} belongs to the project ${held.project}` });
		return { row: held, bound: false };
	}
	const shipped = call.services.derive.shipped.library.specs.get(id)?.value;
	if (shipped === undefined) throw noSpec(id);
	const chosen = project ?? (await onlyProject(call, id, shipped.agent ?? id));
	return { row: (await createSpec(call, chosen, shippedSpec(call, id))).row, bound: true };
}

// With one project there is nothing to choose; with several, a guess would put an agent under the wrong rules.
async function onlyProject({ transaction, principal }: AnyCall, id: string, agent: string): Promise<string> {
	const names = (await projectNames(transaction)).filter((project) =>
		may(principal, 'spec.create', { project, agent }),
	);
	if (names.length === 1) return names[0]!;
	const choice = names.length === 0 ? '<name>' : names[0];
	throw new TapPassError('usage', {
		detail: `${id} is shipped and not bound to a project yet${names.length === 0 ? '' : `; there are ${names.slice(0, 20).join(', ')}`}`,
		hint: `name one: --project ${choice}, or: tappass sandbox-spec create ${id} --project ${choice}`,
	});
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
