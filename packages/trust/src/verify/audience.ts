import { type OrgId, type RuntimeId, type SandboxId, TapPassError } from '@tappass/core';
import type { Keyring } from './keyring.ts';

/** Whom a host acts for, fixed at enrolment. */
export interface Audience {
	readonly org_id: OrgId;
	readonly sandbox_id: SandboxId;
	readonly runtime_id?: RuntimeId;
	readonly region?: string;
}

/**
 * Both statements must name this org and this sandbox, and the Runtime and region when they are fixed: a genuine keyring
 * of a neighbour is refused. The error's fields name whom it was for, so that both tenants can be told.
 * @throws {TapPassError} audience_mismatch
 */
export function assertAudience(audience: Audience, { policy, freshness }: Keyring): void {
	const { identity } = policy.statement;
	const fits =
		identity.org_id === audience.org_id &&
		identity.sandbox_id === audience.sandbox_id &&
		freshness.statement.org_id === audience.org_id &&
		freshness.statement.sandbox_id === audience.sandbox_id &&
		identity.runtime_id === (audience.runtime_id ?? identity.runtime_id) &&
		identity.region === (audience.region ?? identity.region);
	if (fits) return;
	const { org_id, sandbox_id } = identity;
	throw new TapPassError('audience_mismatch', { fields: { claimed_org_id: org_id, claimed_sandbox_id: sandbox_id } });
}
