import type { Because, Diagnostic, Level } from '@tappass/core';
import type { AuthoredConcern, AuthoredPack, Library } from '../author/library.ts';
import { nameHint } from '../author/nearest.ts';
import { packNames } from '../author/references.ts';
import type { Chain, Contribution } from './contribution.ts';
import { ceilingsOf, contributionOf } from './requirements.ts';

/** What an operator picked at one level, with the chain that leads to each pick. */
export interface Picks {
	readonly level: Level;
	/** Only at the agent level. */
	readonly function: string | null;
	/** category → links from it to the person. */
	readonly categories: ReadonlyMap<string, Chain>;
	/** Pack id or alias → links from it to the person. */
	readonly packs: ReadonlyMap<string, Chain>;
	/** The links that end every chain of the level: floor, operator. */
	readonly end: Chain;
	/** Note on what was picked by hand, `ticked at onboarding`. */
	readonly note?: string;
}

export interface Resolved {
	readonly contributions: readonly Contribution[];
	/** Packs in force at this level, aliases resolved, sorted; each with its chain. */
	readonly packs: readonly { readonly pack: AuthoredPack; readonly chains: readonly Chain[] }[];
	/** Ticked categories and those of the function and the Packs, sorted. */
	readonly categories: readonly string[];
	/** Concerns in force, sorted by id; each with its chains. */
	readonly concerns: readonly { readonly concern: AuthoredConcern; readonly chains: readonly Chain[] }[];
	readonly diagnostics: readonly Diagnostic[];
}

/**
 * The authoring resolver: function, categories and Packs → concerns → rules, each with every chain that leads to it. Nothing
 * here grants: a function's allow-lists narrow, everything else requires.
 */
export function resolve(picks: Picks, library: Library): Resolved {
	const diagnostics: Diagnostic[] = [];
	const known = <T>(
		what: string,
		id: string,
		entries: ReadonlyMap<string, T>,
		names: Iterable<string> = entries.keys(),
	): T | undefined => {
		const entry = entries.get(id);
		if (entry === undefined) diagnostics.push(unknownName(what, id, names));
		return entry;
	};
	const packs = closePacks(picks, library, diagnostics);
	const job = picks.function === null ? undefined : known('function', picks.function, library.functions);
	const jobChain: Chain = job === undefined ? picks.end : [{ kind: 'function', id: job.value.id }, ...picks.end];

	const categories = new Chains();
	for (const [id, chain] of picks.categories) categories.add(id, job === undefined ? chain : [jobChain[0]!, ...chain]);
	for (const id of job?.value.categories ?? []) if (!picks.categories.has(id)) categories.add(id, jobChain);
	for (const { pack, chain } of packs.values())
		for (const id of pack.document.value.bundles.categories ?? [])
			categories.add(id, [packLink(pack, picks.note), ...chain]);

	const concerns = new Chains();
	for (const id of job?.value.concerns ?? []) concerns.add(id, jobChain);
	for (const [id, chains] of categories.entries()) {
		const category = known('category', id, library.categories);
		const ticked = picks.categories.has(id) ? picks.note : undefined;
		const link: Because = { kind: 'category', id, ...(ticked === undefined ? {} : { note: ticked }) };
		for (const concern of category?.value.concerns ?? [])
			for (const chain of chains) concerns.add(concern, [link, ...chain]);
	}
	for (const { pack, chain } of packs.values())
		for (const id of pack.document.value.bundles.concerns ?? [])
			concerns.add(id, [packLink(pack, picks.note), ...chain]);

	const contributions: Contribution[] = [];
	const inForce: Resolved['concerns'][number][] = [];
	for (const [id, chains] of concerns.entries()) {
		const concern = known('concern', id, library.concerns);
		if (concern === undefined) continue;
		const origin = { level: picks.level, kind: 'concern', name: `concern ${id}` } as const;
		const linked = chains.map((chain): Chain => [{ kind: 'concern', id }, ...chain]);
		inForce.push({ concern, chains: linked });
		contributions.push(contributionOf(concern.value, origin, linked, concern.at, [], `${id}.`));
	}
	for (const { pack, chain } of packs.values()) contributions.push(packContribution(pack, picks, chain));
	if (job !== undefined) contributions.push(functionContribution(job, picks.level, jobChain));
	return {
		contributions,
		packs: [...packs.values()].map(({ pack, chain }) => ({ pack, chains: [[packLink(pack, picks.note), ...chain]] })),
		categories: [...categories.entries()].map(([id]) => id),
		concerns: inForce,
		diagnostics,
	};
}

/** The link of a Pack in a chain. */
export function packLink(pack: AuthoredPack, note?: string): Because {
	const { id, version } = pack.document.value;
	return { kind: 'pack', id, version, ...(note === undefined ? {} : { note }) };
}

/** The id behind a Pack's id or alias. */
export function packId(library: Library, name: string): string {
	return library.packs.has(name) ? name : (library.packAliases.get(name) ?? name);
}

/** The diagnostic of a name that was given by hand and does not exist. */
export function unknownName(what: string, id: string, names: Iterable<string>): Diagnostic {
	const hint = nameHint(id, names);
	return { code: 'not_found', message: `there is no ${what} ${id}`, ...(hint === undefined ? {} : { hint }) };
}

interface PickedPack {
	readonly pack: AuthoredPack;
	readonly chain: Chain;
}

// Packs that were picked and those that they require, by id: the order of picking cannot show.
function closePacks(picks: Picks, library: Library, diagnostics: Diagnostic[]): ReadonlyMap<string, PickedPack> {
	const found = new Map<string, PickedPack>();
	const queue: (readonly [string, Chain])[] = [...picks.packs].sort(([a], [b]) => (a < b ? -1 : 1));
	for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
		const [name, chain] = next;
		const id = packId(library, name);
		const pack = library.packs.get(id);
		if (pack === undefined) {
			diagnostics.push(unknownName('Pack', name, packNames(library)));
			continue;
		}
		if (found.has(id)) continue;
		found.set(id, { pack, chain });
		for (const required of pack.document.value.requires ?? []) queue.push([required, [packLink(pack), ...chain]]);
	}
	return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function packContribution(pack: AuthoredPack, picks: Picks, chain: Chain): Contribution {
	const { value, at } = pack.document;
	const origin = { level: picks.level, kind: 'pack', name: `Pack ${value.id}` } as const;
	const chains = [[packLink(pack, picks.note), ...chain]];
	const bundled = contributionOf(value.bundles, origin, chains, at, ['bundles'], `${value.id}.`);
	const own = contributionOf(
		{
			...(value.forbidden_capabilities === undefined ? {} : { forbidden_capabilities: value.forbidden_capabilities }),
			...(value.compliance_tags === undefined ? {} : { compliance_tags: value.compliance_tags }),
		},
		origin,
		chains,
		at,
	);
	return {
		...bundled,
		deny: {
			...bundled.deny,
			forbidden_capabilities: own.deny.forbidden_capabilities!,
			compliance_tags: own.deny.compliance_tags!,
		},
	};
}

function functionContribution(
	job: NonNullable<ReturnType<Library['functions']['get']>>,
	level: Level,
	chain: Chain,
): Contribution {
	const { value, at } = job;
	const origin = { level, kind: 'function', name: `function ${value.id}` } as const;
	const chains = [chain];
	return {
		...contributionOf(
			{
				forbidden_capabilities: value.forbidden_capabilities,
				...(value.compliance_tags === undefined ? {} : { compliance_tags: value.compliance_tags }),
				...(value.tools === undefined ? {} : { tools: value.tools }),
				...(value.models === undefined ? {} : { models: value.models }),
				...(value.trust_level === undefined ? {} : { trust_level: value.trust_level }),
			},
			origin,
			chains,
			at,
		),
		defaults: ceilingsOf(value.defaults ?? {}, (number, ...where) => ({
			value: number,
			chains: [[{ kind: 'default', note: `of function ${value.id}, where no level states a ceiling` }, ...chain]],
			place: at(['defaults', ...where]),
		})),
	};
}

/** id → chains, ids sorted. */
class Chains {
	readonly #found = new Map<string, Chain[]>();

	add(id: string, chain: Chain): void {
		const list = this.#found.get(id);
		if (list === undefined) this.#found.set(id, [chain]);
		else list.push(chain);
	}
	entries(): readonly (readonly [string, readonly Chain[]])[] {
		return [...this.#found].sort(([a], [b]) => (a < b ? -1 : 1));
	}
}
