import { limits } from '../limits.ts';

/** User ids that sandboxes of this host have, or had. Kept in the host's state. */
export interface UidTable {
	readonly next: number;
	/** Sandbox → its user id. */
	readonly uids: Readonly<Record<string, number>>;
}
export const emptyUidTable: UidTable = { next: limits.uidFirst, uids: {} };

/**
 * The user id of a sandbox: its own for as long as the host is, and never another's, or files that one left behind would
 * belong to the next.
 *
 * @param taken user ids that the system has given to others
 * @returns the table to keep before the id is used, or undefined when the range is used up
 */
export function allocateUid(
	table: UidTable,
	sandbox: string,
	taken: ReadonlySet<number>,
): { readonly uid: number; readonly table: UidTable } | undefined {
	if (Object.hasOwn(table.uids, sandbox)) return { uid: table.uids[sandbox]!, table };
	let uid = table.next;
	while (taken.has(uid)) uid += 1;
	if (uid >= limits.uidFirst + limits.uidCount) return undefined;
	return { uid, table: { next: uid + 1, uids: { ...table.uids, [sandbox]: uid } } };
}

/** User ids in the text of /etc/passwd. */
export function uidsOf(passwd: string): ReadonlySet<number> {
	return new Set(passwd.split('\n').map((line) => Number(line.split(':')[2] ?? Number.NaN)));
}
