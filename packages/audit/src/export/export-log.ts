import { TapPassError } from '@tappass/core';
import { verifyCheckpoint } from '../log/checkpoint.ts';
import { type NoteKey, vkeyText } from '../log/note.ts';
import { proveInclusion } from '../log/proof.ts';
import { checkpointPath, type LogFile, type LogReader } from '../log/tiles.ts';
import { tlogProofBytes } from '../log/tlog-proof.ts';
import { tileWidth } from '../log/tree.ts';
import { verifyLog } from '../verify/verify-log.ts';
import { type Opened, payloadsBytes, payloadsPath, verifyPayloads } from './payloads.ts';

/** What goes into an export beside the log itself. */
export interface ExportOptions {
	readonly key: NoteKey;
	/** A checkpoint from before that the log must continue. */
	readonly since?: Uint8Array | undefined;
	/** What the entries from `first` up to `end` commit to, as far as one may read it; left out: the export has none. */
	readonly payloads?: (first: number, end: number) => Promise<readonly Opened[]>;
	/** Indices whose proofs are written as files of their own. */
	readonly proofs?: readonly number[];
	readonly onProgress?: (entries: number, size: number) => void;
}

/** Path of the key in an export. It is there for convenience: whoever verifies needs it from elsewhere. */
export const vkeyPath = 'vkey';

/**
 * Copies a log: every file is verified on the way, then handed to `write`, the checkpoint last, so that a copy which was
 * interrupted is none. The same log makes the same bytes.
 *
 * @returns size of the log
 * @throws {TapPassError} what `verifyLog` throws; not_found for a proof past the end
 */
export async function exportLog(
	source: LogReader,
	{ key, since, payloads, proofs = [], onProgress }: ExportOptions,
	write: (file: LogFile) => Promise<void>,
): Promise<number> {
	const signed = await source.read(checkpointPath);
	if (signed === undefined) throw new TapPassError('audit_incomplete', { detail: 'checkpoint is missing' });
	const { size } = verifyCheckpoint(signed, key).checkpoint;
	const outside = proofs.find((index) => index >= size);
	if (outside !== undefined) throw new TapPassError('not_found', { detail: `index ${outside} in a log of ${size}` });
	const copying: LogReader = {
		// One checkpoint for all of it, while the log itself grows on.
		read: async (path) => {
			if (path === checkpointPath) return signed;
			const bytes = await source.read(path);
			if (bytes !== undefined) await write({ path, bytes });
			return bytes;
		},
	};
	await verifyLog(copying, {
		key,
		...(since === undefined ? {} : { since }),
		...(onProgress === undefined ? {} : { onProgress }),
		onEntries: async (first, entries) => {
			const opened = payloads === undefined ? [] : await payloads(first, first + entries.length);
			if (opened.length === 0) return;
			const file = { path: payloadsPath(Math.floor(first / tileWidth)), bytes: payloadsBytes(opened) };
			await verifyPayloads({ read: async () => file.bytes }, first, entries);
			await write(file);
		},
	});
	for (const index of proofs) {
		const hashes = await proveInclusion(source, size, index);
		await write({ path: proofPath(index), bytes: tlogProofBytes({ index, hashes, checkpoint: signed }) });
	}
	await write({ path: vkeyPath, bytes: Buffer.from(`${vkeyText(key)}\n`) });
	await write({ path: checkpointPath, bytes: signed });
	return size;
}

/** Path of an entry's proof in an export. */
export function proofPath(index: number): string {
	return `proofs/${index}.tlog-proof`;
}
