import { levels, type Role, roles } from '@tappass/core';
import { describe, expect, it } from 'vitest';
import { accessMatrix, actionNames } from './matrix.ts';
import { type Membership, may, type Scope } from './may.ts';

const places: Readonly<Record<(typeof levels)[number], Scope>> = {
	org: { project: null, agent: null },
	project: { project: 'eu', agent: null },
	agent: { project: 'eu', agent: 'mailer' },
};
const foreign: readonly Scope[] = [
	{ project: 'us', agent: null },
	{ project: 'us', agent: 'mailer' },
];
const everything = ['*'];
const as = (
	role: Role,
	at: Scope,
	scopes: readonly string[] = everything,
): { scopes: readonly string[]; memberships: Membership[] } => ({
	scopes,
	memberships: [{ role, ...at }],
});

const ofTheOrg = [
	'runtime.apply',
	'key.manage',
	'admin.root',
	'audit.erase',
	'audit.cosign',
	'audit.witness',
	'upstream.manage',
	'mcp.manage',
	'secret.manage',
	'catalog.review',
	'barrier.manage',
];

// Seed 002 §6.2, written out once more by hand: what each role may change, and where.
const changes: Readonly<Record<Role, Readonly<Record<string, readonly string[]>>>> = {
	org_admin: Object.fromEntries(
		actionNames.map((action) => [action, ofTheOrg.includes(action) ? ['org'] : ['org', 'project', 'agent']]),
	),
	project_admin: {
		'policy.apply': ['project', 'agent'],
		'spec.create': ['project', 'agent'],
		'sandbox.create': ['project', 'agent'],
		'sandbox.revoke': ['project', 'agent'],
		'team.manage': ['project', 'agent'],
		'audit.read': ['project', 'agent'],
		'session.manage': ['project', 'agent'],
		'approval.decide': ['project', 'agent'],
	},
	agent_owner: {
		'policy.apply': ['agent'],
		'spec.create': ['agent'],
		'sandbox.create': ['agent'],
		'sandbox.revoke': ['agent'],
		'audit.read': ['agent'],
		'session.manage': ['agent'],
		'approval.decide': ['agent'],
	},
	auditor: { 'audit.read': ['org', 'project', 'agent'], 'audit.cosign': ['org'] },
};
const reads = ['status.read', 'policy.read', 'runtime.read', 'spec.read', 'sandbox.read', 'team.read', 'gateway.read'];

describe('every role at every level', () => {
	const rows = roles.flatMap((role) =>
		levels.flatMap((level) => actionNames.map((action) => ({ role, level, action }))),
	);

	it.each(rows)('$role of the whole org: $action at $level', ({ role, level, action }) => {
		const wanted = reads.includes(action) || (changes[role][action]?.includes(level) ?? false);

		expect(may(as(role, places.org), action, places[level])).toBe(wanted);
	});

	it.each(rows)('$role of one project has nothing in another: $action', ({ role, action }) => {
		for (const place of foreign) expect(may(as(role, places.project), action, place)).toBe(false);
	});

	it.each(rows)('$role of one agent changes nothing above it: $action', ({ role, action }) => {
		for (const level of ['org', 'project'] as const) {
			const allowed = may(as(role, places.agent), action, places[level]);

			expect(allowed).toBe(accessMatrix[action].upward);
			if (allowed) expect(reads).toContain(action);
		}
	});
});

describe('without a role', () => {
	it.each(actionNames)('nobody may %s', (action) => {
		for (const level of levels) expect(may({ scopes: everything, memberships: [] }, action, places[level])).toBe(false);
	});
});

describe('a limited key', () => {
	it.each(actionNames)('without %s does not give it, whatever the role', (action) => {
		const others = actionNames.filter((other) => other !== action);

		expect(may(as('org_admin', places.org, others), action, places.org)).toBe(false);
		expect(may(as('org_admin', places.org, []), action, places.org)).toBe(false);
	});

	it('covers a group by its prefix, up to the dot', () => {
		expect(may(as('org_admin', places.org, ['policy.*']), 'policy.apply', places.org)).toBe(true);
		expect(may(as('org_admin', places.org, ['pol*']), 'policy.apply', places.org)).toBe(false);
		expect(may(as('org_admin', places.org, ['.*']), 'policy.apply', places.org)).toBe(false);
	});

	it('never gives more than its user has', () => {
		expect(may(as('auditor', places.org), 'policy.apply', places.org)).toBe(false);
	});
});
