import { edgeWidth, encodeBundle, readEdge, splitHashes, type Tree, tileWidth } from '@tappass/audit';
import { sql } from 'kysely';
import type { OrgTransaction } from '../store/store.ts';

/** The row of a log. */
export interface TreeRow {
	readonly size: number;
	readonly root: Buffer;
	readonly edge: Buffer;
	readonly origin: string;
	readonly epoch: number;
	readonly sequencer: string;
	readonly halted: string | null;
}

/** How a log stands; undefined before its first entry was sequenced. */
export async function readTree(transaction: OrgTransaction, lock = false): Promise<TreeRow | undefined> {
	const query = transaction
		.selectFrom('audit_trees')
		.select(['size', 'root', 'edge', 'origin', 'epoch', 'sequencer', 'halted']);
	return (lock ? query.forUpdate() : query).executeTakeFirst();
}

/** The leaves from index `from` up to, not including, `to`. */
export async function readLeaves(
	transaction: OrgTransaction,
	from: number,
	to: number,
): Promise<readonly { readonly index: number; readonly leaf: Buffer }[]> {
	return transaction
		.selectFrom('audit_entries')
		.select(['index', 'leaf'])
		.where('index', '>=', from)
		.where('index', '<', to)
		.orderBy('index')
		.execute();
}

/** A tile's hashes as far as a log of `size` has them, at most `width`; undefined when it has no such tile. */
export async function readTile(
	transaction: OrgTransaction,
	tree: Tree,
	level: number,
	number: number,
	width: number,
): Promise<Uint8Array | undefined> {
	const whole = Math.floor(tree.size / tileWidth ** (level + 1));
	if (number > whole || (number === whole && edgeWidth(tree.size, level) < width)) return undefined;
	if (number === whole) return Buffer.concat((tree.edge[level] ?? []).slice(0, width));
	const row = await transaction
		.selectFrom('audit_tiles')
		.select('hashes')
		.where('level', '=', level)
		.where('number', '=', number)
		.executeTakeFirst();
	return row?.hashes.subarray(0, width * 32);
}

/**
 * How the log stood at an earlier size, from the tiles it has now; undefined when one that is needed is missing.
 * Its root is the earlier root exactly when the log has only grown since.
 */
export async function treeAt(transaction: OrgTransaction, tree: Tree, size: number): Promise<Tree | undefined> {
	const bytes: Uint8Array[] = [];
	for (let level = 0; tileWidth ** level <= size; level += 1) {
		const width = edgeWidth(size, level);
		if (width === 0) continue;
		const tile = await readTile(transaction, tree, level, Math.floor(size / tileWidth ** (level + 1)), width);
		if (tile?.length !== width * 32) return undefined;
		bytes.push(tile);
	}
	return readEdge(size, Buffer.concat(bytes));
}

/** The stored full tiles of a level from number `from`, in order. */
export async function readTiles(
	transaction: OrgTransaction,
	level: number,
	from: number,
): Promise<readonly { readonly number: number; readonly hashes: readonly Uint8Array[] }[]> {
	const rows = await transaction
		.selectFrom('audit_tiles')
		.select(['number', 'hashes'])
		.where('level', '=', level)
		.where('number', '>=', from)
		.orderBy('number')
		.execute();
	return rows.map(({ number, hashes }) => ({ number, hashes: splitHashes(hashes) }));
}

/** A checkpoint as it was signed. */
export interface CheckpointRow {
	readonly size: number;
	readonly root: Buffer;
	readonly note: Buffer;
	readonly key_id: string;
	readonly signed_at: Date;
}

/** The newest checkpoint, or the one of a size. */
export async function readCheckpoint(transaction: OrgTransaction, size?: number): Promise<CheckpointRow | undefined> {
	const query = transaction.selectFrom('audit_checkpoints').select(['size', 'root', 'note', 'key_id', 'signed_at']);
	return (
		size === undefined ? query.orderBy('size', 'desc').limit(1) : query.where('size', '=', size)
	).executeTakeFirst();
}

/** How many events wait for an index. */
export async function countPending(transaction: OrgTransaction): Promise<number> {
	const { rows } = await sql<{ readonly count: number }>`select count(*)::int as count from audit_pending`.execute(
		transaction,
	);
	return rows[0]!.count;
}

/** A checkpoint as it is served, the newest or that of a size: the signed note, with the lines of its witnesses. */
export async function readCheckpointFile(transaction: OrgTransaction, size?: number): Promise<Uint8Array | undefined> {
	const newest = await readCheckpoint(transaction, size);
	if (newest === undefined) return undefined;
	const lines = await transaction
		.selectFrom('audit_cosignatures')
		.select('line')
		.where('size', '=', newest.size)
		.orderBy('witness')
		.execute();
	return Buffer.concat([newest.note, Buffer.from(lines.map(({ line }) => `${line}\n`).join(''))]);
}

/** An entry bundle: entries of one tile, each after its length in two bytes; undefined when the log does not reach it. */
export async function readEntries(
	transaction: OrgTransaction,
	size: number,
	number: number,
	width: number,
): Promise<Uint8Array | undefined> {
	const from = number * tileWidth;
	if (from + width > size) return undefined;
	const leaves = await readLeaves(transaction, from, from + width);
	if (leaves.length !== width) return undefined;
	return encodeBundle(leaves.map(({ leaf }) => leaf));
}
