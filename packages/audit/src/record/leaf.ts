import { hash } from 'node:crypto';
import {
	type Because,
	canonicalBytes,
	canonicalJson,
	type Json,
	type Level,
	levels,
	parseJson,
	type StepName,
	steps,
	TapPassError,
} from '@tappass/core';
import { z } from 'zod';
import { auditFormatLimits } from '../limits.ts';
import type { Actor, AuditEvent, Erasure } from './event.ts';
import { eventTypes, missingFields } from './event-types.ts';

/**
 * The clear text of one entry of the log. It holds nothing that anyone wrote freely: names of a fixed form, numbers, and
 * hashes that cannot be guessed without their salt.
 */
export interface Leaf {
	readonly v: 1;
	/** UUIDv7 of the event. */
	readonly id: string;
	/** RFC 3339, UTC, milliseconds. */
	readonly ts: string;
	/** A row of `eventTypes`. */
	readonly type: string;
	/** Random, and kept beside the log with whom it stands for: when that row is gone, so is the link. */
	readonly actor_pseudonym: string;
	readonly decision: AuditEvent['decision'];
	readonly request_id?: string | undefined;
	readonly policy_version?: number | undefined;
	readonly step?: StepName | undefined;
	readonly code?: string | undefined;
	readonly level?: Level | undefined;
	/** SHA-256(salt ‖ canonical JSON of the Because trail), hex. */
	readonly because_sha256?: string | undefined;
	/** SHA-256(salt ‖ canonical JSON of the payload), hex. */
	readonly payload_commit: string;
	/** Of an erasure alone: whose payloads are gone, and by what right. */
	readonly erases?: Erasure | undefined;
}

/** What a leaf's commitment stands for; the store keeps it encrypted. */
export interface PrivateRecord {
	readonly actor: Actor;
	readonly sandbox_id?: string | undefined;
	readonly session_id?: string | undefined;
	readonly because?: readonly (readonly Because[])[] | undefined;
	readonly payload: Json;
}

/** An event, made ready for the log. */
export interface MadeLeaf {
	/** Canonical JSON: the bytes of the entry. */
	readonly leaf: Uint8Array;
	/** The salt, then the canonical JSON of the private record: SHA-256 of it is `payload_commit`. Encrypt it, or erase it. */
	readonly opening: Uint8Array;
}

/** Bytes of a salt. */
export const saltBytes = 32;

const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
// Names of a fixed form: no place for a sentence, an address, a key or a token.
const name = z.string().regex(/^[a-z][a-z0-9_]{0,63}(?:\.[a-z0-9_]{1,64})?$/);

const leafSchema: z.ZodType<Leaf> = z.strictObject({
	v: z.literal(1),
	id: z.string().regex(uuid7),
	ts: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
	type: z.string().refine((type) => Object.hasOwn(eventTypes, type)),
	actor_pseudonym: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
	decision: z.enum(['allow', 'block', 'notify', 'none']),
	request_id: z
		.string()
		.regex(/^(?:[a-z]{2,8}_)?[0-9a-z-]{8,40}$/)
		.optional(),
	policy_version: z.int().min(0).optional(),
	step: z.enum(steps.map((step) => step.name)).optional(),
	code: name.optional(),
	level: z.enum(levels).optional(),
	because_sha256: sha256.optional(),
	payload_commit: sha256,
	erases: z
		.strictObject({
			indices: z.array(z.int().min(0)).max(auditFormatLimits.erasedIndicesMax),
			legal_basis: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
		})
		.optional(),
});

/**
 * Makes the entry of an event and what it commits to.
 *
 * @param terms.pseudonym stands for the actor: 16 random bytes in base64url
 * @param terms.salt 32 random bytes, never used twice
 * @throws {TapPassError} audit_event_invalid when the event is of no known type, lacks what its type must name, or has
 * something in a clear field that does not belong there
 */
export function makeLeaf(
	event: AuditEvent,
	{ pseudonym, salt }: { readonly pseudonym: string; readonly salt: Uint8Array },
): MadeLeaf {
	const { actor, because, sandbox_id, session_id, payload = null, type } = event;
	if (salt.length !== saltBytes) throw invalid(event, 'with a salt that is not of 32 bytes');
	const missing = missingFields(event);
	if (missing === undefined) throw invalid(event, 'of a type that is in no row of event-types.ts');
	if (missing.length > 0) throw invalid(event, `without ${missing.join(', ')}`);
	const secret: PrivateRecord = { actor, sandbox_id, session_id, because, payload };
	const opening = salted(salt, canonicalBytes(secret));
	const leaf: Leaf = {
		v: 1,
		id: event.id,
		ts: timestamp(event),
		type,
		actor_pseudonym: pseudonym,
		decision: event.decision,
		request_id: event.request_id,
		policy_version: event.policy_version,
		step: event.step,
		code: event.code,
		level: event.level,
		because_sha256: because === undefined ? undefined : commitTo(salt, because),
		payload_commit: hash('sha256', opening, 'hex'),
		erases: event.erases,
	};
	const parsed = leafSchema.safeParse(leaf);
	// Not what the field holds: it may be the very thing that must not be written anywhere.
	if (!parsed.success) throw invalid(event, `with a bad /${parsed.error.issues[0]?.path.join('/')}`);
	const bytes = canonicalBytes(parsed.data);
	if (bytes.length > auditFormatLimits.leafBytesMax) throw invalid(event, 'with a leaf that is too large');
	return { leaf: bytes, opening };
}

/**
 * Reads the bytes of an entry back.
 * @throws {TapPassError} audit_corrupt when they are not the canonical JSON of a leaf
 */
export function parseLeaf(bytes: Uint8Array): Leaf {
	let value: Json;
	try {
		value = parseJson(bytes, { bytesMax: auditFormatLimits.entryBytesMax });
	} catch (cause) {
		throw new TapPassError('audit_corrupt', { detail: 'an entry that is not JSON', cause });
	}
	const parsed = leafSchema.safeParse(value);
	if (!parsed.success || canonicalJson(parsed.data) !== new TextDecoder().decode(bytes))
		throw new TapPassError('audit_corrupt', { detail: 'an entry that is not a leaf in its one form' });
	return parsed.data;
}

/**
 * What a leaf commits to, checked against it.
 * @throws {TapPassError} audit_corrupt when the opening is not the one that was committed to
 */
export function openLeaf(leaf: Leaf, opening: Uint8Array): PrivateRecord {
	const differs = new TapPassError('audit_corrupt', { detail: `the payload of ${leaf.id} is not what its entry says` });
	if (opening.length <= saltBytes || hash('sha256', opening, 'hex') !== leaf.payload_commit) throw differs;
	const salt = opening.subarray(0, saltBytes);
	const secret = parseJson(opening.subarray(saltBytes), { bytesMax: opening.length }) as unknown as PrivateRecord;
	const because = secret.because === undefined ? undefined : commitTo(salt, secret.because);
	if (because !== leaf.because_sha256) throw differs;
	return secret;
}

function timestamp(event: AuditEvent): string {
	if (!Number.isInteger(event.at) || Math.abs(event.at) > 8.64e15) throw invalid(event, 'with a bad /at');
	return new Date(event.at).toISOString();
}

function commitTo(salt: Uint8Array, value: object): string {
	return hash('sha256', salted(salt, canonicalBytes(value)), 'hex');
}

function salted(salt: Uint8Array, bytes: Uint8Array): Uint8Array {
	return Buffer.concat([salt, bytes]);
}

function invalid({ id, type }: AuditEvent, what: string): TapPassError {
	return new TapPassError('audit_event_invalid', {
		detail: `an event ${what}`,
		fields: { event_type: name.safeParse(type).data ?? 'malformed', event_id: uuid7.test(id) ? id : 'malformed' },
	});
}
