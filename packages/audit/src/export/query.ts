import type { Leaf, PrivateRecord } from '../record/leaf.ts';

/** What is looked for in a log that is at hand: every given field must match. */
export interface EntryFilter {
	/** Only entries behind this index: where the answer before ended. */
	readonly cursor?: number;
	/** Unix milliseconds, included. */
	readonly since?: number;
	/** Unix milliseconds, not included. */
	readonly until?: number;
	/** `policy.applied`, or `policy.*`. */
	readonly type?: string;
	/** A pseudonym, or the id of an actor where the payload can be read. */
	readonly actor?: string;
	/** Found only where the payload can be read: no leaf names a sandbox. */
	readonly sandbox_id?: string;
	readonly code?: string;
	readonly decision?: Leaf['decision'];
	readonly request_id?: string;
}

/** An entry as it is looked at. */
export interface SeenEntry {
	readonly index: number;
	readonly leaf: Leaf;
	/** Undefined: erased, or not for the one who looks. */
	readonly secret?: PrivateRecord | undefined;
}

/** Whether an entry is one of those that are looked for. */
export function matchesFilter({ index, leaf, secret }: SeenEntry, filter: EntryFilter): boolean {
	const { cursor = -1, since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY, type, actor } = filter;
	const at = Date.parse(leaf.ts);
	return (
		index > cursor &&
		at >= since &&
		at < until &&
		(type === undefined || (type.endsWith('.*') ? leaf.type.startsWith(type.slice(0, -1)) : leaf.type === type)) &&
		(actor === undefined || leaf.actor_pseudonym === actor || secret?.actor.id === actor) &&
		(filter.sandbox_id === undefined || secret?.sandbox_id === filter.sandbox_id) &&
		(['code', 'decision', 'request_id'] as const).every(
			(field) => filter[field] === undefined || leaf[field] === filter[field],
		)
	);
}
