import type { Migration } from 'kysely/migration';
import { runStatements } from '../run-statements.ts';
import { tenantTable } from '../tenant-table.ts';

const at = 'timestamptz not null default now()';
const sealed = 'sealed bytea not null, data_key_id text not null';

/** What the gateway and broker share between replicas. Whatever holds content is sealed by the org's data key. */
export const gateway: Migration = {
	up: runStatements([
		`alter table sessions add column calls bigint not null default 0, add column tool_calls bigint not null default 0,
			add column tokens bigint not null default 0, add column dollars double precision not null default 0,
			add column recent jsonb not null default '[]', add column killed_code text, add column killed_reason text`,
		...tenantTable(
			'budget_periods',
			`sandbox_id text not null, period text not null, tokens bigint not null default 0,
			dollars double precision not null default 0, primary key (org_id, sandbox_id, period)`,
		),
		// Settled ones are remembered too: a reservation that arrives after its settlement must take nothing.
		...tenantTable(
			'budget_reservations',
			`request_id text not null, sandbox_id text not null, day text not null, month text not null, tokens bigint not null,
			dollars double precision not null, settled boolean not null default false, created_at ${at},
			primary key (org_id, request_id)`,
		),
		'create index budget_reservations_age on budget_reservations (org_id, created_at)',
		...tenantTable(
			'rate_windows',
			`sandbox_id text not null, kind text not null check (kind in ('model', 'tool')), minute bigint not null,
			count integer not null, primary key (org_id, sandbox_id, kind)`,
		),
		...tenantTable(
			'approvals',
			`ticket text not null, sandbox_id text not null, policy_version integer not null, tool text not null,
			args_sha256 text not null, approval_id text not null, approvers integer not null check (approvers > 0),
			approved_by text[] not null default '{}',
			state text not null default 'pending' check (state in ('pending', 'granted', 'denied', 'used')),
			reason text, project text not null, agent text not null, session_id text not null,
			requested_by text not null check (requested_by in ('rule', 'trust_level', 'rego')), ${sealed},
			created_at ${at}, expires_at timestamptz not null, decided_at timestamptz, used_at timestamptz,
			primary key (org_id, ticket)`,
		),
		`create unique index approvals_pending on approvals (org_id, sandbox_id, policy_version, tool, args_sha256)
			where state = 'pending'`,
		...tenantTable(
			'discovered_tools',
			`tool text not null, definition_sha256 text not null, server text not null,
			kind text not null check (kind in ('unknown', 'changed')), description text not null, definition jsonb not null,
			sandbox_id text, seen bigint not null default 1, first_seen ${at}, last_seen ${at},
			state text not null default 'open' check (state in ('open', 'approved', 'denied')), decided_by text,
			decided_at timestamptz, primary key (org_id, tool, definition_sha256)`,
		),
		...tenantTable(
			'approved_tools',
			`tool text not null, facts jsonb not null, approved_by text not null, approved_at ${at}, primary key (org_id, tool)`,
		),
		...tenantTable(
			'tool_pins',
			`tool text not null, sha256 text not null, definition jsonb not null, pinned_at ${at}, primary key (org_id, tool)`,
		),
		...tenantTable(
			'clearances',
			`project text not null, agent text not null, framework text not null, level integer not null,
			granted_by text not null, granted_at ${at}, primary key (org_id, project, agent, framework)`,
		),
		...tenantTable(
			'classifications',
			`resource text not null, framework text not null, level integer not null, set_by text not null, set_at ${at},
			primary key (org_id, resource, framework)`,
		),
		...tenantTable(
			'secrets',
			`name text not null, ${sealed}, created_by text not null, created_at ${at}, primary key (org_id, name)`,
		),
		...tenantTable(
			'upstreams',
			`name text not null,
			speaks text not null check (speaks in ('openai', 'anthropic', 'google', 'mistral', 'openai-compatible')),
			base_url text not null, models text[] not null, region text, secret text, timeout_ms integer not null,
			position integer not null default 0, created_by text not null, created_at ${at}, primary key (org_id, name)`,
		),
		...tenantTable(
			'model_prices',
			`model text not null, input double precision not null, output double precision not null,
			cache_read double precision not null, cache_write double precision not null, set_by text not null, set_at ${at},
			primary key (org_id, model)`,
		),
		...tenantTable(
			'mcp_servers',
			`name text not null, transport jsonb not null, credentials jsonb not null, auto_approve boolean not null default false,
			revision bigint not null default 1, created_by text not null, created_at ${at}, primary key (org_id, name)`,
		),
		...tenantTable(
			'unenrolled_callers',
			`source text not null, signature text not null, user_agent text, seen bigint not null default 1, first_seen ${at},
			last_seen ${at}, primary key (org_id, source, signature)`,
		),
		...tenantTable(
			'pseudonyms',
			`session_id text not null, token text not null, ${sealed}, created_at ${at}, primary key (org_id, session_id, token)`,
		),
		...tenantTable(
			'signals',
			`hour timestamptz not null, sandbox_id text not null, kind text not null, tool text not null, shape text not null,
			detection text not null, unknown_tool boolean not null, blocked boolean not null, count bigint not null,
			primary key (org_id, hour, sandbox_id, kind, tool, shape, detection, unknown_tool, blocked)`,
		),
	]),
};
