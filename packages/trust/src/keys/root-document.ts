import { type OrgId, orgIdSchema } from '@tappass/core';
import { z } from 'zod';
import { trustLimits } from '../limits.ts';
import { instantSchema } from '../statement/instant.ts';
import { ordinalSchema, sha256Schema } from '../statement/policy-statement.ts';
import type { KeyAlgorithm } from './public-key.ts';

/** What a key may sign; a key has exactly one role. */
export type KeyRole = 'root' | 'policy' | 'freshness' | 'token' | 'audit';
export const keyRoles: readonly KeyRole[] = ['root', 'policy', 'freshness', 'token', 'audit'];

/** How many of which keys must sign. */
export interface RoleKeys {
	readonly threshold: number;
	readonly keyids: readonly string[];
}

/** A key as a root document lists it. */
export interface ListedKey {
	readonly algorithm: KeyAlgorithm;
	/** SPKI in DER, base64. */
	readonly public: string;
}

/** Which keys speak for an org; signed by a threshold of its own root keys and of those before. */
export interface RootDocument {
	readonly schema: 'tappass.root/1';
	readonly org_id: OrgId;
	/** From 1; the next document is exactly one higher. */
	readonly version: number;
	/** Raised to make every host forget the versions it has seen; never lowered. */
	readonly epoch: number;
	readonly issued_at: string;
	readonly expires_at: string;
	/** By key id. */
	readonly keys: Readonly<Record<string, ListedKey>>;
	readonly roles: Readonly<Record<KeyRole, RoleKeys>>;
	/** SHA-256 of the SPKI of the CA that the host plane's certificates chain to, hex. */
	readonly host_ca_spki_sha256: string;
}

const role = z.strictObject({
	threshold: z.int().min(1).max(trustLimits.signaturesMax),
	keyids: z.array(sha256Schema).min(1).max(trustLimits.signaturesMax),
});

/** The shape alone; `trustedRoot` checks what the parts say about each other. */
export const rootDocumentSchema: z.ZodType<RootDocument> = z.strictObject({
	schema: z.literal('tappass.root/1'),
	org_id: orgIdSchema,
	version: ordinalSchema,
	epoch: ordinalSchema,
	issued_at: instantSchema,
	expires_at: instantSchema,
	keys: z.record(
		sha256Schema,
		z.strictObject({ algorithm: z.enum(['ed25519', 'es256']), public: z.string().max(256) }),
	),
	roles: z.strictObject({ root: role, policy: role, freshness: role, token: role, audit: role }),
	host_ca_spki_sha256: sha256Schema,
});
