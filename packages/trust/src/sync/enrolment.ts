import { type Json, type OrgId, orgIdSchema, type SandboxId, sandboxIdSchema } from '@tappass/core';
import { z } from 'zod';
import type { Envelope } from '../envelope/envelope.ts';
import { trustLimits } from '../limits.ts';

/** What a host sends to redeem a bootstrap URL, to `POST /install/<token>/exchange`. */
export interface ExchangeRequest {
	readonly schema: 'tappass.exchange/1';
	/** PKCS#10 in PEM; only its P-256 key is read. */
	readonly csr: string;
	/** The host's own name for the sandbox, unique in the org. */
	readonly name: string;
	/** Version of the newest root document that the host has walked to. */
	readonly root_version: number;
}

/**
 * The answer to `GET /v1/roots/<org>/<sha256>/after`: the root documents after that one, oldest first. It is asked before
 * a bootstrap URL is redeemed, without its token: what a host cannot walk to burns nothing.
 */
export interface RootsAnswer {
	readonly schema: 'tappass.roots/1';
	readonly roots: readonly Envelope[];
}

/** What a host sends to get its next certificate, to `POST /v1/sync/renew`. */
export interface RenewalRequest {
	readonly schema: 'tappass.renewal/1';
	readonly csr: string;
}

/** A certificate for one hour. */
export interface CertificateAnswer {
	readonly schema: 'tappass.certificate/1';
	/** X.509 in PEM. */
	readonly certificate: string;
	/** The CA of the host plane that the root document lists, PEM; after it the one that is to follow, if one waits. */
	readonly ca: string;
	/** Grows by one with each certificate of the sandbox. */
	readonly generation: number;
	/** An instant; half of the life before it is the time to renew. */
	readonly expires_at: string;
}

/** The answer to an exchange: who the host is from now on, and all it needs to begin. */
export interface EnrolmentAnswer {
	readonly schema: 'tappass.enrolment/1';
	readonly org_id: OrgId;
	readonly sandbox_id: SandboxId;
	readonly sync_url: string;
	readonly certificate: CertificateAnswer;
	/** Root documents after the one that the host said it has, oldest first; mostly none. */
	readonly roots: readonly Envelope[];
	/** A `tappass.keyring/1` document. */
	readonly keyring: { readonly [key: string]: Json };
}

const csr = z.string().min(1).max(8_192);

export const exchangeRequestSchema: z.ZodType<ExchangeRequest> = z.strictObject({
	schema: z.literal('tappass.exchange/1'),
	csr,
	name: z.string().regex(/^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/, {
		error: 'expected 1 to 63 lower-case letters, digits, dashes or underscores',
	}),
	root_version: z.int().min(1),
});

export const renewalRequestSchema: z.ZodType<RenewalRequest> = z.strictObject({
	schema: z.literal('tappass.renewal/1'),
	csr,
});

export const certificateAnswerSchema: z.ZodType<CertificateAnswer> = z.strictObject({
	schema: z.literal('tappass.certificate/1'),
	certificate: z.string().max(16_384),
	ca: z.string().max(16_384),
	generation: z.int().min(1),
	expires_at: z.string(),
});

const envelope = z.strictObject({
	payloadType: z.string(),
	payload: z.string(),
	signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.string() })),
}) as unknown as z.ZodType<Envelope>;

const roots = z.array(envelope).max(trustLimits.rootChainMax);

/** A host reads the answer with this; it believes the documents only after it has walked to them. */
export const rootsAnswerSchema: z.ZodType<RootsAnswer> = z.strictObject({
	schema: z.literal('tappass.roots/1'),
	roots,
}) as unknown as z.ZodType<RootsAnswer>;

/** A host reads the answer with this; what is inside `roots` and `keyring` it believes only after `pinRoot` and `decide`. */
export const enrolmentAnswerSchema: z.ZodType<EnrolmentAnswer> = z.strictObject({
	schema: z.literal('tappass.enrolment/1'),
	org_id: orgIdSchema,
	sandbox_id: sandboxIdSchema,
	sync_url: z.url({ protocol: /^https$/ }).max(512),
	certificate: certificateAnswerSchema,
	roots,
	keyring: z.record(z.string(), z.json()),
}) as unknown as z.ZodType<EnrolmentAnswer>;
