import { hash } from 'node:crypto';

/** Bytes of a hash. */
export const hashBytes = 32;

/** Root of a tree without entries (RFC 6962 §2.1). */
export const emptyRoot: Uint8Array = hash('sha256', new Uint8Array(), 'buffer');

/** Hash of an entry: SHA-256(0x00 ‖ entry). */
export function hashLeaf(entry: Uint8Array): Uint8Array {
	const bytes = Buffer.allocUnsafe(entry.length + 1);
	bytes[0] = 0;
	bytes.set(entry, 1);
	return hash('sha256', bytes, 'buffer');
}

// One buffer for all nodes: it is filled and read in one step, and nothing else sees it.
const node = Buffer.alloc(1 + 2 * hashBytes, 1);

/** Hash of two subtrees: SHA-256(0x01 ‖ left ‖ right). */
export function hashChildren(left: Uint8Array, right: Uint8Array): Uint8Array {
	node.set(left, 1);
	node.set(right, 1 + hashBytes);
	return hash('sha256', node, 'buffer');
}

/** Whether two hashes are the same. They are public: no care is needed for how long it takes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
	return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
