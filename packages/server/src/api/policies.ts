import { agentNameSchema, type Level, levels, projectNameSchema, sha256Hex, TapPassError } from '@tappass/core';
import { isAuthored, readDocument } from '@tappass/policy';
import { z } from 'zod';
import { assertMay, levelOf, may, orgScope, type Scope } from '../access/may.ts';
import { visibleTo } from '../access/visible.ts';
import { type Checked, checkChange, type Effect } from '../recompile/check-change.ts';
import { readInputs } from '../recompile/derive.ts';
import {
	ensureAgent,
	ensureProject,
	type HistoryPlace,
	hasProject,
	listRevisions,
	nextRevision,
	type PolicyRow,
	type PolicyWrite,
	projectsOfAgent,
	readAtRevision,
	readPolicies,
	writeRevision,
} from '../store/policies.ts';
import type { PolicyKind } from '../store/policy-tables.ts';
import { insertRecompile, markStale, readSpecs, sandboxesOfSpecs } from '../store/sandboxes.ts';
import { type Answer, type Call, type Route, route, Undone } from './route.ts';
import { moment, none, page, pageOf, pageQuery, type place, readCursor, scopeOfRow, text } from './shapes.ts';

const level = z.enum(levels as readonly [Level, ...Level[]]);
const address = z.strictObject({ level, project: z.string(), agent: z.string(), file_key: z.string() });
const policy = address.extend({
	kind: z.string(),
	file: z.string(),
	sha256: z.string(),
	revision: z.int(),
	applied_by: z.string(),
	applied_at: moment,
});
const diagnostic = z.looseObject({ code: z.string(), message: z.string() });
const effect = z.strictObject({
	spec: z.string().nullable(),
	project: z.string().nullable(),
	agent: z.string().nullable(),
	summary: z.record(z.string(), z.string()),
	changes: z.array(z.looseObject({ path: z.string(), change: z.string(), reason: z.string() })),
	narrowed: z.array(z.looseObject({ what: z.string(), level, stated: z.string() })),
	sandbox_count: z.int(),
	sandboxes: z.array(z.strictObject({ id: z.string(), name: z.string().nullable() })).describe('The first hundred'),
});
const outcome = z.strictObject({
	dry_run: z.boolean(),
	revision: z.int().nullable().describe('Null when nothing changed'),
	applied: z.array(address.extend({ change: z.enum(['added', 'replaced', 'removed', 'unchanged']) })),
	created_project: z.string().nullable(),
	created_agent: z.string().nullable(),
	effects: z.array(effect),
	warnings: z.array(diagnostic),
	stale: z.int().describe('Sandboxes to be derived anew'),
	signed: z.int().nullable().describe('Statements signed before this answer; null in a dry run'),
	failed: z.int().nullable(),
});
type Outcome = z.input<typeof outcome>;

const options = {
	dry_run: z.boolean().default(false),
	force_narrow: z.boolean().default(false).describe('Tighten a floor although levels below state more'),
};
const target = {
	project: projectNameSchema.nullable().default(null),
	agent: agentNameSchema.nullable().default(null).describe('Without a project: the one agent of this name'),
};
const file = z.strictObject({
	file: z
		.string()
		.min(1)
		.max(512)
		.regex(/^[^\0\\]+$/)
		.describe('Path as trails print it; the basename is the key'),
	content: z.base64(),
});

/** Policies: what is in force, how it came to be, and every way to change it. */
export const policyRoutes: readonly Route[] = [
	route({
		method: 'get',
		path: '/v1/policies',
		operation: 'listPolicies',
		summary: 'The policies in force that you may read',
		tag: 'policy',
		parameters: none,
		query: none,
		body: null,
		result: z.strictObject({ items: z.array(policy) }),
		handle: async ({ principal, transaction }) => {
			const rows = (await readPolicies(transaction)).filter((row) => may(principal, 'policy.read', scopeOfRow(row)));
			return { body: { items: rows.map(({ content: _, ...row }) => ({ ...row, applied_at: text(row.applied_at) })) } };
		},
	}),
	route({
		method: 'get',
		path: '/v1/policies/content',
		operation: 'readPolicy',
		summary: 'One policy with its content',
		tag: 'policy',
		parameters: none,
		query: z.strictObject({ file_key: z.string(), project: z.string().default(''), agent: z.string().default('') }),
		body: null,
		result: policy.extend({ content: z.base64() }),
		handle: async ({ query, principal, transaction }) => {
			const row = (await readPolicies(transaction)).find(
				(each) => each.file_key === query.file_key && each.project === query.project && each.agent === query.agent,
			);
			if (row === undefined || !may(principal, 'policy.read', scopeOfRow(row)))
				throw new TapPassError('not_found', {
					detail: `no policy ${query.file_key} there`,
					hint: 'tappass policy list',
				});
			return { body: { ...row, content: row.content.toString('base64'), applied_at: text(row.applied_at) } };
		},
	}),
	route({
		method: 'get',
		path: '/v1/policies/revisions',
		operation: 'listRevisions',
		summary: 'Every change of policy, newest first',
		tag: 'policy',
		parameters: none,
		query: pageQuery,
		body: null,
		result: page(
			address.extend({
				revision: z.int(),
				action: z.string(),
				file: z.string(),
				narrowed: z.boolean(),
				applied_by: z.string(),
				applied_at: moment,
			}),
		),
		handle: async ({ query, principal, transaction }) => {
			const from = historyPlace(query.cursor);
			const visible = visibleTo(principal, 'policy.read', { project: 'project', agent: 'agent' });
			const found = await listRevisions(transaction, from, query.limit + 1, visible);
			const { rows, next_cursor } = pageOf(found, query.limit, ({ revision }) => {
				const shown = found.slice(0, query.limit).filter((row) => row.revision === revision).length;
				return `${revision}.${shown + (revision === from.revision ? from.skip : 0)}`;
			});
			return { body: { items: rows.map((row) => ({ ...row, applied_at: text(row.applied_at) })), next_cursor } };
		},
	}),
	route({
		method: 'post',
		path: '/v1/policies/apply',
		operation: 'applyPolicies',
		audit: 'policy.applied',
		summary: 'Apply files and Packs at one place of the cascade; nothing is stored unless the whole cascade holds',
		tag: 'policy',
		parameters: none,
		query: none,
		body: z.strictObject({
			...target,
			...options,
			files: z.array(file).max(200).default([]),
			packs: z.array(z.string().min(1).max(64)).max(32).default([]),
		}),
		result: outcome,
		handle: async (call) => {
			const { body } = call;
			if (body.files.length + body.packs.length === 0)
				throw new TapPassError('request_malformed', { detail: 'neither files nor packs are given' });
			const scope = await resolvePlace(call, body);
			assertMay(call.principal, 'policy.apply', scope);
			const writes = [
				...body.files.map((each) => fileWrite(each, scope)),
				...body.packs.map((id) => packWrite(call, id, scope)),
			];
			refuseTwice(writes);
			const created = await createPlace(call, scope);
			return change(call, scope, () => writes, { ...body, reason: 'policy apply', created });
		},
	}),
	route({
		method: 'post',
		path: '/v1/policies/remove',
		operation: 'removePolicies',
		audit: 'policy.removed',
		summary: 'Remove policies from one place of the cascade',
		tag: 'policy',
		parameters: none,
		query: none,
		body: z.strictObject({ ...target, ...options, file_keys: z.array(z.string().min(1).max(512)).min(1).max(200) }),
		result: outcome,
		handle: async (call) => {
			const { body } = call;
			const scope = await resolvePlace(call, body);
			assertMay(call.principal, 'policy.apply', scope);
			const removal = (current: readonly PolicyRow[], file_key: string): PolicyWrite => {
				const held = current.find((row) => row.file_key === file_key && at(row, scope));
				if (held === undefined)
					throw new TapPassError('not_found', { detail: `no policy ${file_key} there`, hint: 'tappass policy list' });
				return removed(held, 'remove');
			};
			const keys = [...new Set(body.file_keys)];
			return change(call, scope, (current) => keys.map((key) => removal(current, key)), {
				...body,
				reason: 'policy remove',
				created: nothingCreated,
			});
		},
	}),
	route({
		method: 'post',
		path: '/v1/policies/rollback',
		operation: 'rollbackPolicies',
		audit: 'policy.rolled_back',
		summary: 'Bring one place of the cascade back to what it was after a revision',
		tag: 'policy',
		parameters: none,
		query: none,
		body: z.strictObject({ ...target, ...options, revision: z.int().min(0) }),
		result: outcome,
		handle: async (call) => {
			const { body, transaction } = call;
			const scope = await resolvePlace(call, body);
			assertMay(call.principal, 'policy.apply', scope);
			const wanted = (await readAtRevision(transaction, scope, body.revision)).filter(
				({ content }) => content !== null,
			);
			const put = wanted.map(
				({ file_key, kind, file: path, content }): PolicyWrite => ({
					...addressOf(scope, file_key),
					kind,
					action: 'rollback',
					file: path,
					content,
					sha256: sha256Hex(content!),
				}),
			);
			const isWanted = (row: PolicyRow): boolean => wanted.some(({ file_key }) => file_key === row.file_key);
			const writes = (current: readonly PolicyRow[]): readonly PolicyWrite[] => [
				...put,
				...current.filter((row) => at(row, scope) && !isWanted(row)).map((row) => removed(row, 'rollback')),
			];
			const reason = `policy rollback to ${body.revision}`;
			return change(call, scope, writes, { ...body, reason, created: nothingCreated });
		},
	}),
];

// `<revision>.<changes of it that were shown>`: a page may end in the middle of a revision.
function historyPlace(cursor: string | undefined): HistoryPlace {
	if (cursor === undefined) return { revision: 2 ** 31 - 1, skip: 0 };
	const [, revision, skip] = /^(\d{1,9})\.(\d{1,9})$/.exec(readCursor(cursor)) ?? [];
	if (revision === undefined)
		throw new TapPassError('request_malformed', { detail: 'the cursor is not one this server gave out' });
	return { revision: Number(revision), skip: Number(skip) };
}

type AnyCall = Call<unknown, unknown, unknown>;
interface Created {
	readonly project: string | null;
	readonly agent: string | null;
}
const nothingCreated: Created = { project: null, agent: null };

// The one way policy changes: take the revision, compile the cascade before and after, store, mark what is stale.
async function change(
	{ transaction, org_id, principal, services, now }: AnyCall,
	scope: Scope,
	writesFor: (current: readonly PolicyRow[]) => readonly PolicyWrite[],
	{
		dry_run,
		force_narrow,
		reason,
		created,
	}: { readonly dry_run: boolean; readonly force_narrow: boolean; readonly reason: string; readonly created: Created },
): Promise<Answer<Outcome>> {
	// Serialises changes of the org, and is undone with everything else when this one is refused or a dry run.
	const revision = await nextRevision(transaction);
	const before = await readInputs(transaction, services.derive);
	const current = before.policies;
	const writes = writesFor(current);
	const heldOf = (write: PolicyWrite): PolicyRow | undefined =>
		current.find((row) => row.file_key === write.file_key && at(row, scope));
	const differs = (write: PolicyWrite): boolean => {
		const held = heldOf(write);
		return write.content === null || held === undefined || held.sha256 !== write.sha256 || held.file !== write.file;
	};
	const effective = writes.filter(differs);
	const applied = writes.map((write) => ({
		...addressOf(scope, write.file_key),
		change: !differs(write)
			? ('unchanged' as const)
			: write.content === null
				? ('removed' as const)
				: heldOf(write) === undefined
					? ('added' as const)
					: ('replaced' as const),
	}));
	const base = { dry_run, applied, created_project: created.project, created_agent: created.agent };
	if (effective.length === 0) {
		const counts = dry_run ? { signed: null, failed: null } : { signed: 0, failed: 0 };
		throw new Undone({ ...base, revision: null, effects: [], warnings: [], stale: 0, ...counts });
	}
	const keys = new Set(effective.map(({ file_key }) => file_key));
	const meta = { revision, applied_by: principal.email, applied_at: now };
	const after = {
		...before,
		policies: [
			...before.policies.filter((row) => !(keys.has(row.file_key) && at(row, scope))),
			...effective.flatMap(({ action: _, content, ...write }) =>
				content === null ? [] : [{ ...write, ...meta, content: Buffer.from(content) }],
			),
		],
	};
	const specs = await readSpecs(transaction);
	const checked = checkChange(before, after, specs, { level: levelOf(scope), forceNarrow: force_narrow });
	if (checked.kind === 'refused') throw refusal(checked);
	const narrowed = checked.effects.some((each) => each.narrowed.length > 0);
	const changed = checked.effects.flatMap(({ target: { spec } }) => (spec === null ? [] : [spec.id]));
	const effects = await withSandboxes(checked.effects, changed, transaction);
	if (dry_run)
		throw new Undone({
			...base,
			revision: null,
			effects,
			warnings: checked.warnings.map((each) => ({ ...each })),
			stale: effects.reduce((sum, each) => sum + each.sandbox_count, 0),
			signed: null,
			failed: null,
		});

	await writeRevision(transaction, org_id, effective, { ...meta, narrowed });
	const stale = await markStale(transaction, changed);
	await insertRecompile(transaction, { org_id, reason, requested_by: principal.email, total: stale });
	return {
		body: {
			...base,
			revision,
			effects,
			warnings: checked.warnings.map((each) => ({ ...each })),
			stale,
			signed: 0,
			failed: 0,
		},
		about: scope,
		settles: { specs: changed, stale },
	};
}

async function withSandboxes(
	effects: readonly Effect[],
	specs: readonly string[],
	transaction: AnyCall['transaction'],
): Promise<Outcome['effects']> {
	const sandboxes = await sandboxesOfSpecs(transaction, specs);
	return effects.map(({ target: { project, agent, spec }, diff, narrowed }) => {
		const found = spec === null ? undefined : sandboxes.get(spec.id);
		return {
			spec: spec?.id ?? null,
			project,
			agent,
			summary: { ...diff.summary },
			changes: diff.changes.map((each) => ({ ...each })),
			narrowed: narrowed.map((each) => ({ ...each })),
			sandbox_count: found?.count ?? 0,
			sandboxes: [...(found?.first ?? [])],
		};
	});
}

/** The error of a change that is refused, with everything that is wrong with it. */
export function refusal({ reason, diagnostics, forcible }: Extract<Checked, { kind: 'refused' }>): TapPassError {
	return new TapPassError(reason === 'invalid' ? 'policy_invalid' : 'policy_contradiction', {
		detail: `${diagnostics.length} ${diagnostics.length === 1 ? 'diagnostic' : 'diagnostics'}; nothing was stored`,
		diagnostics,
		...(forcible ? { hint: '--force-narrow applies it and takes the stricter side below' } : {}),
	});
}

async function resolvePlace({ transaction, principal }: AnyCall, named: z.output<typeof place>): Promise<Scope> {
	const { project, agent } = named;
	if (agent === null || project !== null) return { project, agent };
	const projects = (await projectsOfAgent(transaction, agent)).filter((each) =>
		may(principal, 'policy.read', { project: each, agent }),
	);
	if (projects.length === 1) return { project: projects[0]!, agent };
	throw projects.length === 0
		? new TapPassError('not_found', {
				detail: `no agent ${agent}`,
				hint: 'name its project: --level agent=<project>/<agent>',
			})
		: new TapPassError('usage', {
				detail: `${agent} is in ${projects.join(', ')}`,
				hint: 'name its project: --level agent=<project>/<agent>',
			});
}

// A project comes to be by applying to it, if an org admin does; an agent likewise by whoever governs its project.
async function createPlace({ transaction, org_id, principal }: AnyCall, { project, agent }: Scope): Promise<Created> {
	if (project === null) return nothingCreated;
	if (!(await hasProject(transaction, project)) && !may(principal, 'policy.apply', orgScope))
		throw new TapPassError('not_found', {
			detail: `no project ${project}`,
			hint: 'an org admin makes it by applying to it',
		});
	const isNew = await ensureProject(transaction, org_id, project, principal.email);
	const newAgent = agent !== null && (await ensureAgent(transaction, org_id, project, agent, principal.email));
	return { project: isNew ? project : null, agent: newAgent ? agent : null };
}

function removed(held: PolicyRow, action: 'remove' | 'rollback'): PolicyWrite {
	const { level: where, project, agent, file_key, kind, file: path } = held;
	return { level: where, project, agent, file_key, kind, action, file: path, content: null, sha256: '' };
}

function fileWrite({ file: path, content }: z.output<typeof file>, scope: Scope): PolicyWrite {
	const bytes = Buffer.from(content, 'base64');
	const file_key = path.slice(path.lastIndexOf('/') + 1);
	const where = {
		...addressOf(scope, file_key),
		action: 'apply' as const,
		file: path,
		content: bytes,
		sha256: sha256Hex(bytes),
	};
	return { ...where, kind: kindOf(path, bytes, scope) };
}

function kindOf(path: string, bytes: Uint8Array, scope: Scope): PolicyKind {
	// It would be stored, and govern nothing.
	if (path.endsWith('_test.rego'))
		throw new TapPassError('usage', { detail: `${path} holds tests`, hint: 'tappass policy test runs them' });
	if (path.endsWith('.rego')) return 'rego';
	const read = readDocument({ file: path, bytes });
	if (!isAuthored(read)) throw new TapPassError('policy_invalid', { detail: path, diagnostics: read.diagnostics });
	const { schema } = read.value;
	if (schema === 'tappass.overlay/1' && levelOf(scope) === 'agent') return 'overlay';
	if ((schema === 'tappass.tools/1' || schema === 'tappass.catalog/1') && levelOf(scope) === 'org') return 'catalog';
	throw new TapPassError('policy_invalid', {
		detail: `${path}: ${schema} is not applied at the ${levelOf(scope)} level`,
		hint: 'Rego anywhere; tappass.overlay/1 at the agent level; tappass.tools/1 and tappass.catalog/1 at the org level',
	});
}

function packWrite({ services }: AnyCall, name: string, scope: Scope): PolicyWrite {
	const { library } = services.derive.shipped;
	const id = library.packAliases.get(name) ?? name;
	if (!library.packs.has(id))
		throw new TapPassError('not_found', {
			detail: `no Pack ${name}`,
			hint: `one of: ${[...library.packs.keys()].join(', ')}`,
		});
	const content = Buffer.from(id);
	return {
		...addressOf(scope, `pack:${id}`),
		kind: 'pack',
		action: 'apply',
		file: `pack:${id}`,
		content,
		sha256: sha256Hex(content),
	};
}

function refuseTwice(writes: readonly PolicyWrite[]): void {
	const keys = writes.map(({ file_key }) => file_key);
	const twice = keys.find((each, index) => keys.indexOf(each) !== index);
	if (twice !== undefined)
		throw new TapPassError('usage', { detail: `${twice} is given twice`, hint: 'a policy is keyed by its basename' });
}

function addressOf(
	scope: Scope,
	file_key: string,
): { readonly level: Level; readonly project: string; readonly agent: string; readonly file_key: string } {
	return { level: levelOf(scope), project: scope.project ?? '', agent: scope.agent ?? '', file_key };
}

function at(row: { readonly project: string; readonly agent: string }, scope: Scope): boolean {
	return row.project === (scope.project ?? '') && row.agent === (scope.agent ?? '');
}
