import type { Constraint, ConstraintTarget, Diagnostic } from '@tappass/core';
import { namedTools } from '../catalog/named-tools.ts';
import { isRe2 } from '../rego/regex.ts';
import type { Place } from './input.ts';
import type { Library } from './library.ts';
import { nameHint } from './nearest.ts';
import type { Authored } from './read-document.ts';
import type { AuthoredDocument, PackDocument, Requirements } from './types.ts';

type Path = readonly PropertyKey[];
type At = (path: Path, what?: 'key' | 'value') => Place;

/** Every name in the library that leads nowhere, with the nearest one that leads somewhere. */
export function checkReferences(library: Library): readonly Diagnostic[] {
	const found: Diagnostic[] = [];
	const check = new ReferenceCheck(library, found);
	for (const { value, at } of library.functions.values()) {
		check.names('category', value.categories, library.categories, at, ['categories']);
		check.names('concern', value.concerns, library.concerns, at, ['concerns']);
		check.names('capability', value.forbidden_capabilities, library.capabilities, at, ['forbidden_capabilities']);
		check.patterns(value.tools?.allow ?? [], at, ['tools', 'allow']);
	}
	for (const { value, at } of library.categories.values())
		check.names('concern', value.concerns, library.concerns, at, ['concerns']);
	for (const { value, at } of library.concerns.values()) check.requirements(value, at, []);
	for (const { value, at } of library.products.values()) {
		for (const [name, tool] of Object.entries(value.tools))
			check.names('capability', tool.capabilities, library.capabilities, at, ['tools', name, 'capabilities']);
	}
	for (const { document } of library.packs.values()) checkPackReferences(check, document, library);
	for (const { value, at } of library.specs.values()) {
		check.names('Runtime', [value.runtime], library.runtimes, at, ['runtime'], true);
		if (value.function !== null) check.names('function', [value.function], library.functions, at, ['function'], true);
		check.names('category', value.categories ?? [], library.categories, at, ['categories']);
		check.names('Pack', value.packs ?? [], packNames(library), at, ['packs']);
		if (value.overlay !== undefined) check.requirements(value.overlay, at, ['overlay']);
	}
	return found;
}

/** The diagnostics of one overlay's names. */
export function checkOverlayReferences(
	overlay: Authored<AuthoredDocument & Requirements>,
	library: Library,
): readonly Diagnostic[] {
	const found: Diagnostic[] = [];
	// What an overlay says of a step is merged and judged with the rest; it may say enabled: false, in vain.
	const { steps: _, ...rules } = overlay.value;
	new ReferenceCheck(library, found).requirements(rules, overlay.at, []);
	return found;
}

/** Ids and aliases of all Packs. */
export function packNames(library: Library): ReadonlySet<string> {
	return new Set([...library.packs.keys(), ...library.packAliases.keys()]);
}

function checkPackReferences(check: ReferenceCheck, { value, at }: Authored<PackDocument>, library: Library): void {
	check.names('category', value.bundles.categories ?? [], library.categories, at, ['bundles', 'categories']);
	check.names('concern', value.bundles.concerns ?? [], library.concerns, at, ['bundles', 'concerns']);
	check.names('Pack', value.requires ?? [], packNames(library), at, ['requires']);
	check.names('capability', value.forbidden_capabilities ?? [], library.capabilities, at, ['forbidden_capabilities']);
	check.requirements(value.bundles, at, ['bundles']);
}

class ReferenceCheck {
	readonly #library: Library;
	readonly #found: Diagnostic[];
	readonly #slots: ReadonlySet<string>;

	constructor(library: Library, found: Diagnostic[]) {
		this.#library = library;
		this.#found = found;
		this.#slots = new Set([
			...[...library.capabilities.values()].flatMap(({ value }) => value.slots ?? []),
			...[...library.catalog.tools.values()].flatMap(({ facts }) => Object.keys(facts.slots)),
		]);
	}

	names(
		what: string,
		names: readonly string[],
		known: { readonly has: (name: string) => boolean; readonly keys: () => Iterable<string> },
		at: At,
		path: Path,
		single = false,
	): void {
		for (const [position, name] of names.entries()) {
			if (known.has(name)) continue;
			this.#say(at(single ? path : [...path, position]), `there is no ${what} ${name}`, nameHint(name, known.keys()));
		}
	}

	/** A tool pattern that names nothing compiles, but someone meant something by it. */
	patterns(patterns: readonly string[], at: At, path: Path): void {
		for (const [position, text] of patterns.entries()) {
			if (this.#library.catalog.tools.size === 0 || namedTools(text, this.#library.catalog).length > 0) continue;
			this.#say(
				at([...path, position]),
				`no tool of the catalog is named by ${text}`,
				nameHint(text, this.#library.catalog.names) ?? 'it stays denied until the catalog knows it',
				'warning',
			);
		}
	}

	requirements(rules: Requirements, at: At, path: Path): void {
		const { capabilities, domainCategories } = this.#library;
		this.names('capability', rules.forbidden_capabilities ?? [], capabilities, at, [...path, 'forbidden_capabilities']);
		this.names('domain category', rules.network?.deny_categories ?? [], domainCategories, at, [
			...path,
			'network',
			'deny_categories',
		]);
		for (const [position, constraint] of (rules.constraints ?? []).entries()) {
			const here = [...path, 'constraints', position];
			this.#target(constraint.target, at, here);
			this.#subject(constraint.target, constraint.subject, at, here);
			this.#pattern(constraint.test, at, [...here, 'test', 'value']);
			this.#unique(rules.constraints!, position, at, here);
		}
		for (const [position, approval] of (rules.approvals ?? []).entries()) {
			const here = [...path, 'approvals', position];
			this.#target(approval.target, at, here);
			if (approval.when !== undefined) {
				this.#subject(approval.target, approval.when.subject, at, [...here, 'when']);
				this.#pattern(approval.when.test, at, [...here, 'when', 'test', 'value']);
			}
			this.#unique(rules.approvals!, position, at, here);
		}
		for (const [name, rule] of Object.entries(rules.steps ?? {})) {
			if (rule?.enabled === false)
				this.#say(
					at([...path, 'steps', name, 'enabled']),
					'enabled: false requires nothing',
					'leave the step out; what another layer enables stays enabled',
				);
		}
	}

	#unique(list: readonly { readonly id: string }[], position: number, at: At, here: Path): void {
		const { id } = list[position]!;
		if (list.findIndex((other) => other.id === id) < position)
			this.#say(at([...here, 'id']), `${id} is used twice`, 'give it another id');
	}

	#target(target: ConstraintTarget, at: At, here: Path): void {
		if ('capability' in target)
			this.names(
				'capability',
				[target.capability],
				this.#library.capabilities,
				at,
				[...here, 'target', 'capability'],
				true,
			);
		else this.patterns(target.tools, at, [...here, 'target', 'tools']);
	}

	#subject(target: ConstraintTarget, subject: Constraint['subject'], at: At, here: Path): void {
		if (!('slot' in subject)) return;
		const { slot } = subject;
		if (!this.#slots.has(slot)) {
			this.#say(
				at([...here, 'subject', 'slot']),
				`no tool and no capability has a slot ${slot}`,
				nameHint(slot, this.#slots),
			);
			return;
		}
		if (!('capability' in target)) return;
		const tools = [...this.#library.catalog.tools.values()].filter(({ facts }) =>
			facts.capabilities.includes(target.capability),
		);
		if (tools.length === 0 || tools.some(({ facts }) => Object.hasOwn(facts.slots, slot))) return;
		this.#say(
			at([...here, 'subject', 'slot']),
			`no tool with ${target.capability} has a slot ${slot}, so every one of them would be refused`,
			nameHint(slot, new Set(tools.flatMap(({ facts }) => Object.keys(facts.slots)))),
			'warning',
		);
	}

	// Nothing could be tested by it: at the gateway every call of the tools would fail, offline a pattern that must not match would hold.
	#pattern(test: Constraint['test'], at: At, path: Path): void {
		if ((test.op !== 'matches' && test.op !== 'not_matches') || isRe2(test.value)) return;
		this.#found.push({
			code: 'policy_invalid',
			...at(path),
			message: `${JSON.stringify(test.value)} is not a valid RE2 pattern`,
			hint: 'look-around and back-references are not RE2',
		});
	}

	#say(place: Place, message: string, hint: string | undefined, severity?: 'warning'): void {
		this.#found.push({
			code: severity === 'warning' ? 'policy_invalid' : 'not_found',
			...place,
			message,
			...(hint === undefined ? {} : { hint }),
			...(severity === undefined ? {} : { severity }),
		});
	}
}
