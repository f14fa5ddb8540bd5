import type { FunctionType } from '../types/type.ts';
import type { Builtin } from './builtin.ts';
import { coreBuiltins } from './registry.ts';

/** One builtin as OPA's `capabilities.json` lists it. */
export interface BuiltinListing {
	readonly name: string;
	readonly description?: string;
	readonly categories?: readonly string[];
	readonly decl: FunctionType;
	/** Operator text. */
	readonly infix?: string;
	/** It may have more than one result: `walk`. */
	readonly relation?: boolean;
	readonly deprecated?: boolean;
	readonly nondeterministic?: boolean;
}

/** What this engine offers, in the format of OPA's `capabilities.json`. */
export interface Capabilities {
	/** By name. */
	readonly builtins: readonly BuiltinListing[];
	/** Keywords that have to be imported from `future.keywords`. */
	readonly future_keywords: readonly string[];
	readonly features: readonly string[];
}

/**
 * Lists what policies may use, generated from the builtins themselves. `further` are those that a host adds, such as the
 * ones of `@tappass/rego/crypto`. What is not listed is refused at compile time. The experimental `and` and `or` are not
 * listed.
 */
export function capabilities(further: Iterable<Builtin> = []): Capabilities {
	const all = new Map(coreBuiltins);
	for (const builtin of further) all.set(builtin.name, builtin);
	const builtins = [...all.values()].map(listing).sort((a, b) => (a.name < b.name ? -1 : 1));
	return { builtins, future_keywords: ['not'], features: ['keywords_in_refs', 'rego_v1', 'template_strings'] };
}

function listing(builtin: Builtin): BuiltinListing {
	const { name, description, categories, decl, infix, deprecated, nondeterministic } = builtin;
	return {
		name,
		...(description === undefined ? {} : { description }),
		...(categories === undefined ? {} : { categories }),
		decl,
		...(infix === undefined ? {} : { infix }),
		...(name === 'walk' ? { relation: true } : {}),
		...(deprecated === true ? { deprecated } : {}),
		...(nondeterministic === true ? { nondeterministic } : {}),
	};
}
