import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { type Action, accessMatrix } from './matrix.ts';
import { coversAction, type Principal } from './may.ts';

/** Where a row says its project and agent are: columns, in which null and the empty text both mean none. */
export interface PlaceColumns {
	readonly project: string;
	readonly agent: string;
}

/**
 * What `may` says of a row, as a condition of the query itself: a page is full of what its reader may see, and neither
 * its length nor its cursor tells of anything else.
 */
export function visibleTo(
	{ memberships, scopes }: Pick<Principal, 'memberships' | 'scopes'>,
	action: Action,
	columns: PlaceColumns,
): RawBuilder<SqlBool> {
	const { roles, upward } = accessMatrix[action];
	if (!scopes.some((scope) => coversAction(scope, action))) return sql<SqlBool>`false`;
	const project = sql`nullif(${sql.ref(columns.project)}, '')`;
	const agent = sql`nullif(${sql.ref(columns.agent)}, '')`;
	const level = sql`(case when ${project} is null then 'org' when ${agent} is null then 'project' else 'agent' end)`;
	const each = memberships.map((held) => {
		const levels = Object.entries(roles).flatMap(([name, allowed]) => (allowed.includes(held.role) ? [name] : []));
		const covers = sql`(${held.project}::text is null or ${project} = ${held.project})
			and (${held.agent}::text is null or ${agent} = ${held.agent})`;
		const above = sql`(${project} is null or ${project} = ${held.project}) and (${agent} is null or ${agent} = ${held.agent})`;
		// A comparison with null is neither true nor false: here it means no.
		return sql`(${level} = any (${levels}::text[]) and coalesce((${covers})${upward ? sql` or (${above})` : sql``}, false))`;
	});
	return each.length === 0 ? sql<SqlBool>`false` : sql<SqlBool>`(${sql.join(each, sql` or `)})`;
}
