import { TapPassError } from '@tappass/core';
import { type Checkpoint, verifyCheckpoint } from '../log/checkpoint.ts';
import { hashBytes, sameBytes } from '../log/hash.ts';
import type { NoteKey } from '../log/note.ts';
import {
	checkpointPath,
	corrupt,
	entriesPath,
	type LogReader,
	readBundle,
	readTile,
	tileBytes,
	tilePath,
} from '../log/tiles.ts';
import { emptyTree, grow, rootOf, type Tree, tileWidth } from '../log/tree.ts';

/** What a log is checked against. */
export interface VerifyOptions {
	/** Whose signature its checkpoint must carry. */
	readonly key: NoteKey;
	/** Who must have cosigned it. */
	readonly witnesses?: readonly NoteKey[];
	/** A checkpoint from before, as it was served: the log must contain what it stands for. */
	readonly since?: Uint8Array;
	/** Whose signature that one carries, when the key of the log was rotated since. */
	readonly sinceKey?: NoteKey;
	/** Told now and then how many entries were read. */
	readonly onProgress?: (entries: number, size: number) => void;
	/** Handed each bundle once its hashes are checked; throws what it finds wrong in it. */
	readonly onEntries?: (first: number, entries: readonly Uint8Array[], path: string) => Promise<void>;
}

/** A log that verifies. */
export interface VerifiedLog {
	readonly checkpoint: Checkpoint;
	/** Size of the older checkpoint that it contains; undefined: none was given. */
	readonly since?: number | undefined;
	/** Tiles and bundles that were read. */
	readonly files: number;
}

/**
 * Verifies a whole log with its key alone: hashes every entry, compares every tile with what its entries make, and the root
 * with the signed checkpoint. One bundle is held at a time, so a log of any size takes the same memory.
 *
 * What it cannot see is whether others are shown the same log: for that, checkpoints are compared, or cosigned.
 *
 * @throws {TapPassError} checkpoint_invalid, audit_incomplete, audit_corrupt, audit_forked, each naming file and index
 */
export async function verifyLog(reader: LogReader, options: VerifyOptions): Promise<VerifiedLog> {
	const { key, witnesses, since, sinceKey = key, onProgress, onEntries } = options;
	const signed = await reader.read(checkpointPath);
	if (signed === undefined)
		throw new TapPassError('audit_incomplete', { detail: 'checkpoint is missing', fields: { file: checkpointPath } });
	const { checkpoint } = verifyCheckpoint(signed, key, witnesses);
	const older = since === undefined ? undefined : verifyCheckpoint(since, sinceKey).checkpoint;
	if (older !== undefined && older.origin !== checkpoint.origin)
		throw new TapPassError('checkpoint_invalid', { detail: `the older checkpoint is of ${older.origin}` });
	const { size } = checkpoint;
	if (older !== undefined && older.size > size)
		throw forked(`its checkpoint is of size ${size}, but it had ${older.size} entries before`, size);
	let tree = emptyTree;
	let files = 0;
	if (older?.size === 0) compareOlder(rootOf(tree), older);
	for (let number = 0; tree.size < size; number += 1) {
		const first = tree.size;
		const entries = await readBundle(reader, number, Math.min(tileWidth, size - first));
		const added = add(tree, entries, older?.size);
		tree = added.tree;
		await compareLeaves(reader, number, added.leaves);
		for (const tile of added.upper) await compareTile(reader, tile);
		if (added.rootBefore !== undefined && older !== undefined) compareOlder(added.rootBefore, older);
		await onEntries?.(first, entries, entriesPath(number, entries.length));
		files += 2 + added.upper.length;
		onProgress?.(tree.size, size);
	}
	const edge = upperEdge(tree);
	for (const tile of edge) await compareTile(reader, tile);
	if (!sameBytes(rootOf(tree), checkpoint.root))
		throw new TapPassError('audit_corrupt', {
			detail: `${checkpointPath}, index ${size}: its root is not that of its ${size} entries`,
			fields: { file: checkpointPath, index: size },
		});
	return { checkpoint, since: older?.size, files: files + edge.length };
}

/** A tile above the lowest level, as the entries make it. */
interface OwnTile {
	readonly level: number;
	readonly number: number;
	readonly width: number;
	readonly bytes: Uint8Array;
}

interface Added {
	readonly tree: Tree;
	/** Hashes of the entries. */
	readonly leaves: readonly Uint8Array[];
	readonly upper: readonly OwnTile[];
	/** Root of the log at the older checkpoint's size, when that is within these entries. */
	readonly rootBefore: Uint8Array | undefined;
}

// Adds one bundle.
function add(tree: Tree, entries: readonly Uint8Array[], olderSize: number | undefined): Added {
	const before = olderSize === undefined ? -1 : olderSize - tree.size;
	const isWithin = before > 0 && before <= entries.length;
	const half = isWithin ? grow(tree, entries.slice(0, before)) : { tree, full: [] };
	const whole = grow(half.tree, isWithin ? entries.slice(before) : entries);
	const full = [...half.full, ...whole.full];
	const upper = full
		.filter(({ level }) => level > 0)
		.map(({ level, number, hashes }) => ({ level, number, width: tileWidth, bytes: tileBytes(hashes) }));
	const leaves = full.find(({ level }) => level === 0)?.hashes ?? whole.tree.edge[0] ?? [];
	return { tree: whole.tree, leaves, upper, rootBefore: isWithin ? rootOf(half.tree) : undefined };
}

// Each entry against the lowest tiles, so that the one which differs is named.
async function compareLeaves(reader: LogReader, number: number, own: readonly Uint8Array[]): Promise<void> {
	const width = own.length;
	const stored = await readTile(reader, 0, number, width);
	const at = own.findIndex(
		(hash, index) => !sameBytes(hash, stored.subarray(index * hashBytes, (index + 1) * hashBytes)),
	);
	if (at === -1) return;
	const detail = `its hash is not the one in ${tilePath(0, number, width)}`;
	throw corrupt(entriesPath(number, width), number * tileWidth + at, detail);
}

function upperEdge({ size, edge }: Tree): readonly OwnTile[] {
	return edge.flatMap((hashes, level) => {
		if (level === 0 || hashes.length === 0) return [];
		const number = Math.floor(size / tileWidth ** (level + 1));
		return [{ level, number, width: hashes.length, bytes: tileBytes(hashes) }];
	});
}

async function compareTile(reader: LogReader, { level, number, width, bytes }: OwnTile): Promise<void> {
	const stored = await readTile(reader, level, number, width);
	const at = stored.findIndex((byte, index) => byte !== bytes[index]);
	if (at === -1) return;
	const covered = tileWidth ** level;
	const index = (number * tileWidth + Math.floor(at / hashBytes)) * covered;
	throw corrupt(tilePath(level, number, width), index, `its hash of the ${covered} entries from there is not theirs`);
}

function compareOlder(root: Uint8Array, older: Checkpoint): void {
	if (!sameBytes(root, older.root))
		throw forked(`its first ${older.size} entries are not those of the older checkpoint`, older.size);
}

function forked(detail: string, index: number): TapPassError {
	return new TapPassError('audit_forked', {
		detail: `${checkpointPath}, index ${index}: ${detail}`,
		fields: { file: checkpointPath, index },
	});
}
