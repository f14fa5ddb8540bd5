import { hash, verify } from 'node:crypto';
import { TapPassError } from '@tappass/core';
import { decodeBase64, encodeBase64, importPublicKey, type PublicKey } from '@tappass/trust';
import { auditFormatLimits } from '../limits.ts';

/** What a key signs: a log its checkpoints, a witness that it has seen one (c2sp tlog-cosignature). */
export type NoteKeyKind = 'log' | 'witness';

const typeBytes = { log: 1, witness: 4 } as const;

/** A key that signs notes, by its name. */
export interface NoteKey {
	/** Of a log: its origin. */
	readonly name: string;
	readonly kind: NoteKeyKind;
	/** First four bytes of SHA-256(name ‖ newline ‖ type ‖ public key), 8 hex digits. */
	readonly id: string;
	readonly key: PublicKey;
}

/** One signature line. */
export interface NoteSignature {
	readonly name: string;
	/** 8 hex digits. */
	readonly id: string;
	readonly signature: Uint8Array;
}

/** A signed note (c2sp signed-note), read but not believed. */
export interface Note {
	/** With its last newline: what is signed. */
	readonly text: string;
	readonly signatures: readonly NoteSignature[];
}

/** Signs bytes with an Ed25519 key; the control plane holds it. */
export interface NoteSigner {
	/** SubjectPublicKeyInfo, DER. */
	readonly spki: Uint8Array;
	readonly sign: (bytes: Uint8Array) => Promise<Uint8Array>;
}

const rawKeyBytes = 32;
// SubjectPublicKeyInfo of an Ed25519 key is this, then the key (RFC 8410 §4).
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');
const nameForm = /^[^\s+\p{Cc}\p{Zs}]{1,255}$/u;

/**
 * The key of a log or witness from its SubjectPublicKeyInfo.
 * @throws {TapPassError} key_invalid
 */
export function noteKey(name: string, spki: Uint8Array, kind: NoteKeyKind = 'log'): NoteKey {
	if (!nameForm.test(name)) throw new TapPassError('key_invalid', { detail: 'a key name with spaces or a plus sign' });
	const key = importPublicKey('ed25519', spki);
	const raw = key.spki.subarray(-rawKeyBytes);
	const digest = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(typeBytes[kind]), raw]), 'hex');
	return { name, kind, id: digest.slice(0, 8), key };
}

/** The key as others take it: `name+id+base64(type ‖ public key)`. */
export function vkeyText({ name, kind, id, key }: NoteKey): string {
	const bytes = Buffer.concat([Buffer.of(typeBytes[kind]), key.spki.subarray(-rawKeyBytes)]);
	return `${name}+${id}+${encodeBase64(bytes)}`;
}

/**
 * Reads such a text.
 * @throws {TapPassError} key_invalid when it is damaged: its id is a checksum of its name and key
 */
export function parseVkey(text: string): NoteKey {
	const [name, id, encoded, ...rest] = splitVkey(text.trim());
	const bytes = encoded === undefined ? undefined : decodeBase64(encoded);
	const kind = bytes?.[0] === typeBytes.log ? 'log' : bytes?.[0] === typeBytes.witness ? 'witness' : undefined;
	if (name === undefined || rest.length > 0 || bytes?.length !== 1 + rawKeyBytes || kind === undefined)
		throw new TapPassError('key_invalid', { detail: 'expected a verifier key, name+id+base64, of an Ed25519 key' });
	const key = noteKey(name, Buffer.concat([spkiPrefix, bytes.subarray(1)]), kind);
	if (key.id !== id)
		throw new TapPassError('key_invalid', { detail: `its id is ${id}, but its name and key make ${key.id}` });
	return key;
}

// The base64 may hold plus signs; the name and the id may not.
function splitVkey(text: string): readonly string[] {
	const first = text.indexOf('+');
	const second = text.indexOf('+', first + 1);
	return first === -1 || second === -1
		? []
		: [text.slice(0, first), text.slice(first + 1, second), text.slice(second + 1)];
}

const mark = '— ';

/**
 * Reads a note.
 * @throws {TapPassError} checkpoint_invalid when it is not in the form of one
 */
export function parseNote(bytes: Uint8Array): Note {
	const refused = (detail: string): TapPassError => new TapPassError('checkpoint_invalid', { detail });
	if (bytes.length > auditFormatLimits.noteBytesMax) throw refused('it is larger than any honest one');
	let all: string;
	try {
		all = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch {
		// What is not UTF-8 is no note; nothing else of it is of interest.
		throw refused('it is not UTF-8');
	}
	if (/[\u0000-\u0009\u000b-\u001f]/.test(all)) throw refused('it has control characters');
	const split = all.lastIndexOf('\n\n');
	if (split === -1 || !all.endsWith('\n')) throw refused('it has no signatures, or does not end in a newline');
	const lines = all.slice(split + 2, -1).split('\n');
	if (lines.length > auditFormatLimits.signaturesMax) throw refused('it has too many signatures');
	return { text: all.slice(0, split + 1), signatures: lines.map((line) => signatureOf(line) ?? fail(refused)) };
}

function fail(refused: (detail: string) => TapPassError): never {
	throw refused('a signature line is malformed');
}

function signatureOf(line: string): NoteSignature | undefined {
	if (!line.startsWith(mark)) return undefined;
	const [name, encoded, ...rest] = line.slice(mark.length).split(' ');
	const bytes = encoded === undefined ? undefined : decodeBase64(encoded);
	if (name === undefined || !nameForm.test(name) || rest.length > 0 || bytes === undefined || bytes.length < 5)
		return undefined;
	return { name, id: Buffer.from(bytes.subarray(0, 4)).toString('hex'), signature: bytes.subarray(4) };
}

/** One signature line with its newline: what a witness sends back, and what is appended to a note. */
export function signatureLine({ name, id, signature }: NoteSignature): string {
	return `${mark}${name} ${encodeBase64(Buffer.concat([Buffer.from(id, 'hex'), signature]))}\n`;
}

/** The bytes of a note. */
export function noteBytes({ text, signatures }: Note): Uint8Array {
	return Buffer.from(`${text}\n${signatures.map(signatureLine).join('')}`);
}

/**
 * Whether a known key has signed a note. A signature in its name that does not verify makes the whole note invalid.
 * @throws {TapPassError} checkpoint_invalid
 */
export function isSignedBy(note: Note, key: NoteKey): boolean {
	const own = note.signatures.filter(({ name, id }) => name === key.name && id === key.id);
	for (const { signature } of own)
		if (!verifySignature(note.text, signature, key))
			throw new TapPassError('checkpoint_invalid', { detail: `the signature of ${key.name} does not verify` });
	return own.length > 0;
}

function verifySignature(text: string, signature: Uint8Array, { kind, key }: NoteKey): boolean {
	if (kind === 'log') return signature.length === 64 && verify(null, Buffer.from(text), key.key, signature);
	if (signature.length !== 72) return false;
	const seconds = Buffer.from(signature.subarray(0, 8)).readBigUInt64BE();
	if (seconds > 0x7fff_ffff_ffff_ffffn) return false;
	return verify(null, cosignedBytes(text, seconds), key.key, signature.subarray(8));
}

// c2sp tlog-cosignature, Ed25519.
function cosignedBytes(text: string, seconds: bigint): Uint8Array {
	return Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);
}

/** Signs a text as a log. @throws {TapPassError} key_invalid */
export async function signNote(text: string, name: string, signer: NoteSigner): Promise<Uint8Array> {
	const { id } = noteKey(name, signer.spki);
	const signature = await signer.sign(Buffer.from(text));
	return noteBytes({ text, signatures: [{ name, id, signature }] });
}

/** Cosigns a note as a witness that has checked that it extends what it saw before. @param seconds Unix time */
export async function cosignNote(
	note: Note,
	name: string,
	signer: NoteSigner,
	seconds: number,
): Promise<NoteSignature> {
	const { id } = noteKey(name, signer.spki, 'witness');
	const time = Buffer.alloc(8);
	time.writeBigUInt64BE(BigInt(seconds));
	const signature = Buffer.concat([time, await signer.sign(cosignedBytes(note.text, BigInt(seconds)))]);
	return { name, id, signature };
}

/**
 * Takes the line of a witness for a note.
 * @param line as the witness answered it, with or without its newline
 * @throws {TapPassError} checkpoint_invalid when it is not this witness's signature of this note
 */
export function acceptCosignature(note: Note, line: string, witness: NoteKey): NoteSignature {
	const signature = signatureOf(line.endsWith('\n') ? line.slice(0, -1) : line);
	const refused = new TapPassError('checkpoint_invalid', { detail: `not a cosignature of ${witness.name}` });
	if (signature === undefined || witness.kind !== 'witness') throw refused;
	if (!isSignedBy({ text: note.text, signatures: [signature] }, witness)) throw refused;
	return signature;
}

/** When a witness says that it cosigned, Unix seconds; undefined for a signature of another kind. */
export function cosignedAt({ signature }: NoteSignature): number | undefined {
	return signature.length === 72 ? Number(Buffer.from(signature.subarray(0, 8)).readBigUInt64BE()) : undefined;
}
