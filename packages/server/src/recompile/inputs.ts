import { canonicalJson, type Diagnostic, type Runtime, sha256Hex, TapPassError } from '@tappass/core';
import {
	type Catalog,
	type CompileRequest,
	catalogWith,
	isAuthored,
	type PolicyFile,
	type PolicyMemo,
	readDocument,
} from '@tappass/policy';
import type { PolicyRow } from '../store/policies.ts';
import type { RuntimeRow, SpecRow } from '../store/sandboxes.ts';
import type { Shipped } from './shipped.ts';

/** Everything of one org that its Compiled Policies are made from. */
export interface OrgInputs {
	readonly shipped: Shipped;
	/** Name of the org. */
	readonly org: string;
	readonly policies: readonly PolicyRow[];
	readonly runtimes: readonly RuntimeRow[];
	readonly memo: PolicyMemo;
}

/** What is compiled: a spec, or a place of the cascade that has policies but no spec yet. */
export interface Target {
	readonly project: string | null;
	readonly agent: string | null;
	readonly spec: SpecRow | null;
}

/** Every target there is: the org, each place with policies, and each spec. */
export function targetsOf(policies: readonly PolicyRow[], specs: readonly SpecRow[]): readonly Target[] {
	const places = new Map<string, Target>([['/', { project: null, agent: null, spec: null }]]);
	for (const { project, agent } of policies)
		places.set(`${project}/${agent}`, { project: project || null, agent: agent || null, spec: null });
	for (const { project, agent } of specs) {
		// A spec covers the places above it: compiling it says everything that compiling them would.
		for (const place of ['/', `${project}/`, `${project}/${agent}`]) places.delete(place);
	}
	return [...places.values(), ...specs.map((spec) => ({ project: spec.project, agent: spec.agent, spec }))];
}

/** The request for one target. Contradictions that were accepted when they were applied are narrowed again. */
export function requestFor(inputs: OrgInputs, { project, agent, spec }: Target): CompileRequest {
	const rows = rowsFor(inputs.policies, { project, agent });
	const files = (level: PolicyRow['level'], kind: PolicyRow['kind']): PolicyFile[] =>
		rows.filter((row) => row.level === level && row.kind === kind).map(fileOf);
	return {
		library: inputs.shipped.library,
		memo: inputs.memo,
		org: files('org', 'rego'),
		project: files('project', 'rego'),
		agent: files('agent', 'rego'),
		overlays: files('agent', 'overlay'),
		catalog: files('org', 'catalog'),
		packs: rows
			.filter(({ kind }) => kind === 'pack')
			.map(({ file_key, level }) => ({ id: file_key.slice('pack:'.length), level })),
		names: { org: inputs.org, project, agent },
		...(spec === null ? {} : specOf(spec)),
		...(rows.length === 0 ? {} : newestOf(rows)),
	};
}

/** What the result for a target depends on, as one hash: unchanged means not stale, on any replica and after any restart. */
export function inputsKey(inputs: OrgInputs, target: Target): string {
	const rows = rowsFor(inputs.policies, target).map(({ level, file_key, file, sha256, applied_by, applied_at }) => [
		level,
		file_key,
		file,
		sha256,
		applied_by,
		applied_at.toISOString(),
	]);
	const { spec } = target;
	const parts = [
		inputs.shipped.digest,
		inputs.org,
		target.project,
		target.agent,
		rows,
		spec === null ? null : [spec.id, spec.file, sha256Hex(spec.document), spec.files as never, spec.runtime_id],
		spec === null ? null : sha256Of(inputs.runtimes.find(({ id }) => id === spec.runtime_id)?.document),
	];
	return sha256Hex(new TextEncoder().encode(canonicalJson(parts as never)));
}

function sha256Of(bytes: Uint8Array | undefined): string | null {
	return bytes === undefined ? null : sha256Hex(bytes);
}

function rowsFor(policies: readonly PolicyRow[], { project, agent }: Omit<Target, 'spec'>): readonly PolicyRow[] {
	return policies.filter(
		(row) =>
			row.level === 'org' ||
			(row.project === project && (row.level === 'project' || (row.level === 'agent' && row.agent === agent))),
	);
}

// The memo knows a file by its bytes object; the same row must give the same one.
const filesOfRows = new WeakMap<PolicyRow, PolicyFile>();
function fileOf(row: PolicyRow): PolicyFile {
	const held = filesOfRows.get(row);
	if (held !== undefined) return held;
	const file = { file: row.file, bytes: row.content, author: row.applied_by, at: row.applied_at.toISOString() };
	filesOfRows.set(row, file);
	return file;
}

function newestOf(rows: readonly PolicyRow[]): Pick<CompileRequest, 'author' | 'at'> {
	const newest = rows.reduce((latest, row) => (row.applied_at > latest.applied_at ? row : latest));
	return { author: newest.applied_by, at: newest.applied_at.toISOString() };
}

const filesOfSpecs = new WeakMap<SpecRow, Pick<CompileRequest, 'spec' | 'specFiles'>>();
function specOf(spec: SpecRow): Pick<CompileRequest, 'spec' | 'specFiles'> {
	const held = filesOfSpecs.get(spec);
	if (held !== undefined) return held;
	const stamp = { author: spec.created_by, at: spec.created_at.toISOString() };
	const made = {
		spec: { file: spec.file, bytes: spec.document, ...stamp },
		specFiles: Object.entries(spec.files).map(([file, text]) => ({ file, bytes: Buffer.from(String(text)), ...stamp })),
	};
	filesOfSpecs.set(spec, made);
	return made;
}

/** The Runtime of an id: the org's own, or the shipped one. @throws {TapPassError} not_found */
export function runtimeOf({ runtimes, shipped }: Pick<OrgInputs, 'runtimes' | 'shipped'>, id: string): Runtime {
	const own = runtimes.find((row) => row.id === id);
	const read =
		own === undefined ? shipped.library.runtimes.get(id) : readDocument({ file: own.file, bytes: own.document });
	if (read === undefined || !isAuthored(read) || read.value.schema !== 'tappass.runtime/1')
		throw new TapPassError('not_found', { detail: `there is no Runtime ${id}`, hint: 'tappass runtime list' });
	return read.value;
}

/** The catalog as the agents of this org see it. */
export function catalogFor(inputs: OrgInputs, agent: string): Catalog {
	const files = inputs.policies.filter(({ kind }) => kind === 'catalog').map(fileOf);
	return catalogWith(inputs.shipped.library, files, agent).catalog;
}

/** Splits diagnostics by whether they refuse. */
export function errorsOf(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
	return diagnostics.filter(({ severity }) => severity !== 'warning');
}
