import {
	auditFormatLimits,
	decodeBundle,
	type EvidenceFile,
	entriesPath,
	type LogReader,
	type NoteKey,
	parseLeaf,
	proofPath,
	proveConsistency,
	proveInclusion,
	type SeenEntry,
	tileWidth,
	tlogProofBytes,
	verifyCheckpoint,
	verifyConsistency,
	verifyInclusion,
} from '@tappass/audit';
import { TapPassError } from '@tappass/core';
import { encodeBase64 } from '@tappass/trust';

/** Which entries: the first and last index of the period. */
export interface Range {
	readonly first: number;
	readonly last: number;
}

/**
 * The log's part of an evidence pack: the checkpoint, the entries of the period without a gap and one more on either side,
 * so that one sees where it begins and ends, with a proof of each; with an older checkpoint the proof that the log continues it.
 * All of it is verified before it is handed out.
 *
 * @throws {TapPassError} checkpoint_invalid, proof_invalid, audit_forked, audit_incomplete, usage
 */
export async function logPart(
	source: LogReader,
	terms: {
		readonly key: NoteKey;
		/** As it is served, with cosignatures. */
		readonly checkpoint: Uint8Array;
		readonly range: Range;
		readonly older?: Uint8Array | undefined;
		readonly onProgress: (done: number, all: number) => void;
	},
): Promise<{ readonly files: readonly EvidenceFile[]; readonly entries: readonly SeenEntry[] }> {
	const { key, checkpoint, range, older, onProgress } = terms;
	const { size, root } = verifyCheckpoint(checkpoint, key).checkpoint;
	const [from, to] = [Math.max(0, range.first - 1), Math.min(size, range.last + 2)];
	if (to - from > auditFormatLimits.evidenceEntriesMax)
		throw new TapPassError('usage', {
			detail: `${to - from} entries in the period; a pack has at most ${auditFormatLimits.evidenceEntriesMax}`,
			hint: 'make one pack for each part of the period',
		});
	const reader = remembering(source);
	const files: EvidenceFile[] = [{ path: 'checkpoint', bytes: checkpoint }];
	const entries: SeenEntry[] = [];
	const lines: Uint8Array[] = [];
	for await (const { index, entry } of readRange(reader, size, from, to)) {
		const hashes = await proveInclusion(reader, size, index);
		if (!verifyInclusion({ entry, index, size, root, proof: hashes }))
			throw new TapPassError('proof_invalid', {
				detail: `the tiles do not lead from the entry at ${index} to the root`,
			});
		files.push({ path: proofPath(index), bytes: tlogProofBytes({ index, hashes, checkpoint }) });
		entries.push({ index, leaf: parseLeaf(entry) });
		lines.push(entry, Buffer.from('\n'));
		onProgress(entries.length, to - from);
	}
	files.push({ path: 'entries.jsonl', bytes: Buffer.concat(lines) });
	if (older !== undefined) files.push(...(await consistencyFiles(reader, { key, older, size, root })));
	return { files, entries };
}

async function consistencyFiles(
	reader: LogReader,
	claim: { readonly key: NoteKey; readonly older: Uint8Array; readonly size: number; readonly root: Uint8Array },
): Promise<readonly EvidenceFile[]> {
	const { key, older, size, root } = claim;
	const before = verifyCheckpoint(older, key).checkpoint;
	if (before.size > size)
		throw new TapPassError('audit_forked', {
			detail: `the log had ${before.size} entries, and the pack stands on ${size}`,
		});
	const proof = await proveConsistency(reader, before.size, size);
	if (!verifyConsistency({ older: before, newer: { size, root }, proof }))
		throw new TapPassError('audit_forked', {
			detail: `the log does not continue its checkpoint of ${before.size} entries`,
		});
	return [
		{ path: 'older/checkpoint', bytes: older },
		{ path: 'older/consistency', bytes: Buffer.from(proof.map((hash) => `${encodeBase64(hash)}\n`).join('')) },
	];
}

async function* readRange(
	reader: LogReader,
	size: number,
	from: number,
	to: number,
): AsyncGenerator<{ readonly index: number; readonly entry: Uint8Array }> {
	for (let bundle = Math.floor(from / tileWidth); bundle * tileWidth < to; bundle += 1) {
		const first = bundle * tileWidth;
		const path = entriesPath(bundle, Math.min(tileWidth, size - first));
		const bytes = await reader.read(path);
		if (bytes === undefined) throw new TapPassError('audit_incomplete', { detail: `${path} is missing` });
		const bundled = decodeBundle(bytes);
		if (bundled === undefined) throw new TapPassError('audit_corrupt', { detail: `${path} ends within an entry` });
		for (const [at, entry] of bundled.entries())
			if (first + at >= from && first + at < to) yield { index: first + at, entry };
	}
}

// Proofs of neighbours share nearly all of their tiles.
function remembering(source: LogReader): LogReader {
	const held = new Map<string, Promise<Uint8Array | undefined>>();
	return {
		read: (path) => {
			const known = held.get(path) ?? source.read(path);
			held.set(path, known);
			return known;
		},
	};
}
