import type { Json, OrgId, SandboxId } from '@tappass/core';
import type { Audit, ServerEvent } from '../audit-store/append.ts';
import type { OrgTransaction } from '../store/store.ts';

/** Something that an operator should look at; never a secret or content. */
export interface SecurityEvent {
	readonly code: string;
	readonly sandbox_id: SandboxId | null;
	readonly detail: { readonly [key: string]: Json };
	/** Who says so; the sandbox itself when left out. */
	readonly actor?: ServerEvent['actor'];
}

/** Keeps a security event for the operator, and records it in the audit log. */
export async function tellSecurity(
	transaction: OrgTransaction,
	audit: Audit,
	orgId: OrgId,
	{ actor, code, sandbox_id, detail }: SecurityEvent,
): Promise<void> {
	await transaction
		.insertInto('security_events')
		.values({ org_id: orgId, code, sandbox_id, detail: JSON.stringify(detail) })
		.execute();
	await audit.appendIn(transaction, [
		audit.event({
			type: 'security.alarm',
			org_id: orgId,
			actor: actor ?? (sandbox_id === null ? { kind: 'unknown', id: 'host' } : { kind: 'host', id: sandbox_id }),
			decision: 'block',
			code,
			...(sandbox_id === null ? {} : { sandbox_id }),
			payload: detail,
		}),
	]);
}
