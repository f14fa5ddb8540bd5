import type { Leaf, PrivateRecord } from '../record/leaf.ts';

/** An entry as it is looked at. */
export interface SeenEntry {
	readonly index: number;
	readonly leaf: Leaf;
	/** Undefined: erased, or not for the one who looks. */
	readonly secret?: PrivateRecord | undefined;
}
