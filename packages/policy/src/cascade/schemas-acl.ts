import type { SchemaRight } from '@tappass/core';
import type { Contribution, Stated } from '../resolve/contribution.ts';
import type { Conflict } from './conflict.ts';
import { isWritten, statementsOf } from './order.ts';
import { strictest } from './strictest.ts';

const rights: readonly SchemaRight[] = ['rw', 'ro', 'deny'];

/** `schemas_acl`: deny > ro > rw for each schema; a weaker right below is a contradiction. Only an operator gives `rw`. */
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
		merged[server] = {};
		for (const schema of [...schemas].sort()) {
			const result = strictest(
				statementsOf(contributions, ({ schemas_acl }) => schemas_acl[server]?.[schema]),
				{
					what: `tools.schemas_acl.${server}.${schema}`,
					stricter: (a: SchemaRight, b: SchemaRight) => (rights.indexOf(a) >= rights.indexOf(b) ? a : b),
					isLooser: (above, below) => rights.indexOf(below) < rights.indexOf(above),
					print: (right) => right,
					fix: (above) => `use ${above} or something stricter (deny > ro > rw)`,
				},
			);
			conflicts.push(...result.conflicts);
			if (result.merged !== undefined) merged[server][schema] = result.merged;
		}
	}
	return { merged, conflicts };
}

function withoutGrants(contribution: Contribution): Contribution {
	if (isWritten(contribution.origin)) return contribution;
	const narrowing = Object.entries(contribution.schemas_acl).map(([server, schemas]) => [
		server,
		Object.fromEntries(Object.entries(schemas).filter(([, { value }]) => value !== 'rw')),
	]);
	return { ...contribution, schemas_acl: Object.fromEntries(narrowing) };
}
