import { type Json, type OrgId, orgIdSchema, type SandboxId } from '@tappass/core';
import { z } from 'zod';
import type { Envelope } from '../envelope/envelope.ts';
import { instantSchema } from '../statement/instant.ts';
import { sha256Schema } from '../statement/policy-statement.ts';

/** The answer to `GET /v1/sync/snapshot?root_version=<n>`: all that is in force now. */
export interface Snapshot {
	readonly schema: 'tappass.snapshot/1';
	/** The server's clock: a host that finds everything expired can tell that its own is ahead. */
	readonly server_time: string;
	/** Root documents after the one the host has, oldest first. */
	readonly roots: readonly Envelope[];
	/** A `tappass.keyring/1` document; null while nothing is signed in the epoch in force. */
	readonly keyring: { readonly [key: string]: Json } | null;
}

/** What a host says of itself after it has loaded, or refused to load, a keyring: `POST /v1/sync/status`. */
export interface StatusReport {
	readonly schema: 'tappass.status/1';
	/** What is in force on the host; 0 when nothing is. */
	readonly epoch: number;
	readonly policy_version: number;
	readonly policy_sha256: string | null;
	/** Ring → Provider and state. */
	readonly rings: Readonly<Record<string, RingStatus>>;
	/** Whatever else helps an operator; small. */
	readonly detail: { readonly [key: string]: Json };
}

/** What is loaded in one ring. */
export interface RingStatus {
	readonly provider: string | null;
	readonly state: 'active' | 'restarting' | 'stale' | 'denied' | 'inactive' | 'failed';
	/** Version that is rendered there. */
	readonly policy_version: number;
}

/** A launch of the sandbox: `POST /v1/sync/sessions`. Tokens of the next keyrings are bound to it. */
export interface SessionRequest {
	readonly schema: 'tappass.session/1';
	readonly detail: { readonly [key: string]: Json };
}

/** The session that was opened, and a keyring whose tokens are bound to it. */
export interface SessionAnswer {
	readonly schema: 'tappass.session-opened/1';
	readonly session_id: string;
	readonly keyring: { readonly [key: string]: Json };
}

/** Something a host saw: a denial of the kernel ring, a payload it refused. */
export interface HostEvent {
	/** Chosen by the host; the same id is stored once. */
	readonly event_id: string;
	readonly kind: string;
	readonly at: string;
	readonly body: { readonly [key: string]: Json };
}

/** What a host saw since, in one request: `POST /v1/sync/events`. */
export interface EventsRequest {
	readonly schema: 'tappass.events/1';
	readonly events: readonly HostEvent[];
}

/** The body of an event of kind `sync_rejected`: a payload that the host refused, without its content. */
export interface SyncRejected {
	readonly code: string;
	/** Whom a misdirected payload was for. */
	readonly claimed_org_id?: OrgId;
	readonly claimed_sandbox_id?: SandboxId;
}

const name = z.string().regex(/^[a-z0-9_-]{1,64}$/, { error: 'expected 1 to 64 of a-z, 0-9, dash and underscore' });
const id = z
	.string()
	.regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'expected 1 to 64 letters, digits, dashes or underscores' });
const object = z.record(z.string().max(64), z.json());
const count = z.int().min(0);

export const statusReportSchema: z.ZodType<StatusReport> = z.strictObject({
	schema: z.literal('tappass.status/1'),
	epoch: count,
	policy_version: count,
	policy_sha256: sha256Schema.nullable(),
	rings: z.record(
		name,
		z.strictObject({
			provider: name.nullable(),
			state: z.enum(['active', 'restarting', 'stale', 'denied', 'inactive', 'failed']),
			policy_version: count,
		}),
	),
	detail: object,
}) as unknown as z.ZodType<StatusReport>;

export const sessionRequestSchema: z.ZodType<SessionRequest> = z.strictObject({
	schema: z.literal('tappass.session/1'),
	detail: object,
}) as unknown as z.ZodType<SessionRequest>;

export const eventsRequestSchema: z.ZodType<EventsRequest> = z.strictObject({
	schema: z.literal('tappass.events/1'),
	events: z
		.array(z.strictObject({ event_id: id, kind: name, at: instantSchema, body: object }))
		.min(1)
		.max(200),
}) as unknown as z.ZodType<EventsRequest>;

/** Members of other names are let pass: hosts may say more about what they refused. */
export const syncRejectedSchema: z.ZodType<SyncRejected> = z.object({
	code: name,
	claimed_org_id: orgIdSchema.optional(),
	claimed_sandbox_id: z.string().max(64).optional(),
}) as unknown as z.ZodType<SyncRejected>;
