import type { Level, Role } from '@tappass/core';

/** Everything an operator can do; API keys are limited to a list of these. */
export type Action =
	| 'status.read'
	| 'policy.read'
	| 'policy.apply'
	| 'runtime.read'
	| 'runtime.apply'
	| 'spec.read'
	| 'spec.create'
	| 'sandbox.read'
	| 'sandbox.create'
	| 'sandbox.revoke'
	| 'audit.read'
	| 'audit.erase'
	| 'audit.cosign'
	| 'audit.witness'
	| 'team.read'
	| 'team.manage'
	| 'key.manage'
	| 'admin.root'
	| 'gateway.read'
	| 'upstream.manage'
	| 'mcp.manage'
	| 'secret.manage'
	| 'catalog.review'
	| 'barrier.manage'
	| 'session.manage'
	| 'approval.decide';

const everyone: readonly Role[] = ['org_admin', 'project_admin', 'agent_owner', 'auditor'];
const admins: readonly Role[] = ['org_admin', 'project_admin'];
const builders: readonly Role[] = ['org_admin', 'project_admin', 'agent_owner'];
const org: readonly Role[] = ['org_admin'];
const nobody: readonly Role[] = [];

/** The roles that a row lets act at each level. */
export interface AccessRow {
	readonly roles: Readonly<Record<Level, readonly Role[]>>;
	/** Whether a role further down may also look at the floors above it, of its own project and org. */
	readonly upward: boolean;
}

function at(orgRoles: readonly Role[], project: readonly Role[], agent: readonly Role[], upward = false): AccessRow {
	return { roles: { org: orgRoles, project, agent }, upward };
}

/** Who may do what at which level (seed 002 §6.2); a right at a level is also one at the levels below. */
export const accessMatrix: Readonly<Record<Action, AccessRow>> = {
	'status.read': at(everyone, everyone, everyone, true),
	// Whoever is bound by a floor may read it: a denial names it anyway.
	'policy.read': at(everyone, everyone, everyone, true),
	'policy.apply': at(org, admins, builders),
	'runtime.read': at(everyone, everyone, everyone, true),
	// A Runtime says which enforcement positions there are: it binds the whole org.
	'runtime.apply': at(org, nobody, nobody),
	'spec.read': at(everyone, everyone, everyone),
	'spec.create': at(org, admins, builders),
	'sandbox.read': at(everyone, everyone, everyone),
	'sandbox.create': at(org, admins, builders),
	'sandbox.revoke': at(org, admins, builders),
	'audit.read': at(['org_admin', 'auditor'], ['org_admin', 'project_admin', 'auditor'], everyone),
	// Erasing and choosing witnesses concern the log, which is the org's.
	'audit.erase': at(org, nobody, nobody),
	'audit.cosign': at(['org_admin', 'auditor'], nobody, nobody),
	'audit.witness': at(org, nobody, nobody),
	'team.read': at(everyone, everyone, everyone, true),
	'team.manage': at(org, admins, admins),
	// Keys of other people; one's own are always one's own.
	'key.manage': at(org, nobody, nobody),
	'admin.root': at(org, nobody, nobody),
	// Upstreams, servers, reviewed tools and barriers are the org's: every agent of it meets them.
	'gateway.read': at(everyone, everyone, everyone, true),
	'upstream.manage': at(org, nobody, nobody),
	// A server may be a program that runs beside the control plane.
	'mcp.manage': at(org, nobody, nobody),
	'secret.manage': at(org, nobody, nobody),
	'catalog.review': at(org, nobody, nobody),
	'barrier.manage': at(org, nobody, nobody),
	'session.manage': at(org, admins, builders),
	'approval.decide': at(org, admins, builders),
};

/** Every action, in the order of the table. */
export const actionNames: readonly Action[] = Object.keys(accessMatrix) as Action[];
