import {
	type BecauseTrail,
	type CompiledPolicy,
	type Constraint,
	type Diagnostic,
	type EffectivePipeline,
	type Level,
	limits,
} from '@tappass/core';
import { baseName, besideFile, type Place } from './author/input.ts';
import type { Library } from './author/library.ts';
import { type Authored, isAuthored, readDocument } from './author/read-document.ts';
import type { AuthoredDocument, OverlayDocument, SandboxSpecDocument } from './author/types.ts';
import { cascade } from './cascade/cascade.ts';
import { type Conflict, conflictDiagnostic } from './cascade/conflict.ts';
import type { Universe } from './cascade/denied.ts';
import type { Catalog } from './catalog/catalog.ts';
import { catalogWith } from './catalog/catalog-with.ts';
import { namedTools } from './catalog/named-tools.ts';
import { type Compiled, compile } from './compile/compile.ts';
import { PolicyMemo } from './memo.ts';
import { diff } from './preview/diff.ts';
import {
	type CompileRequest,
	isError,
	isRefused,
	type PolicyFile,
	printMoment,
	type Refused,
	sortDiagnostics,
} from './request.ts';
import { type LevelRequest, type LevelResult, type OverlayRequest, resolveLevel } from './resolve/level.ts';
import { unknownName } from './resolve/resolve.ts';

/** What a compile yields. */
export interface CompileResult {
	readonly compiled_policy: CompiledPolicy;
	readonly effective_pipeline: EffectivePipeline;
	readonly because: Readonly<Record<string, BecauseTrail>>;
	readonly warnings: readonly Diagnostic[];
	/** With `forceNarrow`: every contradiction that was settled by taking the stricter side. */
	readonly narrowed: readonly Narrowed[];
}

/** One statement of a lower level that does not hold as written. */
export interface Narrowed {
	readonly what: string;
	readonly level: Level;
	readonly stated: string;
	readonly place: Place;
	readonly by: { readonly name: string; readonly level: Level; readonly stated: string; readonly place: Place };
}

/**
 * Author → resolve → cascade → compile, for one sandbox: the same function offline, in the server and in eval. All faults
 * of all inputs come back at once; nothing is half done.
 */
export function compilePolicy(request: CompileRequest): CompileResult | Refused {
	const memo = request.memo ?? new PolicyMemo();
	const setup = setUp(request, memo);
	const result = compileSetup(request, setup, memo);
	if (isRefused(result) || !setup.isTightened) return result;
	const loosened = loosenedByTightening(request, setup, result, memo);
	return loosened.length === 0 ? result : { diagnostics: loosened };
}

function compileSetup(request: CompileRequest, setup: Setup, memo: PolicyMemo): CompileResult | Refused {
	const levels = resolveLevels(setup, memo);
	const problems = [...setup.diagnostics, ...levels.results.flatMap(({ diagnostics }) => diagnostics)];
	if (problems.some(isError)) return { diagnostics: sortDiagnostics(problems) };
	const derived = memo.derived(`derive ${levels.key}`, () => derive(setup, levels.results));
	const refused = derived.conflicts.filter(({ kind }) => kind === 'refused');
	if (refused.length > 0 && request.forceNarrow !== true)
		return {
			diagnostics: sortDiagnostics([...problems, ...derived.conflicts.map(conflictDiagnostic)]).slice(
				0,
				limits.diagnosticsMax,
			),
		};
	const { compiled } = derived;
	if (compiled.faults.length > 0) return { diagnostics: sortDiagnostics([...problems, ...compiled.faults]) };
	const idle = derived.conflicts.filter(({ kind }) => kind === 'idle').map(conflictDiagnostic);
	return {
		compiled_policy: compiled.compiled_policy,
		effective_pipeline: compiled.effective_pipeline,
		get because() {
			return compiled.because;
		},
		warnings: sortDiagnostics([...problems, ...idle, ...compiled.warnings]),
		narrowed: refused.map(narrowedBy),
	};
}

/**
 * A text that differs whenever the result of `compilePolicy` could: a sandbox whose key is unchanged is not stale. Resolves
 * nothing that the memo already holds.
 */
export function policyKey(request: CompileRequest, memo: PolicyMemo): string {
	return resolveLevels(setUp(request, memo), memo).key;
}

// §7.4 C only tightens. Rego that allows by capability could allow a tool that was tightened, and did not before.
function loosenedByTightening(
	request: CompileRequest,
	setup: Setup,
	after: CompileResult,
	memo: PolicyMemo,
): readonly Diagnostic[] {
	const before = compileSetup(request, setUp(request, memo, false), memo);
	if (isRefused(before)) return before.diagnostics;
	const looser = diff(before, after).changes.filter(({ change }) => change === 'looser');
	const places = [...setup.catalog.tools.values()].flatMap(({ tightened }) => tightened?.place ?? []);
	const allowed = looser.map(
		({ path, before: from, after: to }): Diagnostic => ({
			code: 'policy_contradiction',
			...places[0],
			message: `what is tightened for the agent would loosen ${path}: ${from ?? 'nothing'} becomes ${to ?? 'nothing'}`,
			hint: 'a policy allows by capability what the agent was given; allow tools by name',
		}),
	);
	return [...allowed, ...shownByTightening(setup.catalog, after.effective_pipeline.constraints)];
}

// What a rule looks for in a slot that the tool does not have is refused; a slot that is added would let it see, and pass.
function shownByTightening(catalog: Catalog, constraints: readonly Constraint[]): readonly Diagnostic[] {
	return [...catalog.tools.values()].flatMap(({ facts, tightened }) => {
		if (tightened === undefined) return [];
		const { before, place } = tightened;
		return constraints.flatMap(({ id, target, subject }): readonly Diagnostic[] => {
			if (
				!('slot' in subject) ||
				Object.hasOwn(before.slots, subject.slot) ||
				!Object.hasOwn(facts.slots, subject.slot)
			)
				return [];
			const held =
				'capability' in target
					? before.capabilities.includes(target.capability)
					: target.tools.some((pattern) => namedTools(pattern, catalog).includes(facts.name));
			if (!held) return [];
			return [
				{
					code: 'policy_contradiction',
					...place,
					message: `${facts.name} has no ${subject.slot}, so ${id} refuses it; to add one for one agent would loosen that`,
					hint: 'to say what the tool takes, extend it under a new name',
				},
			];
		});
	});
}

interface Setup {
	/** Whether the catalog holds tools that are tightened for this agent. */
	readonly isTightened: boolean;
	readonly library: Library;
	readonly catalog: Catalog;
	readonly catalogKey: string;
	readonly universe: Universe;
	readonly levels: readonly Omit<LevelRequest, 'packsAbove'>[];
	readonly levelKeys: readonly string[];
	readonly function: string | null;
	readonly diagnostics: readonly Diagnostic[];
}

function setUp(request: CompileRequest, memo: PolicyMemo, tighten = true): Setup {
	const diagnostics: Diagnostic[] = [];
	const { library } = request;
	const read = <T extends AuthoredDocument>(file: PolicyFile, kinds: readonly T['schema'][]): Authored<T> | undefined =>
		readOnce<T>(file, kinds, memo, diagnostics);
	const spec =
		request.spec === undefined ? undefined : read<SandboxSpecDocument>(request.spec, ['tappass.sandbox-spec/1']);
	if (spec !== undefined && library.runtimes.size > 0 && !library.runtimes.has(spec.value.runtime))
		diagnostics.push({
			...unknownName('Runtime', spec.value.runtime, library.runtimes.keys()),
			...spec.at(['runtime']),
			// An org keeps Runtimes of its own, which are not known offline.
			severity: 'warning',
		});
	const agent = request.names?.agent ?? spec?.value.agent ?? spec?.value.id ?? null;
	const names = { org: request.names?.org ?? null, project: request.names?.project ?? null, agent };
	const picked = pickedBy(request);
	const libraryKey = String(memo.identity(library));
	const catalogFiles = request.catalog ?? [];
	const catalogKey = [
		libraryKey,
		catalogFiles.length === 0 || !tighten ? '' : agent,
		...catalogFiles.map((file) => memo.fileKey(file)),
	].join('\n');
	const extended = memo.get(`catalog ${catalogKey}`, () => catalogWith(library, catalogFiles, tighten ? agent : null));
	diagnostics.push(...extended.diagnostics);
	const job = request.function ?? spec?.value.function ?? null;
	const categories = sortedSet([...(request.categories ?? []), ...(spec?.value.categories ?? [])]);
	const overlays = [
		...(request.overlays ?? []).flatMap((file) => {
			const overlay = read<OverlayDocument>(file, ['tappass.overlay/1']);
			return overlay === undefined ? [] : [overlayRequest(overlay, file, request)];
		}),
		...(spec === undefined ? [] : specOverlays(spec, request)),
	];
	diagnostics.push(...sameId(overlays));
	const packsAt = (level: Level): readonly string[] =>
		sortedSet([
			...(request.packs ?? []).filter((pack) => pack.level === level).map(({ id }) => id),
			...(level === 'agent' ? (spec?.value.packs ?? []) : []),
		]);
	const specRego = spec === undefined ? [] : specPolicies(spec, request.specFiles ?? [], diagnostics);
	const level = (name: Level, files: readonly PolicyFile[]): Omit<LevelRequest, 'packsAbove'> => ({
		level: name,
		files: files.map((file) => stamped(file, request)).sort((a, b) => (sortName(a) < sortName(b) ? -1 : 1)),
		packs: packsAt(name),
		function: name === 'agent' ? job : null,
		categories: name === 'agent' ? categories : [],
		overlays: name === 'agent' ? overlays : [],
		picked,
		names,
	});
	const levels = [
		level('org', request.org ?? []),
		level('project', request.project ?? []),
		level('agent', [...(request.agent ?? []), ...specRego]),
	];
	const inputFiles = [...(request.overlays ?? []), ...(request.spec === undefined ? [] : [request.spec])];
	return {
		isTightened:
			catalogFiles.length > 0 && [...extended.catalog.tools.values()].some(({ tightened }) => tightened !== undefined),
		library,
		catalog: extended.catalog,
		catalogKey,
		universe: memo.get(`universe ${catalogKey}`, () => ({
			catalog: extended.catalog,
			domains: new Map([...library.domainCategories].map(([id, { value }]) => [id, value.domains])),
		})),
		levels,
		levelKeys: levels.map((each) =>
			JSON.stringify([
				each.level,
				each.files.map((file) => memo.fileKey(file)),
				each.packs,
				each.function,
				each.categories,
				each.level === 'agent' ? inputFiles.map((file) => memo.fileKey(file)) : [],
				each.picked,
				// A level sees the names of itself and of what lies above.
				each.level === 'org' ? names.org : each.level === 'project' ? [names.org, names.project] : names,
			]),
		),
		function: job,
		diagnostics,
	};
}

function resolveLevels(
	setup: Setup,
	memo: PolicyMemo,
): { readonly results: readonly LevelResult[]; readonly key: string } {
	let key = setup.catalogKey;
	let packsAbove: readonly string[] = [];
	const results: LevelResult[] = [];
	for (const [position, level] of setup.levels.entries()) {
		const above = packsAbove;
		const levelKey = `level ${setup.catalogKey}\n${setup.levelKeys[position]}\n${above.join(' ')}`;
		const result = memo.get(levelKey, () =>
			resolveLevel({ ...level, packsAbove: above }, setup.library, setup.catalog),
		);
		results.push(result);
		packsAbove = sortedSet([...above, ...result.packs]);
		key += `\n${setup.levelKeys[position]}`;
	}
	return { results, key };
}

function derive(
	setup: Setup,
	results: readonly LevelResult[],
): { readonly compiled: Compiled; readonly conflicts: readonly Conflict[] } {
	const { merged, conflicts } = cascade(
		results.flatMap(({ contributions }) => contributions),
		setup.universe,
	);
	const compiled = compile(merged, setup.universe, {
		packs: sortedSet(results.flatMap(({ packs }) => packs)),
		function: setup.function,
		categories: sortedSet(results.flatMap(({ categories }) => categories)),
	});
	return { compiled, conflicts };
}

function readOnce<T extends AuthoredDocument>(
	file: PolicyFile,
	kinds: readonly T['schema'][],
	memo: PolicyMemo,
	diagnostics: Diagnostic[],
): Authored<T> | undefined {
	const found = memo.get(`read ${memo.fileKey(file)}`, () => readDocument(file));
	if (!isAuthored(found)) {
		diagnostics.push(...found.diagnostics);
		return undefined;
	}
	if (kinds.includes(found.value.schema)) return found as Authored<T>;
	diagnostics.push({
		code: 'schema_invalid',
		...found.at(['schema']),
		message: `expected ${kinds.join(' or ')}, found ${found.value.schema}`,
		hint: 'give the file with the option for its kind',
	});
	return undefined;
}

function overlayRequest(overlay: Authored<OverlayDocument>, file: PolicyFile, request: CompileRequest): OverlayRequest {
	const { schema: _, id, title: __, ...rules } = overlay.value;
	return { id, rules, document: overlay, path: [], ...setBy(file, request) };
}

// Trails name an overlay by its id, and the order in which two were given must not show.
function sameId(overlays: readonly OverlayRequest[]): readonly Diagnostic[] {
	return overlays.flatMap(({ id, document }, position) => {
		const before = overlays.slice(0, position).find((each) => each.id === id && each.document.file !== document.file);
		if (before === undefined) return [];
		return [
			{
				code: 'policy_invalid' as const,
				...document.at(['id']),
				message: `${id} is already the id of ${before.document.file}`,
				hint: 'give one of them another id',
			},
		];
	});
}

// The spec's own words about the sandbox stand at the agent level like an overlay: they narrow what the levels allow.
function specOverlays(spec: Authored<SandboxSpecDocument>, request: CompileRequest): readonly OverlayRequest[] {
	const { id, overlay, workspace, read_only } = spec.value;
	const by = setBy(request.spec!, request);
	const filesystem = {
		...(workspace === undefined ? {} : { workspace }),
		...(read_only === undefined ? {} : { read_only }),
	};
	const own: OverlayRequest = {
		id,
		rules: { filesystem },
		document: { file: spec.file, at: (path, what) => spec.at(path.slice(1), what) },
		path: [],
		...by,
	};
	return [
		...(Object.keys(filesystem).length === 0 ? [] : [own]),
		...(overlay === undefined ? [] : [{ id, rules: overlay, document: spec, path: ['overlay'], ...by }]),
	];
}

/** Paths of the Rego files that a sandbox-spec names, as seen from where its own path is seen. */
export function specReferences(spec: Authored<SandboxSpecDocument>): readonly string[] {
	return (spec.value.policies ?? []).map((name) => besideFile(spec.file, name));
}

function specPolicies(
	spec: Authored<SandboxSpecDocument>,
	files: readonly PolicyFile[],
	diagnostics: Diagnostic[],
): readonly PolicyFile[] {
	return specReferences(spec).flatMap((path, position) => {
		const file = files.find((each) => each.file === path);
		if (file !== undefined) return [file];
		diagnostics.push({
			code: 'not_found',
			...spec.at(['policies', position]),
			message: `there is no file ${path}`,
			hint: 'the path is relative to the sandbox-spec',
		});
		return [];
	});
}

function stamped(file: PolicyFile, request: CompileRequest): PolicyFile {
	const author = file.author ?? request.author;
	const at = file.at ?? request.at;
	return { ...file, ...(author === undefined ? {} : { author }), ...(at === undefined ? {} : { at }) };
}

function setBy(file: PolicyFile, request: CompileRequest): { readonly who: string; readonly at: string } {
	const at = file.at ?? request.at ?? file.mtime;
	return { who: file.author ?? request.author ?? 'local', at: at === undefined ? unknownTime : printMoment(at) };
}

const unknownTime = 'an unknown day';

// What was picked on a command line has no file of its own: it is as new as the newest file it was picked with.
function pickedBy(request: CompileRequest): { readonly who: string; readonly at: string } {
	const files = [
		...(request.org ?? []),
		...(request.project ?? []),
		...(request.agent ?? []),
		...(request.overlays ?? []),
		...(request.spec === undefined ? [] : [request.spec]),
	];
	const newest = files.reduce<number | undefined>(
		(latest, { mtime }) => (mtime === undefined ? latest : Math.max(latest ?? mtime, mtime)),
		undefined,
	);
	const at = request.at ?? newest;
	return { who: request.author ?? 'local', at: at === undefined ? unknownTime : printMoment(at) };
}

function narrowedBy({ what, below, above }: Conflict): Narrowed {
	return {
		what,
		level: below.origin.level,
		stated: below.text,
		place: below.place,
		by: { name: above.origin.name, level: above.origin.level, stated: above.text, place: above.place },
	};
}

// By base name, which is unique in a level: where the files lie on a machine must not show.
function sortName({ file }: PolicyFile): string {
	return `${baseName(file)}\0${file}`;
}

function sortedSet(items: readonly string[]): readonly string[] {
	return [...new Set(items)].sort();
}
