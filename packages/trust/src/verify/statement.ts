import { hash } from 'node:crypto';
import type { Json } from '@tappass/core';
import type { z } from 'zod';
import { openEnvelope } from '../envelope/envelope.ts';
import { parsePayload, typedPayload } from '../envelope/payload.ts';
import type { PayloadType } from '../envelope/payload-type.ts';
import type { KeyRole } from '../keys/root-document.ts';
import type { TrustedRoot } from '../keys/trusted-root.ts';
import { assertSigned } from './signatures.ts';

/** A statement whose signatures held, parsed once from the very bytes that were signed. */
export interface Verified<T> {
	readonly statement: T;
	/** SHA-256 of the exact payload bytes, hex. */
	readonly sha256: string;
	/** Ids of the keys of its role that signed it. */
	readonly signers: readonly string[];
}

/** How one kind of statement is recognised: its payload type, the role that signs it, its shape. */
export interface StatementKind<T> {
	readonly payloadType: PayloadType;
	readonly role: KeyRole;
	readonly schema: z.ZodType<T>;
	/** Looks at the parsed payload before its shape is checked, and throws to refuse it. */
	readonly first?: (payload: Json) => void;
}

/** A statement that was parsed before, and the hash of the bytes it came from. */
export interface Known<T> {
	readonly statement: T;
	readonly sha256: string;
}

/** An envelope of one kind whose signatures held; nothing of its payload has been parsed. */
export interface Signed<T> {
	readonly kind: StatementKind<T>;
	readonly payload: Uint8Array;
	readonly signers: readonly string[];
}

/**
 * Opens an envelope of one kind and checks its signatures.
 * @throws {TapPassError} payload_malformed, payload_type_mismatch, sig_…, key_…, threshold_unmet
 */
export function signedStatement<T>(root: TrustedRoot, value: Json | undefined, kind: StatementKind<T>): Signed<T> {
	const envelope = openEnvelope(value, kind.payloadType);
	return { kind, payload: envelope.payload, signers: assertSigned(envelope, root, kind.role) };
}

/**
 * Parses a signed payload: strict JSON, then its shape. Bytes that hash to those of `known` are not parsed again.
 * @throws {TapPassError} payload_malformed
 */
export function parsedStatement<T>({ kind, payload, signers }: Signed<T>, known?: Known<T>): Verified<T> {
	const sha256 = hash('sha256', payload, 'hex');
	if (known?.sha256 === sha256) return { statement: known.statement, sha256, signers };
	const value = parsePayload(payload);
	kind.first?.(value);
	return { statement: typedPayload(kind.schema, value, kind.role), sha256, signers };
}
