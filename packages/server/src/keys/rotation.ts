import { TapPassError } from '@tappass/core';
import type { KeyRole, RootDocument } from '@tappass/trust';

/** A role whose key this server holds, and a root document lists. */
export type OnlineRole = Exclude<KeyRole, 'root'>;
export const onlineRoles: readonly OnlineRole[] = ['policy', 'freshness', 'token', 'audit'];

/** Every role whose key can be replaced: those, and the CA of the host plane. */
export const rotatedRoles: readonly [...typeof onlineRoles, 'host_ca'] = [...onlineRoles, 'host_ca'];

/** What is to be known of a key to decide about a root document. */
export interface KeyState {
	readonly role: string;
	readonly key_id: string;
	readonly pending: boolean;
	readonly retired_at: Date | null;
}

/** A key that a root document puts in the place of another. */
export interface Rotation {
	readonly role: OnlineRole;
	readonly key_id: string;
	readonly replaces: string;
}

/**
 * Which waiting keys a root document takes into use. It may name no other keys than this server's own: the one in use, the
 * one that waits to follow it, and one that was retired for as long as every document since then has listed it.
 *
 * @param held the document before
 * @throws {TapPassError} key_unknown; threshold_unmet; key_invalid when a new policy key would not begin a new epoch
 */
export function decideRotations(
	held: RootDocument,
	next: RootDocument,
	keys: readonly KeyState[],
): readonly Rotation[] {
	const rotations = onlineRoles.flatMap((role) => {
		const own = keys.filter((key) => key.role === role);
		const current = own.find(({ pending, retired_at }) => !pending && retired_at === null)?.key_id;
		const pending = own.find((key) => key.pending)?.key_id;
		const { keyids, threshold } = next.roles[role];
		// A server signs with one key of each role: two would never come together.
		if (threshold !== 1)
			throw new TapPassError('threshold_unmet', { detail: `${role} asks for ${threshold} signatures` });
		const stillListed = held.roles[role].keyids.filter((id) => own.some(({ key_id }) => key_id === id));
		const allowed = new Set([current, pending, ...stillListed]);
		if (!keyids.every((id) => allowed.has(id)))
			throw new TapPassError('key_unknown', { detail: `the document lists a ${role} key that is not this server's` });
		if (current !== undefined && pending !== undefined && keyids.includes(pending))
			return [{ role, key_id: pending, replaces: current }];
		// A root that does not know this server's keys would cut off every host, and only another rotation could mend it.
		if (current === undefined || !keyids.includes(current))
			throw new TapPassError('key_unknown', { detail: `the document does not list this server's ${role} key` });
		return [];
	});
	if (next.epoch === held.epoch && rotations.some(({ role }) => role === 'policy'))
		throw new TapPassError('key_invalid', {
			detail: 'the document lists a new policy key and keeps the epoch: what the old key signed would stay in force',
			hint: 'tappass admin key rotate policy',
		});
	return rotations;
}
