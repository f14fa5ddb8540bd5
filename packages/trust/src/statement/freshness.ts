import { type OrgId, orgIdSchema, type SandboxId, sandboxIdSchema } from '@tappass/core';
import { z } from 'zod';
import { trustLimits } from '../limits.ts';
import { instantSchema } from './instant.ts';
import { ordinalSchema, sha256Schema } from './policy-statement.ts';

/** Says that one policy version is still the current one, for at most five minutes; signed by the online key. */
export interface Freshness {
	readonly schema: 'tappass.freshness/1';
	readonly org_id: OrgId;
	readonly sandbox_id: SandboxId;
	readonly epoch: number;
	readonly policy_version: number;
	/** SHA-256 of the exact payload bytes of the PolicyStatement, hex. */
	readonly policy_sha256: string;
	/** Grows with each statement of an epoch. */
	readonly seq: number;
	readonly issued_at: string;
	readonly expires_at: string;
	readonly tokens: { readonly gateway_token: string; readonly mcp_session_token: string };
}

const token = z
	.string()
	.max(trustLimits.tokenLengthMax)
	.regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/, { error: 'expected a compact JWS' });

/** Shape of a freshness statement; unknown members are refused. */
export const freshnessSchema: z.ZodType<Freshness> = z.strictObject({
	schema: z.literal('tappass.freshness/1'),
	org_id: orgIdSchema,
	sandbox_id: sandboxIdSchema,
	epoch: ordinalSchema,
	policy_version: ordinalSchema,
	policy_sha256: sha256Schema,
	seq: ordinalSchema,
	issued_at: instantSchema,
	expires_at: instantSchema,
	tokens: z.strictObject({ gateway_token: token, mcp_session_token: token }),
});
