import type { Diagnostic, ToolFacts } from '@tappass/core';
import { type Place, printPlace } from '../author/input.ts';
import { nameHint } from '../author/nearest.ts';
import type { Authored } from '../author/read-document.ts';
import type { TenantTool, TenantToolsDocument, ToolEffect, ToolTightening } from '../author/types.ts';
import { type Catalog, type CatalogEntry, claimedNames, freezeFacts, indexCatalog } from './catalog.ts';

type Tenant = Authored<TenantToolsDocument>;
type Path = readonly PropertyKey[];

/** Effects from harmless to harmful. */
export const effects: readonly ToolEffect[] = ['read', 'write', 'delete'];

/**
 * The catalog with a tenant's tools: new ones (A), extensions of known ones (B), and the tightenings of `agent` (C). A
 * tightening can add capabilities and slots and raise the effect; anything else is a diagnostic, for every agent named.
 *
 * @param agent        whose tightenings apply; null when the agent is not known
 * @param capabilities ids that exist; empty accepts any
 */
export function extendCatalog(
	catalog: Catalog,
	tenants: readonly Tenant[],
	agent: string | null,
	capabilities: { readonly size: number; readonly has: (id: string) => boolean; readonly keys: () => Iterable<string> },
): { readonly catalog: Catalog; readonly diagnostics: readonly Diagnostic[] } {
	if (tenants.length === 0) return { catalog, diagnostics: [] };
	const run = new Extension(catalog, capabilities);
	run.collect(tenants);
	return { catalog: run.build(agent), diagnostics: run.diagnostics };
}

interface Stated {
	readonly tool: TenantTool;
	readonly at: (path: Path, what?: 'key' | 'value') => Place;
	readonly path: Path;
}

class Extension {
	readonly diagnostics: Diagnostic[] = [];
	readonly #catalog: Catalog;
	readonly #capabilities: Parameters<typeof extendCatalog>[3];
	readonly #stated = new Map<string, Stated>();
	readonly #resolved = new Map<string, CatalogEntry | null>();

	constructor(catalog: Catalog, capabilities: Parameters<typeof extendCatalog>[3]) {
		this.#catalog = catalog;
		this.#capabilities = capabilities;
	}

	collect(tenants: readonly Tenant[]): void {
		for (const { value, at } of tenants) {
			for (const [name, tool] of Object.entries(value.tools)) {
				const path = ['tools', name];
				const before = this.#stated.get(name);
				if (before !== undefined)
					this.#say(
						at(path, 'key'),
						`${name} is already defined at ${printPlace(before.at(before.path, 'key'))}`,
						'keep one of them',
					);
				else this.#stated.set(name, { tool, at, path });
			}
		}
	}

	build(agent: string | null): Catalog {
		const tools = new Map(this.#catalog.tools);
		for (const [name, stated] of this.#stated) {
			const base = this.#resolve(name, []);
			if (base === undefined || base === null) continue;
			let entry = base;
			for (const [who, tightening] of Object.entries(stated.tool.agents ?? {})) {
				const tightened = this.#tighten(base, tightening, stated, [...stated.path, 'agents', who]);
				if (who === agent) entry = tightened;
			}
			tools.set(name, entry);
		}
		this.diagnostics.push(...claimedNames(tools, this.#stated.keys()));
		return indexCatalog(tools);
	}

	/** The entry of a name before tightenings; null when its definition is wrong (and has been reported). */
	#resolve(name: string, via: readonly string[]): CatalogEntry | null | undefined {
		const known = this.#resolved.get(name);
		if (known !== undefined) return known;
		const stated = this.#stated.get(name);
		if (stated === undefined) return this.#catalog.tools.get(name);
		const entry = via.includes(name) ? this.#circle(name, stated) : this.#define(name, stated, via);
		this.#resolved.set(name, entry);
		return entry;
	}

	#circle(name: string, stated: Stated): null {
		this.#say(
			stated.at([...stated.path, 'extends']),
			`${name} extends itself in a circle`,
			'extend a tool of the catalog',
		);
		return null;
	}

	#define(name: string, stated: Stated, via: readonly string[]): CatalogEntry | null {
		const { tool, at, path } = stated;
		const inCatalog = this.#catalog.tools.get(name);
		const onlyAgents = tool.agents !== undefined && tool.capabilities === undefined && tool.extends === undefined;
		if (inCatalog !== undefined) {
			// Changing a curated entry in place could take a forbidden capability off a tool that every policy relies on.
			const { effect, slots, aliases, title } = tool;
			if (onlyAgents && [effect, slots, aliases, title].every((said) => said === undefined)) return inCatalog;
			this.#say(
				at(path, 'key'),
				`${name} is in the catalog and cannot be redefined`,
				`define a new name with extends: ${name}, or tighten it for one agent under agents`,
			);
			return null;
		}
		if (tool.extends !== undefined) return this.#extend(name, stated, via);
		if (tool.capabilities === undefined) {
			this.#say(
				at(path, 'key'),
				onlyAgents ? `there is no tool ${name} to tighten` : `capabilities is missing in tools.${name}`,
				nameHint(name, this.#catalog.names) ?? 'list the capabilities of the tool; [] when it has none',
			);
			return null;
		}
		const wrong = tool.capabilities.findIndex((capability) => /^[+-]/.test(capability));
		if (wrong >= 0) {
			this.#say(
				at([...path, 'capabilities', wrong]),
				`${tool.capabilities[wrong]} changes a tool that is not named`,
				'add extends, or write the capability without a sign',
			);
			return null;
		}
		if (!this.#known(tool.capabilities, stated, [...path, 'capabilities'])) return null;
		if (tool.effect === undefined)
			this.#warn(
				at(path, 'key'),
				`${name} does not say its effect and counts as write`,
				'add effect: read, write or delete',
			);
		return this.#entry(name, stated, {
			name,
			capabilities: tool.capabilities,
			slots: tool.slots ?? {},
			effect: tool.effect ?? 'write',
		});
	}

	#extend(name: string, stated: Stated, via: readonly string[]): CatalogEntry | null {
		const { tool, at, path } = stated;
		const base = this.#resolve(tool.extends!, [...via, name]);
		if (base === undefined) {
			const known = [...this.#catalog.names, ...this.#stated.keys()];
			this.#say(at([...path, 'extends']), `there is no tool ${tool.extends} to extend`, nameHint(tool.extends!, known));
			return null;
		}
		if (base === null) return null;
		const capabilities = this.#change(base.facts.capabilities, tool.capabilities ?? [], stated, [
			...path,
			'capabilities',
		]);
		if (capabilities === undefined) return null;
		return this.#entry(
			name,
			stated,
			{ name, capabilities, slots: { ...base.facts.slots, ...tool.slots }, effect: tool.effect ?? base.facts.effect },
			base,
		);
	}

	#change(
		base: readonly string[],
		changes: readonly string[],
		stated: Stated,
		path: Path,
	): readonly string[] | undefined {
		const signed = changes.filter((change) => /^[+-]/.test(change));
		if (!this.#known(changes, stated, path)) return undefined;
		if (signed.length === 0) return changes.length === 0 ? base : changes;
		const result = new Set(base);
		let good = true;
		for (const [position, change] of changes.entries()) {
			const capability = change.slice(1);
			if (change.startsWith('+')) result.add(capability);
			else if (change.startsWith('-') && base.includes(capability)) result.delete(capability);
			else {
				good = false;
				const removes = change.startsWith('-');
				this.#say(
					stated.at([...path, position]),
					removes
						? `${stated.tool.extends} does not have ${capability}`
						: `${change} has no sign, others in the list do`,
					removes ? nameHint(capability, base) : `write +${change}, or a plain list without any sign`,
				);
			}
		}
		return good ? [...result] : undefined;
	}

	#tighten(base: CatalogEntry, change: ToolTightening, stated: Stated, path: Path): CatalogEntry {
		const { facts } = base;
		const loosens = (where: Path, message: string, hint: string): void => {
			this.diagnostics.push({ code: 'policy_contradiction', ...stated.at(where), message, hint });
		};
		const added: string[] = [];
		const plain = (change.capabilities ?? []).filter((capability) => !/^[+-]/.test(capability));
		this.#known(change.capabilities ?? [], stated, [...path, 'capabilities']);
		for (const [position, capability] of (change.capabilities ?? []).entries()) {
			if (capability.startsWith('-'))
				loosens(
					[...path, 'capabilities', position],
					`${capability} would loosen ${facts.name} for one agent`,
					'an agent can only be tightened; to reclassify a tool, extend it under a new name',
				);
			else added.push(capability.replace(/^\+/, ''));
		}
		const lost = facts.capabilities.filter((capability) => !plain.includes(capability));
		if (plain.length > 0 && lost.length > 0)
			loosens(
				[...path, 'capabilities'],
				`the list leaves out ${lost.join(', ')} and would loosen ${facts.name} for one agent`,
				'write only what is added: +capability',
			);
		if (change.effect !== undefined && effects.indexOf(change.effect) < effects.indexOf(facts.effect))
			loosens(
				[...path, 'effect'],
				`${change.effect} is weaker than ${facts.effect}, the effect of ${facts.name}`,
				`leave it out, or name a stronger effect`,
			);
		for (const [slot, parameter] of Object.entries(change.slots ?? {})) {
			const bound = facts.slots[slot];
			if (bound !== undefined && bound !== parameter)
				loosens(
					[...path, 'slots', slot],
					`${slot} of ${facts.name} is ${bound}; pointing it elsewhere would take constraints off it`,
					'leave the slot as it is',
				);
		}
		const stronger = change.effect !== undefined && effects.indexOf(change.effect) > effects.indexOf(facts.effect);
		return {
			...base,
			facts: freezeFacts({
				name: facts.name,
				capabilities: [...facts.capabilities, ...added],
				slots: { ...change.slots, ...facts.slots },
				effect: stronger ? change.effect! : facts.effect,
			}),
			tightened: { before: facts, place: stated.at(path, 'key') },
		};
	}

	#known(capabilities: readonly string[], stated: Stated, path: Path): boolean {
		if (this.#capabilities.size === 0) return true;
		let good = true;
		for (const [position, text] of capabilities.entries()) {
			const capability = text.replace(/^[+-]/, '');
			if (this.#capabilities.has(capability)) continue;
			good = false;
			this.#say(
				stated.at([...path, position]),
				`there is no capability ${capability}`,
				nameHint(capability, this.#capabilities.keys()),
			);
		}
		return good;
	}

	#entry(name: string, stated: Stated, facts: ToolFacts, base?: CatalogEntry): CatalogEntry {
		const { tool, at, path } = stated;
		return {
			facts: freezeFacts(facts),
			title: tool.title ?? base?.title ?? name,
			product: 'tenant',
			aliases: tool.aliases ?? {},
			place: at(path, 'key'),
		};
	}

	#say(place: Place, message: string, hint: string | undefined): void {
		this.diagnostics.push({ code: 'schema_invalid', ...place, message, ...(hint === undefined ? {} : { hint }) });
	}
	#warn(place: Place, message: string, hint: string): void {
		this.diagnostics.push({ code: 'schema_invalid', ...place, message, hint, severity: 'warning' });
	}
}
