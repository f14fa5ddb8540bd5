import { TapPassError } from '@tappass/core';
import { decodeBase64, encodeBase64 } from '@tappass/trust';
import { auditFormatLimits } from '../limits.ts';
import { type Checkpoint, verifyCheckpoint } from './checkpoint.ts';
import { hashBytes } from './hash.ts';
import type { NoteKey } from './note.ts';
import { verifyInclusion } from './proof.ts';

const header = 'c2sp.org/tlog-proof@v1';

/** That an entry is in a log, in one file that needs nothing else to be checked but the log's key (c2sp tlog-proof). */
export interface TlogProof {
	readonly index: number;
	readonly hashes: readonly Uint8Array[];
	/** A signed checkpoint, as it is served. */
	readonly checkpoint: Uint8Array;
}

/** The bytes of a `.tlog-proof` file. */
export function tlogProofBytes({ index, hashes, checkpoint }: TlogProof): Uint8Array {
	const lines = [header, `index ${index}`, ...hashes.map(encodeBase64), '', ''];
	return Buffer.concat([Buffer.from(lines.join('\n')), checkpoint]);
}

/**
 * Reads such a file. The checkpoint in it is not believed yet.
 * @throws {TapPassError} proof_invalid
 */
export function parseTlogProof(bytes: Uint8Array): TlogProof {
	const refused = new TapPassError('proof_invalid', { detail: 'expected a c2sp.org/tlog-proof@v1 file' });
	if (bytes.length > auditFormatLimits.noteBytesMax) throw refused;
	const text = Buffer.from(bytes).toString('utf8');
	const end = text.indexOf('\n\n');
	const [first, ...lines] = end === -1 ? [] : text.slice(0, end).split('\n');
	// Not authenticated, so not used.
	if (lines[0]?.startsWith('extra ') === true) lines.shift();
	const index = /^index (0|[1-9]\d{0,15})$/.exec(lines.shift() ?? '')?.[1];
	if (first !== header || index === undefined || lines.length > auditFormatLimits.proofHashesMax) throw refused;
	const hashes = lines.map((line) => {
		const hash = decodeBase64(line);
		if (hash?.length !== hashBytes) throw refused;
		return hash;
	});
	return { index: Number(index), hashes, checkpoint: Buffer.from(text.slice(end + 2)) };
}

/**
 * Checks that a proof shows an entry to be in the log of a key.
 * @throws {TapPassError} proof_invalid, checkpoint_invalid
 */
export function verifyTlogProof(
	bytes: Uint8Array,
	entry: Uint8Array,
	key: NoteKey,
	witnesses: readonly NoteKey[] = [],
): { readonly index: number; readonly checkpoint: Checkpoint } {
	const { index, hashes, checkpoint: signed } = parseTlogProof(bytes);
	const { checkpoint } = verifyCheckpoint(signed, key, witnesses);
	const { size, root } = checkpoint;
	if (!verifyInclusion({ entry, index, size, root, proof: hashes }))
		throw new TapPassError('proof_invalid', { detail: `it does not lead from the entry at ${index} to the root` });
	return { index, checkpoint };
}
