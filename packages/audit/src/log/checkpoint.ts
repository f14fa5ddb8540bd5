import { TapPassError } from '@tappass/core';
import { decodeBase64, encodeBase64 } from '@tappass/trust';
import { hashBytes } from './hash.ts';
import { isSignedBy, type Note, type NoteKey, type NoteSigner, parseNote, signNote } from './note.ts';

/** How a log says that it stands. */
export interface Checkpoint {
	/** Name of the log: `audit.<region>.<host>/<org id>`. */
	readonly origin: string;
	readonly size: number;
	readonly root: Uint8Array;
}

/** The name of an org's log. */
export function originOf(region: string, host: string, orgId: string): string {
	return `audit.${region}.${host}/${orgId}`;
}

/** The text of a checkpoint (c2sp tlog-checkpoint), without extension lines: what is not said cannot differ. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
	return `${origin}\n${size}\n${encodeBase64(root)}\n`;
}

/** Signs a checkpoint with the log's key, under the log's name. */
export function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): Promise<Uint8Array> {
	return signNote(checkpointText(checkpoint), checkpoint.origin, signer);
}

/**
 * Reads the text of a checkpoint.
 * @throws {TapPassError} checkpoint_invalid
 */
export function parseCheckpointText(text: string): Checkpoint {
	const [origin, digits, encoded, end, ...extensions] = text.split('\n');
	const refused = (detail: string): TapPassError => new TapPassError('checkpoint_invalid', { detail });
	if (origin === undefined || origin === '') throw refused('it has no origin');
	if (digits === undefined || !/^(?:0|[1-9]\d{0,15})$/.test(digits)) throw refused('its size is not a number');
	const size = Number(digits);
	if (!Number.isSafeInteger(size)) throw refused('its size is too large');
	const root = encoded === undefined ? undefined : decodeBase64(encoded);
	if (root?.length !== hashBytes) throw refused('its root is not the base64 of 32 bytes');
	if (end !== '' || extensions.length > 0) throw refused('it has more than three lines');
	return { origin, size, root };
}

/**
 * Reads a checkpoint and believes it when the log's key has signed it, and every witness that is asked for.
 * @throws {TapPassError} checkpoint_invalid
 */
export function verifyCheckpoint(
	bytes: Uint8Array,
	key: NoteKey,
	witnesses: readonly NoteKey[] = [],
): { readonly checkpoint: Checkpoint; readonly note: Note } {
	const note = parseNote(bytes);
	const missing = [key, ...witnesses].find((one) => !isSignedBy(note, one));
	if (missing !== undefined)
		throw new TapPassError('checkpoint_invalid', { detail: `it is not signed by ${missing.name} (key ${missing.id})` });
	const checkpoint = parseCheckpointText(note.text);
	if (checkpoint.origin !== key.name)
		throw new TapPassError('checkpoint_invalid', { detail: 'its origin is not the name of the key' });
	return { checkpoint, note };
}
