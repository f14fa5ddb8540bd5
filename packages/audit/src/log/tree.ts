import { emptyRoot, hashBytes, hashChildren, hashLeaf } from './hash.ts';

/** Hashes of one full tile, and entries of one full bundle. */
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
export function grow(
	tree: Tree,
	entries: readonly Uint8Array[],
): { readonly tree: Tree; readonly full: readonly FullTile[] } {
	const edge = tree.edge.map((hashes) => [...hashes]);
	const full: FullTile[] = [];
	let { size } = tree;
	for (const entry of entries) {
		size += 1;
		let hash = hashLeaf(entry);
		for (let level = 0; ; level += 1) {
			const hashes = edge[level] ?? [];
			edge[level] = hashes;
			hashes.push(hash);
			if (hashes.length < tileWidth) break;
			full.push({ level, number: size / tileWidth ** (level + 1) - 1, hashes });
			edge[level] = [];
			hash = rootOfTile(hashes);
		}
	}
	return { tree: { size, edge: withoutEmptyEnd(edge) }, full };
}

/** The root hash (RFC 6962 §2.1). */
export function rootOf({ edge }: Pick<Tree, 'edge'>): Uint8Array {
	let root: Uint8Array | undefined;
	// Perfect subtrees from the right: the smallest first.
	for (const hashes of edge)
		for (const hash of perfectSubtrees(hashes).reverse()) root = root === undefined ? hash : hashChildren(hash, root);
	return root ?? emptyRoot;
}

/** How many hashes the tile at the edge of a level has; 0: there is none. */
export function edgeWidth(size: number, level: number): number {
	return Math.floor(size / tileWidth ** level) % tileWidth;
}

/** How many levels of tiles a log of a size has. */
export function levelsOf(size: number): number {
	let levels = 0;
	while (tileWidth ** levels <= size) levels += 1;
	return levels;
}

/** The root of a full tile, or of any row whose length is a power of two. */
export function rootOfTile(hashes: readonly Uint8Array[]): Uint8Array {
	let row = hashes;
	while (row.length > 1) {
		const above: Uint8Array[] = [];
		for (let at = 0; at < row.length; at += 2) above.push(hashChildren(row[at]!, row[at + 1]!));
		row = above;
	}
	return row[0]!;
}

/** The edge as bytes: one hash after the other, level by level. */
export function edgeBytes({ edge }: Tree): Uint8Array {
	return Buffer.concat(edge.flat());
}

/** A tree from its size and the bytes of its edge; undefined when they do not fit together. */
export function readEdge(size: number, bytes: Uint8Array): Tree | undefined {
	const hashes = splitHashes(bytes);
	const edge: Uint8Array[][] = [];
	let at = 0;
	for (let level = 0; level < levelsOf(size); level += 1) {
		const width = edgeWidth(size, level);
		edge.push(hashes.slice(at, at + width));
		at += width;
	}
	return at * hashBytes === bytes.length ? { size, edge: withoutEmptyEnd(edge) } : undefined;
}

/** The hashes that stand one after the other in the bytes of a tile. */
export function splitHashes(bytes: Uint8Array): readonly Uint8Array[] {
	return Array.from({ length: Math.floor(bytes.length / hashBytes) }, (_, at) =>
		bytes.subarray(at * hashBytes, (at + 1) * hashBytes),
	);
}

/** The level of a subtree inside its tile, and that of the tile, for a node that is `height` above the leaves. */
export function tileOfNode(height: number): { readonly level: number; readonly inside: number } {
	return { level: Math.floor(height / tileBits), inside: height % tileBits };
}

// The roots of the perfect subtrees of a row, largest first: a row of 5 is 4 and 1.
function perfectSubtrees(hashes: readonly Uint8Array[]): Uint8Array[] {
	const stack: { readonly hash: Uint8Array; readonly size: number }[] = [];
	for (const hash of hashes) {
		let top = { hash, size: 1 };
		while (stack.at(-1)?.size === top.size)
			top = { hash: hashChildren(stack.pop()!.hash, top.hash), size: top.size * 2 };
		stack.push(top);
	}
	return stack.map((each) => each.hash);
}

function withoutEmptyEnd(edge: Uint8Array[][]): Uint8Array[][] {
	while (edge.at(-1)?.length === 0) edge.pop();
	return edge;
}
