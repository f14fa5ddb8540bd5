import type { Diagnostic, ToolFacts } from '@tappass/core';
import { type Place, printPlace } from '../author/input.ts';
import type { Authored } from '../author/read-document.ts';
import type { CatalogDocument } from '../author/types.ts';

/** One tool that the catalog knows. */
export interface CatalogEntry {
	readonly facts: ToolFacts;
	readonly title: string;
	/** Product id, or `tenant` for an operator's own. */
	readonly product: string;
	/** harness → native names. */
	readonly aliases: Readonly<Record<string, readonly string[]>>;
	readonly place: Place;
	/** What the tool was before it was tightened for the agent, and where that is said. */
	readonly tightened?: { readonly before: ToolFacts; readonly place: Place };
}

/** The universe of tools: whatever is not in it is denied. */
export interface Catalog {
	readonly tools: ReadonlyMap<string, CatalogEntry>;
	/** All canonical names, sorted. */
	readonly names: readonly string[];
	/** Names sorted by capability. */
	readonly byCapability: ReadonlyMap<string, readonly string[]>;
	readonly diagnostics: readonly Diagnostic[];
}

/** The catalog of these products. A tool that two products name is a diagnostic; the first one stays. */
export function catalogOf(products: readonly Authored<CatalogDocument>[]): Catalog {
	const tools = new Map<string, CatalogEntry>();
	const diagnostics: Diagnostic[] = [];
	for (const { value, at } of products) {
		for (const [name, tool] of Object.entries(value.tools)) {
			const before = tools.get(name);
			if (before !== undefined) {
				diagnostics.push({
					code: 'schema_invalid',
					...at(['tools', name], 'key'),
					message: `${name} is already in the catalog at ${printPlace(before.place)}`,
					hint: 'to change a known tool use extends or agents in tools.yaml',
				});
				continue;
			}
			tools.set(name, {
				facts: freezeFacts({
					name,
					capabilities: tool.capabilities,
					slots: tool.slots ?? {},
					effect: tool.effect,
				}),
				title: tool.title,
				product: value.product.id,
				aliases: tool.aliases ?? {},
				// Asked for by faults and trails only; reading places costs.
				get place(): Place {
					return at(['tools', name], 'key');
				},
			});
		}
	}
	diagnostics.push(...claimedNames(tools, tools.keys()));
	return indexCatalog(tools, diagnostics);
}

/**
 * Native names that a tool claims although they mean another tool: its alias in that harness, or the name under which MCP
 * servers offer it. Whoever owned them could be called past every rule about the tool that they mean.
 * @param claiming names of the tools to look at
 */
export function claimedNames(
	tools: ReadonlyMap<string, CatalogEntry>,
	claiming: Iterable<string>,
): readonly Diagnostic[] {
	const owners = new Map<string, string>();
	for (const name of tools.keys()) owners.set(plainName(name), name);
	const aliases = new Map<string, string>();
	const late = new Set(claiming);
	const first = [...tools.keys()].filter((name) => !late.has(name));
	const found: Diagnostic[] = [];
	for (const name of [...first, ...late]) {
		const entry = tools.get(name);
		for (const [harness, natives] of Object.entries(entry?.aliases ?? {})) {
			for (const native of natives) {
				const meant = owners.get(plainName(native.replace(/^mcp(?=_)/, '')));
				const owner = aliases.get(`${harness} ${native}`) ?? (meant === name ? undefined : meant);
				aliases.set(`${harness} ${native}`, aliases.get(`${harness} ${native}`) ?? name);
				if (owner === undefined || owner === name || !late.has(name)) continue;
				found.push({
					code: 'schema_invalid',
					...entry!.place,
					message: `${name} claims the name ${native} in ${harness}, which is ${owner}`,
					hint: 'leave the alias out: one name of a harness is one tool',
				});
			}
		}
	}
	return found;
}

// Harnesses write `slack.send_message` as mcp__slack__send_message and in like ways.
function plainName(name: string): string {
	return name.replace(/^[^A-Za-z0-9]+/, '').replace(/[^A-Za-z0-9]+/g, '_');
}

/** A catalog with its indexes over these tools. */
export function indexCatalog(
	tools: ReadonlyMap<string, CatalogEntry>,
	diagnostics: readonly Diagnostic[] = [],
): Catalog {
	const names = [...tools.keys()].sort();
	const byCapability = new Map<string, string[]>();
	for (const name of names) {
		for (const capability of tools.get(name)!.facts.capabilities) {
			const list = byCapability.get(capability);
			if (list === undefined) byCapability.set(capability, [name]);
			else list.push(name);
		}
	}
	return { tools, names, byCapability, diagnostics };
}

/** The same facts with sorted capabilities and slots, frozen: equal entries are equal bytes. */
export function freezeFacts(facts: ToolFacts): ToolFacts {
	return Object.freeze({
		name: facts.name,
		capabilities: Object.freeze([...new Set(facts.capabilities)].sort()),
		slots: Object.freeze(Object.fromEntries(Object.entries(facts.slots).sort(([a], [b]) => (a < b ? -1 : 1)))),
		effect: facts.effect,
	});
}

/** Canonical tool → its names in one harness; tools without any are left out. */
export function toolAliases(catalog: Catalog, harness: string): Readonly<Record<string, readonly string[]>> {
	return Object.fromEntries(
		catalog.names.flatMap((name) => {
			const aliases = catalog.tools.get(name)!.aliases[harness];
			return aliases === undefined ? [] : [[name, aliases]];
		}),
	);
}
