import { TapPassError } from '@tappass/core';
import { emptyRoot, hashBytes, hashChildren, hashLeaf, sameBytes } from './hash.ts';
import { type LogReader, readTile, widthInLog } from './tiles.ts';
import { rootOfTile, splitHashes, tileOfNode, tileWidth } from './tree.ts';

/** The hash of the perfect subtree of 2^height leaves that begins at leaf `number` · 2^height. */
export type NodeReader = (height: number, number: number) => Promise<Uint8Array>;

/** Reads nodes of a log of a size out of its tiles; each tile is read once. */
export function nodeReader(reader: LogReader, size: number): NodeReader {
	const tiles = new Map<string, Promise<readonly Uint8Array[]>>();
	return async (height, number) => {
		const { level, inside } = tileOfNode(height);
		const count = 2 ** inside;
		const first = number * count;
		const tile = Math.floor(first / tileWidth);
		const name = `${level}/${tile}`;
		const held = tiles.get(name) ?? readTile(reader, level, tile, widthInLog(size, level, tile)).then(splitHashes);
		tiles.set(name, held);
		const from = first % tileWidth;
		return rootOfTile((await held).slice(from, from + count));
	};
}

/**
 * Proves that the entry at an index is in the log of a size (RFC 6962 §2.1.1).
 * @throws {TapPassError} not_found for an index past its end; audit_incomplete, audit_corrupt
 */
export async function proveInclusion(reader: LogReader, size: number, index: number): Promise<readonly Uint8Array[]> {
	if (!(Number.isSafeInteger(index) && index >= 0 && index < size))
		throw new TapPassError('not_found', { detail: `index ${index} in a log of ${size}` });
	const nodes = nodeReader(reader, size);
	const proof: Uint8Array[] = [];
	let [from, to] = [0, size];
	const siblings: (readonly [number, number])[] = [];
	while (to - from > 1) {
		const middle = from + splitPoint(to - from);
		if (index < middle) {
			siblings.push([middle, to]);
			to = middle;
		} else {
			siblings.push([from, middle]);
			from = middle;
		}
	}
	for (const [start, end] of siblings.reverse()) proof.push(await hashOfRange(nodes, start, end));
	return proof;
}

/**
 * Proves that the log of one size is the beginning of the log of another (RFC 6962 §2.1.2).
 * @throws {TapPassError} not_found when it is not smaller; audit_incomplete, audit_corrupt
 */
export async function proveConsistency(reader: LogReader, older: number, size: number): Promise<readonly Uint8Array[]> {
	if (!(Number.isSafeInteger(older) && older >= 0 && older <= size))
		throw new TapPassError('not_found', { detail: `size ${older} in a log of ${size}` });
	if (older === 0 || older === size) return [];
	const nodes = nodeReader(reader, size);
	const ranges: (readonly [number, number])[] = [];
	let [from, to] = [0, size];
	let isWhole = true;
	while (to !== older) {
		const middle = from + splitPoint(to - from);
		if (older <= middle) {
			ranges.push([middle, to]);
			to = middle;
		} else {
			ranges.push([from, middle]);
			from = middle;
			isWhole = false;
		}
	}
	if (!isWhole) ranges.push([from, to]);
	const proof: Uint8Array[] = [];
	for (const [start, end] of ranges.reverse()) proof.push(await hashOfRange(nodes, start, end));
	return proof;
}

/** The root of the first `size` entries of a larger log. */
export async function rootAt(reader: LogReader, logSize: number, size: number): Promise<Uint8Array> {
	return size === 0 ? emptyRoot : hashOfRange(nodeReader(reader, logSize), 0, size);
}

// The largest power of two that is smaller than a count.
function splitPoint(count: number): number {
	let split = 1;
	while (split * 2 < count) split *= 2;
	return split;
}

async function hashOfRange(nodes: NodeReader, from: number, to: number): Promise<Uint8Array> {
	const parts: Uint8Array[] = [];
	for (let start = from; start < to; ) {
		let height = 0;
		while (start % 2 ** (height + 1) === 0 && start + 2 ** (height + 1) <= to) height += 1;
		parts.push(await nodes(height, start / 2 ** height));
		start += 2 ** height;
	}
	return parts.reduceRight((right, left) => hashChildren(left, right));
}

/** Whether a proof shows that an entry is at an index of the log with this size and root (RFC 9162 §2.1.3.2). */
export function verifyInclusion(claim: {
	readonly entry: Uint8Array;
	readonly index: number;
	readonly size: number;
	readonly root: Uint8Array;
	readonly proof: readonly Uint8Array[];
}): boolean {
	const { entry, index, size, root, proof } = claim;
	if (!isIndex(index) || !isIndex(size) || index >= size || !areHashes(proof)) return false;
	let [node, last] = [index, size - 1];
	let hash = hashLeaf(entry);
	for (const sibling of proof) {
		if (last === 0) return false;
		if (node % 2 === 1 || node === last) {
			hash = hashChildren(sibling, hash);
			while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
		} else hash = hashChildren(hash, sibling);
		[node, last] = [half(node), half(last)];
	}
	return last === 0 && sameBytes(hash, root);
}

/** Whether a proof shows that the log with the older size and root is the beginning of the other (RFC 9162 §2.1.4.2). */
export function verifyConsistency(claim: {
	readonly older: { readonly size: number; readonly root: Uint8Array };
	readonly newer: { readonly size: number; readonly root: Uint8Array };
	readonly proof: readonly Uint8Array[];
}): boolean {
	const { older, newer, proof } = claim;
	if (!isIndex(older.size) || !isIndex(newer.size) || older.size > newer.size || !areHashes(proof)) return false;
	if (older.size === 0) return proof.length === 0 && sameBytes(older.root, emptyRoot);
	if (older.size === newer.size) return proof.length === 0 && sameBytes(older.root, newer.root);
	// The older log's root is in the proof only when it is not a node of the newer tree.
	const path = isPowerOfTwo(older.size) ? [older.root, ...proof] : proof;
	const [first, ...rest] = path;
	if (first === undefined) return false;
	let [node, last] = [older.size - 1, newer.size - 1];
	while (node % 2 === 1) [node, last] = [half(node), half(last)];
	let [before, after] = [first, first];
	for (const hash of rest) {
		if (last === 0) return false;
		if (node % 2 === 1 || node === last) {
			before = hashChildren(hash, before);
			after = hashChildren(hash, after);
			while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
		} else after = hashChildren(after, hash);
		[node, last] = [half(node), half(last)];
	}
	return last === 0 && sameBytes(before, older.root) && sameBytes(after, newer.root);
}

// Sizes go past 32 bits, where shifts would cut them.
function half(number: number): number {
	return Math.floor(number / 2);
}

function isPowerOfTwo(number: number): boolean {
	return splitPoint(number + 1) === number;
}

function isIndex(number: number): boolean {
	return Number.isSafeInteger(number) && number >= 0;
}

function areHashes(proof: readonly Uint8Array[]): boolean {
	return proof.every((hash) => hash.length === hashBytes);
}
