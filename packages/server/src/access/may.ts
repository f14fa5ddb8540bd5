import { type Level, type Role, TapPassError } from '@tappass/core';
import { type Action, accessMatrix } from './matrix.ts';

/** A place in the cascade: the org, one of its projects, or an agent of a project. */
export interface Scope {
	/** Null: the org itself. */
	readonly project: string | null;
	/** Null: the project itself. */
	readonly agent: string | null;
}

/** A role and where it holds. */
export interface Membership extends Scope {
	readonly role: Role;
}

/** Someone who has signed in. */
export interface Principal {
	readonly user_id: string;
	readonly email: string;
	/** The API key behind the token. */
	readonly key_id: string;
	/** Actions the key is limited to: `*`, `policy.*`, `policy.read`. */
	readonly scopes: readonly string[];
	readonly memberships: readonly Membership[];
}

export const orgScope: Scope = { project: null, agent: null };

/** The level of a place. */
export function levelOf({ project, agent }: Scope): Level {
	return project === null ? 'org' : agent === null ? 'project' : 'agent';
}

/** Whether `principal` may do `action` at `target`. A key never gives more than its user has. */
export function may(principal: Pick<Principal, 'scopes' | 'memberships'>, action: Action, target: Scope): boolean {
	return (
		principal.scopes.some((scope) => coversAction(scope, action)) &&
		principal.memberships.some((membership) => roleAllows(membership, action, target))
	);
}

/** @throws {TapPassError} forbidden */
export function assertMay(principal: Principal, action: Action, target: Scope): void {
	if (may(principal, action, target)) return;
	const where =
		levelOf(target) === 'org' ? 'org' : [target.project, target.agent].filter((part) => part !== null).join('/');
	throw new TapPassError('forbidden', {
		detail: `${principal.email} may not ${action} at ${where}`,
		hint: 'tappass whoami shows your roles and what your key is limited to',
	});
}

/** Whether one entry of a key's scopes covers an action. */
export function coversAction(scope: string, action: Action): boolean {
	return scope === '*' || scope === action || (scope.endsWith('.*') && action.startsWith(scope.slice(0, -1)));
}

function roleAllows(membership: Membership, action: Action, target: Scope): boolean {
	const { roles, upward } = accessMatrix[action];
	if (covers(membership, target)) return roles[levelOf(target)].includes(membership.role);
	return upward && covers(target, membership) && roles[levelOf(target)].includes(membership.role);
}

// Null stands for everything below: the org covers its projects, a project its agents.
function covers(outer: Scope, inner: Scope): boolean {
	return (
		(outer.project === null || outer.project === inner.project) && (outer.agent === null || outer.agent === inner.agent)
	);
}
