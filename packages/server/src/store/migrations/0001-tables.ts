import type { Migration } from 'kysely/migration';
import { runStatements } from '../run-statements.ts';
import { tenantTable } from '../tenant-table.ts';

const at = 'timestamptz not null default now()';

/** Who asks: the org of the claim, or null when the claim is missing, malformed or expired. Never an error. */
const claim = `create function tp_org() returns text language plpgsql stable as $$
declare claims jsonb;
begin
	claims := nullif(current_setting('tappass.claims', true), '')::jsonb;
	if (claims ->> 'exp')::numeric > extract(epoch from now()) then return claims ->> 'org_id'; end if;
	return null;
exception when others then return null;
end $$`;

/**
 * The ids of all orgs, for work that the control plane does by itself. The one thing that is read across orgs; the owner's
 * policy on `orgs` is what lets this function through, and nothing but the id comes out.
 */
const directory = [
	'create policy orgs_directory on orgs for select to current_user using (true)',
	`create function tp_org_ids() returns setof text language sql stable security definer set search_path = public, pg_temp
		as $$ select org_id from public.orgs order by org_id $$`,
	'revoke all on function tp_org_ids() from public',
	'grant execute on function tp_org_ids() to tappass_app',
];

const scope =
	"level text not null check (level in ('org', 'project', 'agent')), project text not null, agent text not null";

/** The tables of the control plane. */
export const tables: Migration = {
	up: runStatements([
		claim,
		...tenantTable(
			'orgs',
			`name text not null, region text not null, epoch integer not null default 1 check (epoch > 0),
			policy_revision integer not null default 0, created_at ${at}, primary key (org_id)`,
		),
		...directory,
		...tenantTable(
			'projects',
			`name text not null, created_by text not null, created_at ${at}, primary key (org_id, name)`,
		),
		...tenantTable(
			'agents',
			`project text not null, name text not null, created_by text not null, created_at ${at},
			primary key (org_id, project, name), foreign key (org_id, project) references projects`,
		),
		...tenantTable(
			'users',
			`id text not null, email text not null check (email = lower(email)), created_at ${at}, disabled_at timestamptz,
			primary key (org_id, id), unique (org_id, email)`,
		),
		...tenantTable(
			'teams',
			`id text not null, name text not null, project text, agent text check (agent is null or project is not null),
			created_at ${at}, primary key (org_id, id), unique (org_id, name)`,
		),
		...tenantTable(
			'members',
			`team_id text not null, user_id text not null,
			role text not null check (role in ('org_admin', 'project_admin', 'agent_owner', 'auditor')), created_at ${at},
			primary key (org_id, team_id, user_id),
			foreign key (org_id, team_id) references teams on delete cascade,
			foreign key (org_id, user_id) references users on delete cascade`,
		),
		...tenantTable(
			'api_keys',
			`id text not null, user_id text not null, name text not null, hash bytea not null, ending text not null,
			scopes text[] not null, expires_at timestamptz not null, revoked_at timestamptz, last_used_at timestamptz,
			created_at ${at}, primary key (org_id, id), unique (org_id, hash), foreign key (org_id, user_id) references users`,
		),
		...tenantTable(
			'policies',
			`${scope}, file_key text not null, kind text not null, file text not null, content bytea not null,
			sha256 text not null, revision integer not null, applied_by text not null, applied_at timestamptz not null,
			primary key (org_id, level, project, agent, file_key)`,
		),
		...tenantTable(
			'policy_revisions',
			`revision integer not null, ${scope}, file_key text not null, kind text not null,
			action text not null check (action in ('apply', 'remove', 'rollback')), file text not null, content bytea,
			narrowed boolean not null, applied_by text not null, applied_at timestamptz not null,
			primary key (org_id, revision, level, project, agent, file_key)`,
		),
		...tenantTable(
			'runtimes',
			`id text not null, file text not null, document bytea not null, applied_by text not null, applied_at ${at},
			primary key (org_id, id)`,
		),
		...tenantTable(
			'sandbox_specs',
			`id text not null, project text not null, agent text not null, runtime_id text not null, file text not null,
			document bytea not null, files jsonb not null, created_by text not null, created_at ${at},
			primary key (org_id, id), foreign key (org_id, project, agent) references agents`,
		),
		...tenantTable(
			'sandboxes',
			`id text not null, name text, spec_id text not null, project text not null, agent text not null,
			runtime_id text not null,
			state text not null default 'pending' check (state in ('pending', 'active', 'revoked', 'locked')), state_reason text,
			epoch integer not null default 0, policy_version bigint not null default 0, policy_sha256 text, policy_key text,
			stale boolean not null default true, stale_since timestamptz default now(), compile_error text,
			seq bigint not null default 0, generation bigint not null default 0,
			created_by text not null, created_at ${at}, revoked_at timestamptz,
			primary key (org_id, id), unique (org_id, name), foreign key (org_id, spec_id) references sandbox_specs`,
		),
		'create index sandboxes_stale on sandboxes (org_id, id) where stale',
		'create index sandboxes_scope on sandboxes (org_id, project, agent)',
		...tenantTable(
			'compiled_policies',
			`sha256 text not null, compiled_policy jsonb not null, effective_pipeline jsonb not null, because jsonb not null,
			created_at ${at}, primary key (org_id, sha256)`,
		),
		...tenantTable(
			'policy_statements',
			`sandbox_id text not null, epoch integer not null, policy_version bigint not null, sha256 text not null,
			envelope bytea not null, compiled_sha256 text not null, key_id text not null, issued_at timestamptz not null,
			primary key (org_id, sandbox_id, epoch, policy_version),
			foreign key (org_id, sandbox_id) references sandboxes, foreign key (org_id, compiled_sha256) references compiled_policies`,
		),
		...tenantTable(
			'data_keys',
			`id text not null, kms_key_id text not null, wrapped bytea not null, created_at ${at}, retired_at timestamptz,
			primary key (org_id, id)`,
		),
		...tenantTable(
			'org_keys',
			`key_id text not null,
			role text not null check (role in ('policy', 'freshness', 'token', 'audit', 'host_ca', 'operator_token')),
			algorithm text not null check (algorithm in ('ed25519', 'es256')), spki bytea not null, sealed bytea not null,
			data_key_id text not null, certificate bytea, created_at ${at}, retired_at timestamptz,
			primary key (org_id, key_id), foreign key (org_id, data_key_id) references data_keys`,
		),
		'create unique index org_keys_current on org_keys (org_id, role) where retired_at is null',
		...tenantTable(
			'roots',
			`version integer not null, epoch integer not null, document bytea not null, sha256 text not null, created_at ${at},
			primary key (org_id, version)`,
		),
		...tenantTable(
			'bootstraps',
			`id text not null, token_hash bytea not null, sandbox_id text not null, created_by text not null, created_at ${at},
			expires_at timestamptz not null, used_at timestamptz, used_key_sha256 text, used_from text, response bytea,
			primary key (org_id, id), unique (org_id, token_hash), foreign key (org_id, sandbox_id) references sandboxes`,
		),
		...tenantTable(
			'certificates',
			`serial text not null, sandbox_id text not null, generation bigint not null, spki_sha256 text not null,
			certificate bytea not null, not_before timestamptz not null, not_after timestamptz not null, created_at ${at},
			first_seen_at timestamptz, revoked_at timestamptz,
			primary key (org_id, serial), foreign key (org_id, sandbox_id) references sandboxes`,
		),
		'create index certificates_sandbox on certificates (org_id, sandbox_id, generation)',
		...tenantTable(
			'sandbox_status',
			`sandbox_id text not null, epoch integer not null, policy_version bigint not null, policy_sha256 text,
			rings jsonb not null, detail jsonb not null, reported_at ${at},
			primary key (org_id, sandbox_id), foreign key (org_id, sandbox_id) references sandboxes`,
		),
		...tenantTable(
			'sessions',
			`id text not null, sandbox_id text not null,
			state text not null default 'open' check (state in ('open', 'closed', 'killed')), opened_at ${at},
			closed_at timestamptz, detail jsonb not null,
			primary key (org_id, id), foreign key (org_id, sandbox_id) references sandboxes`,
		),
		"create index sessions_open on sessions (org_id, sandbox_id) where state = 'open'",
		...tenantTable(
			'host_events',
			`sandbox_id text not null, event_id text not null, kind text not null, at timestamptz not null, body jsonb not null,
			received_at ${at}, primary key (org_id, sandbox_id, event_id),
			foreign key (org_id, sandbox_id) references sandboxes`,
		),
		...tenantTable(
			'security_events',
			`id bigint generated always as identity, code text not null, sandbox_id text, detail jsonb not null, at ${at},
			primary key (org_id, id)`,
		),
		...tenantTable(
			'idempotency_keys',
			`user_id text not null, key text not null, request_sha256 text not null, status integer, response text,
			created_at ${at}, primary key (org_id, user_id, key)`,
		),
		...tenantTable(
			'recompiles',
			`id bigint generated always as identity, reason text not null, requested_by text not null, total integer not null,
			done integer not null default 0, failed integer not null default 0, created_at ${at}, finished_at timestamptz,
			primary key (org_id, id)`,
		),
	]),
};
