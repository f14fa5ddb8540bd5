import type { SchemaRight, ToolsAspect } from '@tappass/core';
import { nearestName } from '../author/nearest.ts';
import { withoutDenied } from '../cascade/denied.ts';
import { patternKinds } from '../cascade/patterns.ts';
import { namedTools } from '../catalog/named-tools.ts';
import type { Chain } from '../resolve/contribution.ts';
import type { CompileContext } from './context.ts';
import { behind } from './trails.ts';

/**
 * Tools that may and may not be called. Every tool of the catalog that has a forbidden capability is denied by name, so no
 * allow-list of any level reaches it.
 */
export function compileTools(context: CompileContext): ToolsAspect {
	const { merged, trails, universe, warn } = context;
	const denied = denials(context);
	const deny = denied.map(({ value }) => value);
	for (const { value, chains } of denied) trails.add(['tools', 'deny', value], `${value} (tools.deny)`, chains);
	const { items, stated } = merged.allow['tools.allow'];
	if (!stated)
		warn(
			'no level states tools.allow, so no tool may be called',
			'state tools.allow at the org, project or agent level',
		);
	const allow = withoutDenied(patternKinds['tools.allow'], items, deny);
	for (const { value, place } of allow) {
		if (namedTools(value, universe.catalog).length > 0) continue;
		const nearest = nearestName(value, universe.catalog.names);
		warn(
			`the catalog knows no tool ${value}; it stays denied until it does`,
			nearest === undefined ? 'add it to tools.yaml, or approve it when it is discovered' : `did you mean ${nearest}?`,
			place,
		);
	}
	return {
		allow: trails.list(['tools', 'allow'], allow),
		deny,
		schemas_acl: schemasAcl(context),
	};
}

interface Denial {
	readonly value: string;
	readonly chains: () => readonly Chain[];
}

// Patterns that levels deny and the tools behind forbidden capabilities, each once, sorted.
function denials({ merged, universe }: CompileContext): readonly Denial[] {
	const found = new Map<string, (() => readonly Chain[])[]>();
	const add = (value: string, chains: () => readonly Chain[]): void => {
		const before = found.get(value);
		if (before === undefined) found.set(value, [chains]);
		else before.push(chains);
	};
	for (const { value, chains } of merged.deny['tools.deny']) add(value, () => chains);
	for (const { value: capability, chains } of merged.deny.forbidden_capabilities)
		for (const tool of universe.catalog.byCapability.get(capability) ?? [])
			add(tool, () => behind([{ kind: 'capability', id: capability, note: 'forbidden' }], chains));
	return [...found]
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([value, parts]) => ({ value, chains: () => parts.flatMap((part) => part()) }));
}

function schemasAcl({ merged, trails }: CompileContext): ToolsAspect['schemas_acl'] {
	return Object.fromEntries(
		Object.entries(merged.schemas_acl).map(([server, schemas]) => [
			server,
			Object.fromEntries(
				Object.entries(schemas).map(([schema, stated]): [string, SchemaRight] => {
					trails.add(['tools', 'schemas_acl', server, schema], `${server}.${schema} (${stated.value})`, stated.chains);
					return [schema, stated.value];
				}),
			),
		]),
	);
}
