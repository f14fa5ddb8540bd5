import {
	hashLeaf,
	levelsOf,
	readEdge,
	rootOf,
	rootOfTile,
	sameBytes,
	splitHashes,
	type Tree,
	tileWidth,
} from '@tappass/audit';
import { TapPassError } from '@tappass/core';
import { sql } from 'kysely';
import type { OrgTransaction } from '../store/store.ts';
import type { Head } from './last-signed.ts';
import { auditLimits } from './limits.ts';
import { readCheckpoint, readLeaves, readTile, readTiles, type TreeRow, treeAt } from './read.ts';

/** What is refused to be continued. */
export function halted(detail: string): TapPassError {
	return new TapPassError('audit_halted', { detail });
}

/** The tree of a row. @throws {TapPassError} audit_halted when its parts do not fit together */
export function treeOf(row: TreeRow): Tree {
	const tree = readEdge(row.size, row.edge);
	if (tree === undefined || !same(rootOf(tree), row.root))
		throw halted(`the tree of ${row.size} entries does not hash to its root`);
	return tree;
}

/**
 * Verifies what a log is continued from: the edge against the entries and tiles below it, that nothing is missing or too
 * many, and that whatever was signed is still in it.
 * @throws {TapPassError} audit_halted, naming the first entry, tile or checkpoint that does not fit
 */
export async function verifyStore(transaction: OrgTransaction, row: TreeRow, signed: Head | null): Promise<Tree> {
	const tree = treeOf(row);
	const { rows } = await sql<{ readonly count: number }>`
		select coalesce(max(index) + 1, 0) as count from audit_entries`.execute(transaction);
	if (Number(rows[0]!.count) !== tree.size)
		throw halted(`the tree has ${tree.size} entries, the log ${rows[0]!.count}`);
	await verifyEntries(transaction, tree, tree.size - (tree.size % tileWidth), tree.size);
	for (let level = 1; level < levelsOf(tree.size); level += 1) await verifyLevel(transaction, tree, level);
	await verifyContains(transaction, tree, signed, 'what was last signed');
	await verifyContains(transaction, tree, (await readCheckpoint(transaction)) ?? null, 'the newest checkpoint');
	return tree;
}

/** Verifies that stored entries are those that the tiles were made from. @throws {TapPassError} audit_halted */
export async function verifyEntries(transaction: OrgTransaction, tree: Tree, from: number, to: number): Promise<void> {
	for (let at = from; at < to; at += auditLimits.readMax) {
		const end = Math.min(to, at + auditLimits.readMax);
		const leaves = await readLeaves(transaction, at, end);
		if (leaves.length !== end - at) throw halted(`entries ${at} to ${end - 1}: ${leaves.length} are there`);
		let tile: readonly Uint8Array[] = [];
		for (const { index, leaf } of leaves) {
			const number = Math.floor(index / tileWidth);
			if (index === at || index % tileWidth === 0) tile = await hashesOf(transaction, tree, number);
			if (!same(hashLeaf(leaf), tile[index % tileWidth])) throw halted(`entry ${index} is not what was logged`);
		}
	}
}

/** Verifies that full tiles are what the tiles above them were made from. @throws {TapPassError} audit_halted */
export async function verifyParents(transaction: OrgTransaction, tree: Tree, from: number, to: number): Promise<void> {
	for (let level = 0; level + 1 < levelsOf(tree.size); level += 1) {
		const width = tileWidth ** (level + 1);
		for (let number = Math.floor(from / width); (number + 1) * width <= to; number += 1) {
			const tile = await readTile(transaction, tree, level, number, tileWidth);
			const at = number % tileWidth;
			const parent = await readTile(transaction, tree, level + 1, Math.floor(number / tileWidth), at + 1);
			const hash = parent?.subarray(at * 32, at * 32 + 32);
			if (tile?.length !== tileWidth * 32 || !same(rootOfTile(splitHashes(tile)), hash))
				throw halted(`tile ${level}/${number} is not what was logged`);
		}
	}
}

async function hashesOf(transaction: OrgTransaction, tree: Tree, number: number): Promise<readonly Uint8Array[]> {
	const width = Math.min(tileWidth, tree.size - number * tileWidth);
	return splitHashes((await readTile(transaction, tree, 0, number, width)) ?? new Uint8Array());
}

// The hashes at the edge of a level are the roots of the last full tiles below it.
async function verifyLevel(transaction: OrgTransaction, tree: Tree, level: number): Promise<void> {
	const hashes = tree.edge[level] ?? [];
	const from = Math.floor(tree.size / tileWidth ** (level + 1)) * tileWidth;
	const tiles = await readTiles(transaction, level - 1, from);
	if (tiles.length !== hashes.length) throw halted(`level ${level - 1} has ${tiles.length} tiles from number ${from}`);
	for (const [at, tile] of tiles.entries()) {
		if (tile.number !== from + at || tile.hashes.length !== tileWidth || !same(rootOfTile(tile.hashes), hashes[at]))
			throw halted(`tile ${level - 1}/${tile.number} is not what was logged`);
	}
}

/** Whether a log has grown from an earlier head. */
export async function contains(transaction: OrgTransaction, tree: Tree, head: Head): Promise<boolean> {
	const before = head.size > tree.size ? undefined : await treeAt(transaction, tree, head.size);
	return before !== undefined && same(rootOf(before), head.root);
}

/** Verifies that a log has grown from an earlier head and nothing else. @throws {TapPassError} audit_halted */
export async function verifyContains(
	transaction: OrgTransaction,
	tree: Tree,
	head: Head | null,
	what: string,
): Promise<void> {
	if (head === null || head.size === 0) return;
	if (head.size > tree.size)
		throw halted(`${what} has ${head.size} entries, the database ${tree.size}: it is older than what was signed`);
	if (!(await contains(transaction, tree, head)))
		throw halted(`${what} of ${head.size} entries is not part of this log`);
}

function same(a: Uint8Array, b: Uint8Array | undefined): boolean {
	return b !== undefined && sameBytes(a, b);
}
