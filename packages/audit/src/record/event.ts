import type { Because, Json, Level, OrgId, SandboxId, StepName } from '@tappass/core';

/** Who did what an event tells. Only a pseudonym of the id is in a leaf. */
export interface Actor {
	readonly kind: 'operator' | 'host' | 'agent' | 'server' | 'unknown';
	/** `user_…`, `sbx_…`, a key id, an address; never a secret. */
	readonly id: string;
}

/** What an erasure took away: a tombstone names it, so that everyone sees why a payload is missing. */
export interface Erasure {
	/** Indices of the entries whose payloads are gone, ascending. */
	readonly indices: readonly number[];
	/** A name, not a sentence, since it is in clear text: `gdpr-art-17`, `court-order`. */
	readonly legal_basis: string;
}

/** Something that happened, as whoever saw it hands it to the log. What becomes clear text in a leaf is decided there. */
export interface AuditEvent {
	/** UUIDv7. The same id is appended once, so a caller may repeat what it got no answer to. */
	readonly id: string;
	/** `noun.verb`, one of `eventTypes`: `policy.applied`, `call.admitted`, `call.settled`, `host.denied`. */
	readonly type: string;
	readonly org_id: OrgId;
	/** Unix milliseconds. */
	readonly at: number;
	readonly actor: Actor;
	readonly decision: 'allow' | 'block' | 'notify' | 'none';
	readonly sandbox_id?: SandboxId;
	readonly session_id?: string;
	readonly policy_version?: number;
	/** Threads gateway, broker, host proxy, audit and traces. */
	readonly request_id?: string;
	readonly step?: StepName;
	/** Code of the error table, or of a finding. */
	readonly code?: string;
	/** Which level of the cascade decided. */
	readonly level?: Level;
	readonly because?: readonly (readonly Because[])[];
	/** Of `audit.erased` alone. */
	readonly erases?: Erasure;
	/** Everything else, prompts and arguments included: kept encrypted beside the log, in the leaf only as a salted commitment. */
	readonly payload?: Json;
}
