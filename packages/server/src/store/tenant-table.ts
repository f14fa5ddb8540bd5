/**
 * The statements that make one tenant table: `org_id` first, row-level security enabled and forced on its owner too, and
 * one policy for the app role, in both directions. A claim that is missing, malformed, expired or another org's sees
 * nothing.
 * @param columns what follows `org_id`: columns and constraints
 */
export function tenantTable(name: string, columns: string): readonly string[] {
	const org = name === 'orgs' ? 'text not null' : 'text not null references orgs';
	return guarded(name, org, columns, ['select', 'insert', 'update', 'delete']);
}

/**
 * The same for a table that grows and is otherwise left alone: the app role has no right to change or delete its rows,
 * but for what `rights` adds. Without the reference to `orgs`, whose check would cost more than the row.
 */
export function appendOnlyTable(
	name: string,
	columns: string,
	rights: readonly ('update' | 'delete')[] = [],
): readonly string[] {
	return guarded(name, 'text not null', columns, ['select', 'insert', ...rights]);
}

function guarded(name: string, org: string, columns: string, rights: readonly string[]): readonly string[] {
	return [
		`create table ${name} (org_id ${org}, ${columns})`,
		`alter table ${name} enable row level security`,
		`alter table ${name} force row level security`,
		`create policy ${name}_own on ${name} for all to tappass_app
			using (org_id = (select tp_org())) with check (org_id = (select tp_org()))`,
		`grant ${rights.join(', ')} on ${name} to tappass_app`,
	];
}
