import { hashChildren, hashLeaf } from './seam.ts';

/** Hashes of one tile. */
export const tileWidth = 256;
const tileBits = 8;

/** How a log stands: its size and the hashes of every tile that is not full, lowest level first. */
export interface Tree {
	readonly size: number;
	readonly edge: readonly (readonly Uint8Array[])[];
}

/** A tile that has become full, and will not change again. */
export interface FullTile {
	readonly level: number;
	readonly number: number;
	readonly hashes: readonly Uint8Array[];
}

/** The tree before its first entry. */
export const emptyTree: Tree = { size: 0, edge: [] };

/** The tree with more entries, and the tiles that they filled. */
export function grow(tree: Tree, leaves: readonly Uint8Array[]): { readonly tree: Tree; readonly full: FullTile[] } {
	const edge = tree.edge.map((hashes) => [...hashes]);
	const full: FullTile[] = [];
	let { size } = tree;
	for (const leaf of leaves) {
		size += 1;
		let hash = hashLeaf(leaf);
		for (let level = 0; ; level += 1) {
			const hashes = (edge[level] ??= []);
			hashes.push(hash);
			if (hashes.length < tileWidth) break;
			full.push({ level, number: Math.floor(size / tileWidth ** (level + 1)) - 1, hashes });
			edge[level] = [];
			hash = rootOfTile(hashes);
		}
	}
	return { tree: { size, edge: trim(edge) }, full };
}

/** The root hash (RFC 6962 §2.1). */
export function rootOf({ edge }: Pick<Tree, 'edge'>, empty: Uint8Array): Uint8Array {
	let root: Uint8Array | undefined;
	// Perfect subtrees from the right: the smallest first.
	for (const hashes of edge)
		for (const hash of perfect(hashes).reverse()) root = root === undefined ? hash : hashChildren(hash, root);
	return root ?? empty;
}

/** How many hashes the tile at the edge of a level has. */
export function edgeWidth(size: number, level: number): number {
	return Math.floor(size / tileWidth ** level) % tileWidth;
}

/** How many levels a log of a size has. */
export function levelsOf(size: number): number {
	let levels = 0;
	while (tileWidth ** levels <= size) levels += 1;
	return levels;
}

/** The root of one full tile. */
export function rootOfTile(hashes: readonly Uint8Array[]): Uint8Array {
	let row = [...hashes];
	for (let bit = 0; bit < tileBits; bit += 1)
		row = Array.from({ length: row.length / 2 }, (_, at) => hashChildren(row[2 * at]!, row[2 * at + 1]!));
	return row[0]!;
}

/** Bytes as the database keeps an edge: one hash after the other, level by level. */
export function edgeBytes({ edge }: Tree): Uint8Array {
	return Buffer.concat(edge.flat());
}

/** An edge from its bytes; undefined when they are not as many as the size asks for. */
export function readEdge(size: number, bytes: Uint8Array): Tree | undefined {
	const hashes = splitHashes(bytes);
	const edge: Uint8Array[][] = [];
	let at = 0;
	for (let level = 0; level < levelsOf(size); level += 1) {
		const width = edgeWidth(size, level);
		edge.push(hashes.slice(at, at + width));
		at += width;
	}
	return at * 32 === bytes.length ? { size, edge: trim(edge) } : undefined;
}

/** Hashes that stand one after the other. */
export function splitHashes(bytes: Uint8Array): Uint8Array[] {
	return Array.from({ length: Math.floor(bytes.length / 32) }, (_, at) => bytes.subarray(at * 32, at * 32 + 32));
}

// The perfect subtrees of a row, largest first: a row of 5 is 4 and 1.
function perfect(hashes: readonly Uint8Array[]): Uint8Array[] {
	const stack: { readonly hash: Uint8Array; readonly size: number }[] = [];
	for (const hash of hashes) {
		let top = { hash, size: 1 };
		while (stack.at(-1)?.size === top.size)
			top = { hash: hashChildren(stack.pop()!.hash, top.hash), size: top.size * 2 };
		stack.push(top);
	}
	return stack.map((each) => each.hash);
}

function trim(edge: Uint8Array[][]): Uint8Array[][] {
	while (edge.at(-1)?.length === 0) edge.pop();
	return edge;
}
