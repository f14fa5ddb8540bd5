import type { Because, Diagnostic, Level } from '@tappass/core';
import type { Program } from '@tappass/rego';
import { baseName, decodeText } from '../author/input.ts';
import type { Library, RegoSource } from '../author/library.ts';
import type { Authored } from '../author/read-document.ts';
import type { OverlayRules } from '../author/types.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { policyLimits } from '../limits.ts';
import type { PolicyInput } from '../rego/contract.ts';
import { evaluateLevel, type Speaker, typeFaults } from '../rego/evaluate.ts';
import { compileLevel, type LevelProgram } from '../rego/level-program.ts';
import { type PolicyFile, printMoment } from '../request.ts';
import { checkNames } from './check-names.ts';
import type { Chain, Contribution, Origin } from './contribution.ts';
import { contributionOf } from './requirements.ts';
import { packId, type Resolved, resolve } from './resolve.ts';

/** One level of the cascade as the operator set it up. */
export interface LevelRequest {
	readonly level: Level;
	/** Rego of this level. */
	readonly files: readonly PolicyFile[];
	/** Ids or aliases of Packs picked at this level. */
	readonly packs: readonly string[];
	readonly function: string | null;
	readonly categories: readonly string[];
	/** Overlays, only at the agent level: rules, where they stand, and who set them. */
	readonly overlays: readonly OverlayRequest[];
	/** Who picked the Packs, function and categories. */
	readonly picked: { readonly who: string; readonly at: string };
	/** Packs in force above. */
	readonly packsAbove: readonly string[];
	readonly names: { readonly org: string | null; readonly project: string | null; readonly agent: string | null };
}
export interface OverlayRequest {
	readonly id: string;
	readonly rules: OverlayRules;
	readonly document: Pick<Authored, 'file' | 'at'>;
	/** Path of the rules in the document. */
	readonly path: readonly string[];
	readonly who: string;
	readonly at: string;
}

/** A level by itself: what it states, before any other level is looked at. */
export interface LevelResult {
	readonly contributions: readonly Contribution[];
	/** Ids of Packs in force at this level. */
	readonly packs: readonly string[];
	readonly categories: readonly string[];
	readonly diagnostics: readonly Diagnostic[];
}

/**
 * Resolves one level on its own: authoring layers, Packs and Rego. The operator's files are one Program, each Pack and each
 * concern with Rego is another. Packs that a rule requires are applied at the level of the rule.
 */
export function resolveLevel(request: LevelRequest, library: Library, catalog: Catalog): LevelResult {
	const run = new LevelRun(request, library, catalog);
	return run.run();
}

class LevelRun {
	readonly #request: LevelRequest;
	readonly #library: Library;
	readonly #catalog: Catalog;
	readonly #end: Chain;
	readonly #diagnostics: Diagnostic[] = [];
	readonly #programs = new Map<string, LevelProgram | null>();
	/** Programs that say what the contract does not know: asked for their further faults only. */
	readonly #unchecked: Program[] = [];

	constructor(request: LevelRequest, library: Library, catalog: Catalog) {
		this.#request = request;
		this.#library = library;
		this.#catalog = catalog;
		// What was picked for the agent itself is no floor to anyone; a Pack on a floor is part of it.
		this.#end = this.#floor(request.level === 'agent' ? undefined : request.files[0]?.file, request.picked);
	}

	run(): LevelResult {
		const { level, packsAbove } = this.#request;
		const sources = this.#request.files.flatMap((file) => this.#text(file));
		const own = this.#compile('operator', sources);
		const picks = new Map<string, Chain>(this.#request.packs.map((id) => [id, this.#end]));
		const overlays = this.#overlays(picks);
		let resolved = this.#resolve(picks);
		let said: readonly Contribution[] = [];
		let isSettled = false;
		for (let round = 0; round < policyLimits.packRoundsMax; round += 1) {
			const input = this.#input(resolved, packsAbove);
			const faults: Diagnostic[] = [];
			said = [
				...this.#say(
					own,
					input,
					{
						origin: this.#operator(),
						decisionOrigin: level,
						end: (file) => [this.#fileEnd(file)],
						fileName: baseName,
					},
					faults,
				),
				...resolved.packs.flatMap(({ pack, chains }) => {
					const { id, version } = pack.document.value;
					const program = this.#compile(`pack:${id}`, pack.rules, true);
					const origin: Origin = { level, kind: 'pack', name: `Pack ${id}` };
					const inPack = (file: string): string =>
						`packs/${id}/${pack.folder === '.' ? file : file.slice(pack.folder.length + 1)}`;
					const decisionOrigin = `pack:${id}@${version}`;
					return this.#say(program, input, { origin, decisionOrigin, end: () => chains, fileName: inPack }, faults);
				}),
				...resolved.concerns.flatMap(({ concern, chains }) => {
					if (concern.rego.length === 0) return [];
					const { id } = concern.value;
					const program = this.#compile(`concern:${id}`, concern.rego, true);
					const origin: Origin = { level, kind: 'concern', name: `concern ${id}` };
					const speaker = { origin, decisionOrigin: `concern:${id}`, end: () => chains, fileName: baseName };
					return this.#say(program, input, speaker, faults);
				}),
			];
			const added = this.#requiredPacks(said, picks);
			if (added === 0) {
				this.#diagnostics.push(...faults);
				isSettled = true;
				break;
			}
			resolved = this.#resolve(picks);
		}
		if (!isSettled) this.#diagnostics.push(endlessPacks(said));
		for (const program of this.#unchecked)
			this.#diagnostics.push(...typeFaults(program, this.#input(resolved, packsAbove)));
		this.#diagnostics.push(...resolved.diagnostics);
		for (const each of [...said, ...overlays])
			this.#diagnostics.push(...checkNames(each, this.#library, this.#catalog));
		return {
			contributions: [...said, ...resolved.contributions, ...overlays],
			packs: resolved.packs.map(({ pack }) => pack.document.value.id),
			categories: resolved.categories,
			diagnostics: this.#diagnostics,
		};
	}

	#resolve(packs: ReadonlyMap<string, Chain>): Resolved {
		const { level, categories } = this.#request;
		return resolve(
			{
				level,
				function: this.#request.function,
				categories: new Map(categories.map((id) => [id, this.#end])),
				packs,
				end: this.#end,
				note: 'ticked at onboarding',
			},
			this.#library,
		);
	}

	#overlays(picks: Map<string, Chain>): readonly Contribution[] {
		return this.#request.overlays.map(({ id, rules, document, path, who, at }) => {
			const { row } = document.at(path);
			const chain: Chain = [
				{ kind: 'overlay', id, file: baseName(document.file), row },
				{ kind: 'operator', who, at },
			];
			for (const pack of rules.require?.packs ?? []) if (!picks.has(pack)) picks.set(pack, chain);
			const origin: Origin = { level: this.#request.level, kind: 'overlay', name: `overlay ${id}` };
			return contributionOf(rules, origin, [chain], document.at, path, `${id}.`);
		});
	}

	// Packs that rules ask for and that nobody picked yet; returns how many were added.
	#requiredPacks(said: readonly Contribution[], picks: Map<string, Chain>): number {
		const before = picks.size;
		const have = new Set([...picks.keys()].map((name) => packId(this.#library, name)));
		for (const { deny } of said) {
			for (const { value, chains, place } of deny['require.packs'] ?? []) {
				const id = packId(this.#library, value);
				if (have.has(id)) continue;
				have.add(id);
				if (!this.#library.packs.has(id)) {
					const at = { file: place.file, row: place.row, col: place.col };
					const faults = resolve(
						{ ...nothing(this.#request.level), packs: new Map([[value, []]]) },
						this.#library,
					).diagnostics;
					this.#diagnostics.push(...faults.map((fault) => ({ ...fault, ...at })));
					continue;
				}
				picks.set(value, chains[0] ?? this.#end);
			}
		}
		return picks.size - before;
	}

	#compile(key: string, sources: readonly RegoSource[], shared = false): LevelProgram | null {
		const known = this.#programs.get(key);
		if (known !== undefined) return known;
		const compiled = shared ? compileShared(sources) : compileLevel(sources);
		if ('diagnostics' in compiled) {
			this.#diagnostics.push(...compiled.diagnostics);
			if (compiled.unchecked !== undefined) this.#unchecked.push(compiled.unchecked);
		}
		const program = 'program' in compiled ? compiled.program : null;
		this.#programs.set(key, program);
		return program;
	}

	#say(
		program: LevelProgram | null,
		input: PolicyInput,
		speaker: Speaker,
		faults: Diagnostic[],
	): readonly Contribution[] {
		if (program === null) return [];
		const result = evaluateLevel(program, input, speaker);
		if ('contribution' in result) return [result.contribution];
		faults.push(...result.diagnostics);
		return [];
	}

	#operator(): Origin {
		const { level, files } = this.#request;
		const names = files.map(({ file }) => baseName(file).replace(/\.rego$/, ''));
		return { level, kind: 'operator', name: names.length === 0 ? `the ${level} level` : names.join(', ') };
	}

	#fileEnd(file: string): Chain {
		const source = this.#request.files.find((each) => each.file === file);
		const who = source?.author ?? this.#request.picked.who;
		const at = source?.at ?? (source?.mtime === undefined ? this.#request.picked.at : printMoment(source.mtime));
		return this.#floor(file, { who, at: printMoment(at) });
	}

	#floor(file: string | undefined, { who, at }: { readonly who: string; readonly at: string }): Chain {
		const { level, names } = this.#request;
		const name = file === undefined ? (names[level] ?? level) : baseName(file).replace(/\.rego$/, '');
		const operator: Because = { kind: 'operator', who, at };
		return level === 'agent' && file === undefined ? [operator] : [{ kind: 'floor', level, name }, operator];
	}

	#input(resolved: Resolved, packsAbove: readonly string[]): PolicyInput {
		const { level, names } = this.#request;
		const packs = new Set([...packsAbove, ...resolved.packs.map(({ pack }) => pack.document.value.id)]);
		return {
			level,
			org: names.org,
			project: level === 'org' ? null : names.project,
			agent: level === 'agent' ? names.agent : null,
			function: level === 'agent' ? this.#request.function : null,
			categories: level === 'agent' ? resolved.categories : null,
			packs: [...packs].sort(),
			catalog: policyCatalog(this.#catalog),
		};
	}

	#text(file: PolicyFile): readonly RegoSource[] {
		const decoded = decodeText(file);
		if ('text' in decoded) return [{ file: file.file, source: decoded.text }];
		this.#diagnostics.push(decoded.diagnostic);
		return [];
	}
}

// The Rego of the last Packs was not asked: nothing compiles without it.
function endlessPacks(said: readonly Contribution[]): Diagnostic {
	const place = said.flatMap(({ deny }) => deny['require.packs'] ?? []).at(-1)?.place;
	return {
		code: 'policy_invalid',
		...place,
		message: `Packs require further Packs over more than ${policyLimits.packRoundsMax} rounds`,
		hint: 'name the Packs in one place',
	};
}

function nothing(level: Level): Parameters<typeof resolve>[0] {
	return { level, function: null, categories: new Map(), packs: new Map(), end: [] };
}

const sharedPrograms = new WeakMap<readonly RegoSource[], ReturnType<typeof compileLevel>>();

// The rules of a Pack or concern are the same for every level and sandbox that they apply to.
function compileShared(sources: readonly RegoSource[]): ReturnType<typeof compileLevel> {
	let compiled = sharedPrograms.get(sources);
	if (compiled === undefined) {
		compiled = compileLevel(sources);
		sharedPrograms.set(sources, compiled);
	}
	return compiled;
}

const policyCatalogs = new WeakMap<Catalog, PolicyInput['catalog']>();

/** The catalog as `input.catalog` of `tappass.policy`. */
export function policyCatalog(catalog: Catalog): PolicyInput['catalog'] {
	let found = policyCatalogs.get(catalog);
	if (found === undefined) {
		found = {
			tools: Object.fromEntries(
				catalog.names.map((name) => {
					const { facts, product, title } = catalog.tools.get(name)!;
					return [name, { capabilities: facts.capabilities, effect: facts.effect, product, slots: facts.slots, title }];
				}),
			),
		};
		policyCatalogs.set(catalog, found);
	}
	return found;
}
