import {
	auditFormatLimits,
	type EvidenceFile,
	type LogReader,
	type NoteKey,
	parseLeaf,
	proofPath,
	proveConsistency,
	proveInclusion,
	readBundle,
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
 * The log's part of an evidence pack: the checkpoint, the entries of the period without a gap, and on either side those up to
 * one that is so far off that none of the period can stand behind it, with a proof of each; with an older checkpoint the proof that the log continues it.
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
		/** RFC 3339 in UTC with milliseconds. */
		readonly from: string;
		readonly to: string;
		readonly older?: Uint8Array | undefined;
		/** Whose signature that one carries, when it is not that of `key`. */
		readonly olderKey?: NoteKey | undefined;
		readonly onProgress: (done: number, all: number) => void;
	},
): Promise<{ readonly files: readonly EvidenceFile[]; readonly entries: readonly SeenEntry[] }> {
	const { key, checkpoint, older, olderKey = key, onProgress } = terms;
	const { size, root } = verifyCheckpoint(checkpoint, key).checkpoint;
	const reader = remembering(source);
	const { first: from, end: to } = await withMargins(reader, size, terms);
	if (to - from > auditFormatLimits.evidenceEntriesMax)
		throw new TapPassError('usage', {
			detail: `${to - from} entries in the period; a pack has at most ${auditFormatLimits.evidenceEntriesMax}`,
			hint: 'make one pack for each part of the period',
		});
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
	if (older !== undefined) files.push(...(await consistencyFiles(reader, { key, olderKey, older, size, root })));
	return { files, entries };
}

async function consistencyFiles(
	reader: LogReader,
	claim: {
		readonly key: NoteKey;
		readonly olderKey: NoteKey;
		readonly older: Uint8Array;
		readonly size: number;
		readonly root: Uint8Array;
	},
): Promise<readonly EvidenceFile[]> {
	const { key, olderKey, older, size, root } = claim;
	const before = verifyCheckpoint(older, olderKey).checkpoint;
	if (before.origin !== key.name)
		throw new TapPassError('checkpoint_invalid', { detail: `the older checkpoint is of ${before.origin}` });
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

/** Longer than an entry may take from its time to its place in the log. */
const marginMs = 15_000;

// Entries are not quite in the order of their times, so the period is not over with the first that is behind it.
async function withMargins(
	reader: LogReader,
	size: number,
	{ range, from, to }: { readonly range: Range; readonly from: string; readonly to: string },
): Promise<{ readonly first: number; readonly end: number }> {
	const [earliest, latest] = [Date.parse(from) - marginMs, Date.parse(to) + marginMs];
	const { evidenceEntriesMax } = auditFormatLimits;
	let first = range.first;
	while (first > 0 && range.last - first <= evidenceEntriesMax) {
		first -= 1;
		if ((await timeOf(reader, size, first)) < earliest) break;
	}
	let end = range.last + 1;
	while (end < size && end - first <= evidenceEntriesMax) {
		end += 1;
		if ((await timeOf(reader, size, end - 1)) >= latest) break;
	}
	return { first, end };
}

async function timeOf(reader: LogReader, size: number, index: number): Promise<number> {
	return Date.parse(parseLeaf(await entryAt(reader, size, index)).ts);
}

async function entryAt(reader: LogReader, size: number, index: number): Promise<Uint8Array> {
	const bundle = Math.floor(index / tileWidth);
	const entries = await readBundle(reader, bundle, Math.min(tileWidth, size - bundle * tileWidth));
	return entries[index - bundle * tileWidth]!;
}

async function* readRange(
	reader: LogReader,
	size: number,
	from: number,
	to: number,
): AsyncGenerator<{ readonly index: number; readonly entry: Uint8Array }> {
	for (let bundle = Math.floor(from / tileWidth); bundle * tileWidth < to; bundle += 1) {
		const first = bundle * tileWidth;
		const bundled = await readBundle(reader, bundle, Math.min(tileWidth, size - first));
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
