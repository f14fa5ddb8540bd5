import type { SchemaRight } from '@tappass/core';
import type { Contribution, Stated } from '../resolve/contribution.ts';
import { type Conflict, conflictOf } from './conflict.ts';
import { isWritten, statementsOf } from './order.ts';
import { strictest } from './strictest.ts';

const rights: readonly SchemaRight[] = ['rw', 'ro', 'deny'];

/**
 * `schemas_acl`: deny > ro > rw for each schema; a weaker right below is a contradiction. A server with an entry is closed:
 * the highest operator who gives a right on it names the schemas that anyone below may speak of but to deny them. Only an
 * operator gives `rw`.
 * @param all from the top
 */
export function mergeSchemasAcl(all: readonly Contribution[]): {
	readonly merged: Readonly<Record<string, Readonly<Record<string, Stated<SchemaRight>>>>>;
	readonly conflicts: readonly Conflict[];
} {
	const contributions = all.map(withoutGrants);
	const merged: Record<string, Record<string, Stated<SchemaRight>>> = {};
	const conflicts: Conflict[] = [];
	const servers = new Set(contributions.flatMap(({ schemas_acl }) => Object.keys(schemas_acl)));
	for (const server of [...servers].sort()) {
		const schemas = new Set(contributions.flatMap(({ schemas_acl }) => Object.keys(schemas_acl[server] ?? {})));
		if (schemas.size === 0) continue;
		const ceiling = ceilingOf(contributions, server);
		merged[server] = {};
		for (const schema of [...schemas].sort()) {
			const result = mergeRight(contributions, server, schema);
			conflicts.push(...result.conflicts);
			if (result.merged === undefined) continue;
			const beyond = ceiling === undefined ? [] : beyondCeiling(ceiling, contributions, server, schema);
			conflicts.push(...beyond);
			const isNamed = ceiling === undefined || rightOf(ceiling, server, schema) !== undefined;
			merged[server][schema] = isNamed ? result.merged : { ...result.merged, value: 'deny' };
		}
	}
	return { merged, conflicts };
}

function mergeRight(
	contributions: readonly Contribution[],
	server: string,
	schema: string,
): ReturnType<typeof strictest<SchemaRight>> {
	return strictest(
		statementsOf(contributions, (contribution) => rightOf(contribution, server, schema)),
		{
			what: `tools.schemas_acl.${server}.${schema}`,
			stricter: (a: SchemaRight, b: SchemaRight) => (rights.indexOf(a) >= rights.indexOf(b) ? a : b),
			isLooser: (above, below) => rights.indexOf(below) < rights.indexOf(above),
			print: (right) => right,
			fix: (above) => `use ${above} or something stricter (deny > ro > rw)`,
		},
	);
}

// Whoever first gives a right on the server. A level that only denies schemas leaves it to those below to give rights.
function ceilingOf(contributions: readonly Contribution[], server: string): Contribution | undefined {
	return contributions.find(
		({ origin, schemas_acl }) =>
			isWritten(origin) && Object.values(schemas_acl[server] ?? {}).some(({ value }) => value !== 'deny'),
	);
}

function beyondCeiling(
	ceiling: Contribution,
	contributions: readonly Contribution[],
	server: string,
	schema: string,
): readonly Conflict[] {
	if (rightOf(ceiling, server, schema) !== undefined) return [];
	const [first] = Object.values(ceiling.schemas_acl[server]!);
	return contributions.flatMap(({ origin, schemas_acl }) => {
		const stated = schemas_acl[server]?.[schema];
		if (stated === undefined || stated.value === 'deny' || !isWritten(origin)) return [];
		return [
			conflictOf(
				`tools.schemas_acl.${server}`,
				{ origin, stated, text: `${schema} (${stated.value})` },
				{
					origin: ceiling.origin,
					place: first!.place,
					text: `the schemas [${Object.keys(ceiling.schemas_acl[server]!).sort().join(', ')}]`,
				},
				`choose one of these schemas, or have ${schema} added there`,
			),
		];
	});
}

function rightOf({ schemas_acl }: Contribution, server: string, schema: string): Stated<SchemaRight> | undefined {
	const schemas = Object.hasOwn(schemas_acl, server) ? schemas_acl[server]! : {};
	return Object.hasOwn(schemas, schema) ? schemas[schema] : undefined;
}

function withoutGrants(contribution: Contribution): Contribution {
	if (isWritten(contribution.origin)) return contribution;
	const narrowing = Object.entries(contribution.schemas_acl).map(([server, schemas]) => [
		server,
		Object.fromEntries(Object.entries(schemas).filter(([, { value }]) => value !== 'rw')),
	]);
	return { ...contribution, schemas_acl: Object.fromEntries(narrowing) };
}
