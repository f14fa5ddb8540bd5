import { type OrgId, orgIdSchema, type SandboxId, sandboxIdSchema } from '@tappass/core';
import { z } from 'zod';
import { ordinalSchema, sha256Schema } from '../statement/policy-statement.ts';

/** The door a capability token opens: the LLM Gateway or the MCP Broker. */
export type TokenAudience = 'gateway' | 'broker';

/** What a capability token says; it names a policy version and can only ever narrow it. */
export interface CapabilityClaims {
	readonly iss: 'tappass';
	readonly aud: TokenAudience;
	/** The sandbox that may present the token. */
	readonly sub: SandboxId;
	readonly org_id: OrgId;
	/** The session, opened by the host or the server; never chosen by the agent. */
	readonly sid: string;
	/** `policy_version` that the token was minted under. */
	readonly pv: number;
	/** `allowDenyDigest` of that policy, hex. */
	readonly ad: string;
	/** Tool calls in a minute, at the most. */
	readonly rate: number;
	/** Unix seconds. */
	readonly iat: number;
	/** Unix seconds, at most five minutes after `iat`. */
	readonly exp: number;
	readonly jti: string;
}

const id = z
	.string()
	.regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'expected 1 to 64 letters, digits, dashes or underscores' });

/** Unknown claims are refused: one that this program does not know may be a limit it should have kept. */
export const capabilityClaimsSchema: z.ZodType<CapabilityClaims> = z.strictObject({
	iss: z.literal('tappass'),
	aud: z.enum(['gateway', 'broker']),
	sub: sandboxIdSchema,
	org_id: orgIdSchema,
	sid: id,
	pv: ordinalSchema,
	ad: sha256Schema,
	rate: z.int().min(0).max(1_000_000),
	iat: z.int().min(0),
	exp: z.int().min(0),
	jti: id,
});
