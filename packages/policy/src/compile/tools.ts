import type { SchemaRight, ToolsAspect } from '@tappass/core';
import { nearestName } from '../author/nearest.ts';
import { withoutDenied } from '../cascade/denied.ts';
import { patternKinds } from '../cascade/patterns.ts';
import { namedTools } from '../catalog/named-tools.ts';
import type { Stated } from '../resolve/contribution.ts';
import type { CompileContext } from './context.ts';
import { behind } from './trails.ts';

/**
 * Tools that may and may not be called. Every tool of the catalog that has a forbidden capability is denied by name, so no
 * allow-list of any level reaches it.
 */
export function compileTools(context: CompileContext): ToolsAspect {
	const { merged, trails, universe, warn } = context;
	const denied = [...merged.deny['tools.deny'], ...forbiddenTools(context)];
	const deny = new Map<string, Stated<string>>();
	for (const item of denied) {
		const before = deny.get(item.value);
		deny.set(item.value, before === undefined ? item : { ...before, chains: [...before.chains, ...item.chains] });
	}
	const { items, stated } = merged.allow['tools.allow'];
	if (!stated)
		warn(
			'no level states tools.allow, so no tool may be called',
			'state tools.allow at the org, project or agent level',
		);
	const allow = withoutDenied(patternKinds['tools.allow'], items, [...deny.keys()]);
	for (const { value, place } of allow) {
		if (namedTools(value, universe.catalog).length > 0) continue;
		const nearest = nearestName(value, universe.catalog.names);
		warn(
			`${place.file}:${place.row}:${place.col}: the catalog knows no tool ${value}; it stays denied until it does`,
			nearest === undefined ? 'add it to tools.yaml, or approve it when it is discovered' : `did you mean ${nearest}?`,
		);
	}
	return {
		allow: trails.list(['tools', 'allow'], allow),
		deny: trails.list(
			['tools', 'deny'],
			[...deny.values()].sort((a, b) => (a.value < b.value ? -1 : 1)),
		),
		schemas_acl: schemasAcl(context),
	};
}

function forbiddenTools({ merged, universe }: CompileContext): readonly Stated<string>[] {
	return merged.deny.forbidden_capabilities.flatMap(({ value: capability, chains, place }) =>
		(universe.catalog.byCapability.get(capability) ?? []).map((tool) => ({
			value: tool,
			chains: behind([{ kind: 'capability', id: capability, note: 'forbidden' }], chains),
			place,
		})),
	);
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
