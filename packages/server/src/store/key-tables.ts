import type { OrgId } from '@tappass/core';
import type { Generated } from 'kysely';
import type { Bytes, MaybeBytes, MaybeMoment, Moment } from './columns.ts';

/* The keys of an org, and its root documents. */

/** An org's data key, wrapped by the KMS. */
export interface DataKeyTable {
	readonly org_id: OrgId;
	readonly id: string;
	kms_key_id: string;
	wrapped: Bytes;
	readonly created_at: Moment;
	retired_at: MaybeMoment;
}

/** What a key of an org is for. `host_ca` certifies hosts, `operator_token` signs operators' JWTs. */
export type OrgKeyRole = 'policy' | 'freshness' | 'token' | 'audit' | 'host_ca' | 'operator_token';

/** A private key of an org, sealed by its data key. */
export interface OrgKeyTable {
	readonly org_id: OrgId;
	/** SHA-256 of the SPKI, hex. */
	readonly key_id: string;
	readonly role: OrgKeyRole;
	readonly algorithm: 'ed25519' | 'es256';
	readonly spki: Bytes;
	/** PKCS#8 PEM under AES-256-GCM; the org, role and key id are bound in. Empty once the key was retired. */
	sealed: Bytes;
	readonly data_key_id: string;
	/** X.509, DER; the CA alone has one. */
	readonly certificate: MaybeBytes;
	readonly created_at: Moment;
	retired_at: MaybeMoment;
	/** Made, but not listed by a root document yet: nothing is signed with it. */
	pending: Generated<boolean>;
}

/** A signed root document. */
export interface RootTable {
	readonly org_id: OrgId;
	readonly version: number;
	readonly epoch: number;
	/** `root.json`, exact bytes. */
	readonly document: Bytes;
	/** SHA-256 of the signed payload within, hex: what bootstrap URLs name. */
	readonly sha256: string;
	readonly created_at: Moment;
}

/**
 * Counts every time that keyrings of an org were signed. A copy is kept outside the database, so that a database which
 * was restored from a backup is found out.
 */
export interface WatermarkTable {
	readonly org_id: OrgId;
	counter: Generated<number>;
}
