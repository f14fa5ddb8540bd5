import { type OrgId, orgIdSchema, type SandboxId, sandboxIdSchema } from '@tappass/core';

/** Whom a host's certificate names. */
export interface HostIdentity {
	readonly org_id: OrgId;
	readonly sandbox_id: SandboxId;
}

/** The SPIFFE id of a sandbox's host: `spiffe://<trust-domain>/org/<org>/sandbox/<sandbox>`. */
export function spiffeId(trustDomain: string, { org_id, sandbox_id }: HostIdentity): string {
	return `spiffe://${trustDomain}/org/${org_id}/sandbox/${sandbox_id}`;
}

/** Whom a SPIFFE id of this trust domain names; undefined for every other text. */
export function parseSpiffeId(trustDomain: string, uri: string): HostIdentity | undefined {
	const prefix = `spiffe://${trustDomain}/org/`;
	if (!uri.startsWith(prefix)) return undefined;
	const [org, word, sandbox, ...rest] = uri.slice(prefix.length).split('/');
	if (word !== 'sandbox' || rest.length > 0) return undefined;
	const org_id = orgIdSchema.safeParse(org);
	const sandbox_id = sandboxIdSchema.safeParse(sandbox);
	return org_id.success && sandbox_id.success ? { org_id: org_id.data, sandbox_id: sandbox_id.data } : undefined;
}

/**
 * The name under which the host plane shows an org's own certificate (SNI). It needs no DNS record: hosts connect to the
 * address of their `sync_url`, ask for this name, and check that the answer chains to the CA of their root document.
 */
export function hostPlaneName(orgId: OrgId): string {
	return `${orgId.slice('org_'.length)}.org.tappass.internal`;
}

/** The org that a connection asks for by SNI; undefined when it names none. */
export function orgOfHostPlaneName(name: string): OrgId | undefined {
	const suffix = '.org.tappass.internal';
	if (!name.endsWith(suffix)) return undefined;
	const parsed = orgIdSchema.safeParse(`org_${name.slice(0, -suffix.length)}`);
	return parsed.success ? parsed.data : undefined;
}
