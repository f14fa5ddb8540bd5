import { hash } from 'node:crypto';
import { type Json, TapPassError } from '@tappass/core';
import { decodeBase64, encodeBase64 } from '../envelope/base64.ts';
import { type OpenEnvelope, openEnvelope } from '../envelope/envelope.ts';
import { parsePayload, typedPayload } from '../envelope/payload.ts';
import { rootPayloadType } from '../envelope/payload-type.ts';
import { trustLimits } from '../limits.ts';
import { msOf } from '../statement/instant.ts';
import { assertSigned } from '../verify/signatures.ts';
import { importPublicKey, type PublicKey } from './public-key.ts';
import { type KeyRole, keyRoles, type ListedKey, type RootDocument, rootDocumentSchema } from './root-document.ts';

/** A root document that was verified, with its keys ready for use. */
export interface TrustedRoot {
	readonly document: RootDocument;
	/** SHA-256 of the exact payload bytes, hex: what a bootstrap URL pins. */
	readonly sha256: string;
	readonly keys: ReadonlyMap<string, PublicKey>;
	/** Unix milliseconds from which on the document is no longer believed. */
	readonly expires_at_ms: number;
}

/**
 * Accepts the first root document of a host: signed by a threshold of the keys it lists itself, and, when `sha256` is
 * given, the very document that was pinned. It may have expired: a host that slept for a year starts from it and walks on.
 *
 * @param bytes the root document as a DSSE envelope, `root.json`
 * @param sha256 hex, from the bootstrap URL's fragment
 * @throws {TapPassError} root_mismatch, key_invalid, key_unknown, sig_missing, sig_invalid, threshold_unmet, payload_…
 */
export function pinRoot(bytes: Uint8Array, sha256?: string): TrustedRoot {
	const envelope = openEnvelope(parsePayload(bytes), rootPayloadType);
	if (sha256 !== undefined && hash('sha256', envelope.payload, 'hex') !== sha256)
		throw new TapPassError('root_mismatch');
	return selfSigned(envelope);
}

/**
 * Accepts the root document that follows `held`: signed by a threshold of the old keys and of the new, one version on,
 * of the same org, its epoch not lower. Whether it has expired is asked of the last one only, by the caller.
 * @throws {TapPassError} root_version_gap, root_rollback, audience_mismatch and what `pinRoot` throws
 * @see TUF specification 5.3.4 to 5.3.8
 */
export function nextRoot(held: TrustedRoot, value: Json): TrustedRoot {
	const envelope = openEnvelope(value, rootPayloadType);
	// The old keys are asked first: until they have spoken, nothing the new document says is even parsed.
	assertSigned(envelope, held, 'root');
	const next = selfSigned(envelope, held.keys);
	assertFollows(held.document, next.document);
	return next;
}

/**
 * Accepts a later root document where the ones in between are not at hand: the very one that is held, or one of the same
 * org, newer, its epoch not lower, that a threshold of the held keys signed besides its own.
 * @throws {TapPassError} root_mismatch, root_rollback, audience_mismatch and what `pinRoot` throws
 */
export function laterRoot(held: TrustedRoot, bytes: Uint8Array): TrustedRoot {
	const envelope = openEnvelope(parsePayload(bytes), rootPayloadType);
	if (hash('sha256', envelope.payload, 'hex') === held.sha256) return held;
	assertSigned(envelope, held, 'root');
	const next = selfSigned(envelope, held.keys);
	if (next.document.version === held.document.version)
		throw new TapPassError('root_mismatch', { detail: `two documents are signed as version ${next.document.version}` });
	assertNewer(held.document, next.document);
	return next;
}

/** The checked public keys of one role. */
export function roleKeys(root: TrustedRoot, role: KeyRole): readonly PublicKey[] {
	return root.document.roles[role].keyids.map((id) => root.keys.get(id)!);
}

function selfSigned(envelope: OpenEnvelope, known?: ReadonlyMap<string, PublicKey>): TrustedRoot {
	const document = typedPayload(rootDocumentSchema, parsePayload(envelope.payload), 'root');
	const root: TrustedRoot = Object.freeze({
		document,
		sha256: hash('sha256', envelope.payload, 'hex'),
		keys: importKeys(document, known ?? new Map()),
		expires_at_ms: msOf(document.expires_at),
	});
	assertSigned(envelope, root, 'root');
	return root;
}

function importKeys(document: RootDocument, known: ReadonlyMap<string, PublicKey>): ReadonlyMap<string, PublicKey> {
	const entries = Object.entries(document.keys);
	if (entries.length > trustLimits.rootKeysMax) throw invalid(`more than ${trustLimits.rootKeysMax} keys`);
	assertRoles(document);
	return new Map(
		entries.map(([id, listed]) => {
			const held = known.get(id);
			return [id, held !== undefined && same(held, listed) ? held : imported(id, listed)];
		}),
	);
}

// Checking a point costs a millisecond, and a chain of roots names mostly the same keys.
function same(held: PublicKey, listed: ListedKey): boolean {
	return held.algorithm === listed.algorithm && encodeBase64(held.spki) === listed.public;
}

function imported(id: string, listed: ListedKey): PublicKey {
	const spki = decodeBase64(listed.public);
	if (spki === undefined) throw invalid('a key is not canonical base64');
	const key = importPublicKey(listed.algorithm, spki);
	// An id that is not the hash would let one key stand under two names and be counted twice.
	if (key.id !== id) throw invalid('a key id is not the SHA-256 of its key');
	return key;
}

// TUF 5.3: a threshold counts different keys; §5: one key, one purpose.
function assertRoles(document: RootDocument): void {
	const used = new Set<string>();
	for (const role of keyRoles) {
		const { threshold, keyids } = document.roles[role];
		for (const id of keyids) {
			if (used.has(id)) throw invalid(`a key of ${role} is named twice`);
			used.add(id);
			if (document.keys[id]?.algorithm !== (role === 'token' ? 'es256' : 'ed25519')) {
				throw invalid(`${role} names a key that is not listed or not of its algorithm`);
			}
		}
		if (threshold > keyids.length) throw invalid(`${role} asks for more signatures than it has keys`);
	}
}

function assertFollows(held: RootDocument, next: RootDocument): void {
	assertNewer(held, next);
	if (next.version !== held.version + 1) throw new TapPassError('root_version_gap', { detail: step(held, next) });
}

function assertNewer(held: RootDocument, next: RootDocument): void {
	if (next.org_id !== held.org_id) throw new TapPassError('audience_mismatch', { detail: 'a root of another org' });
	if (next.version <= held.version || next.epoch < held.epoch)
		throw new TapPassError('root_rollback', { detail: step(held, next) });
}

function step(held: RootDocument, next: RootDocument): string {
	return `got version ${next.version} epoch ${next.epoch}, have ${held.version} epoch ${held.epoch}`;
}

function invalid(detail: string): TapPassError {
	return new TapPassError('key_invalid', { detail });
}
