import { chmod, chown, readFile } from 'node:fs/promises';
import { TapPassError } from '@tappass/core';
import { z } from 'zod';
import { allocateUid, emptyUidTable, type UidTable, uidsOf } from '../launch/uid-range.ts';
import { documentText, readDocument } from '../state/documents.ts';
import type { Files } from '../state/files.ts';
import { sandboxPlaces } from '../state/places.ts';

const tableSchema = z.strictObject({
	next: z.int().min(1),
	uids: z.record(z.string(), z.int().min(1)),
}) as unknown as z.ZodType<UidTable>;

/**
 * The user of a sandbox's agent: as root one of its own, never another's; otherwise the daemon's. Its group may pass through
 * the sandbox's directory, so that the keyring can be mounted; what else lies there is root's alone. A user is given by the
 * daemon, one sandbox after the other, when it opens them; afterwards this only looks it up.
 * @throws {TapPassError} limit_reached, state_unreadable
 */
export async function userFor(
	files: Files,
	state: string,
	name: string,
): Promise<{ readonly uid: number; readonly gid: number }> {
	const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
	if (own.uid !== 0) return own;
	const uid = await uidFor(files, state, name);
	const user = { uid, gid: uid };
	const { directory } = sandboxPlaces(state, name);
	await chown(directory, 0, user.gid);
	await chmod(directory, 0o710);
	await chmod(state, 0o711);
	return user;
}

/**
 * The user id that a sandbox of this host has, or is given now. One after the other: two that read the table at once would
 * both be given the same.
 * @throws {TapPassError} limit_reached, state_unreadable
 */
export function uidFor(files: Files, state: string, name: string): Promise<number> {
	const found = last.then(() => claim(files, state, name));
	last = found.catch(() => undefined);
	return found;
}

let last: Promise<unknown> = Promise.resolve();

async function claim(files: Files, state: string, name: string): Promise<number> {
	const path = `${state}/users.json`;
	const held = (await readDocument(files, path, tableSchema)) ?? emptyUidTable;
	const found = allocateUid(held, name, uidsOf(await readFile('/etc/passwd', 'utf8')));
	if (found === undefined) throw new TapPassError('limit_reached', { detail: 'no user ids are left for sandboxes' });
	// Kept before it is used: a second sandbox must never get it.
	if (found.table !== held) await files.write(path, documentText(found.table));
	return found.uid;
}
