/**
 * The statements that make one tenant table: `org_id` first, row-level security enabled and forced on its owner too, and
 * one policy for the app role, in both directions. A claim that is missing, malformed, expired or another org's sees
 * nothing.
 * @param columns what follows `org_id`: columns and constraints
 */
export function tenantTable(name: string, columns: string): readonly string[] {
	const org = name === 'orgs' ? 'text not null' : 'text not null references orgs';
	return [
		`create table ${name} (org_id ${org}, ${columns})`,
		`alter table ${name} enable row level security`,
		`alter table ${name} force row level security`,
		`create policy ${name}_own on ${name} for all to tappass_app
			using (org_id = (select tp_org())) with check (org_id = (select tp_org()))`,
		`grant select, insert, update, delete on ${name} to tappass_app`,
	];
}
