import { TapPassError } from '@tappass/core';
import type { TrustedRoot } from '../keys/trusted-root.ts';
import type { Freshness } from '../statement/freshness.ts';
import type { PolicyStatement } from '../statement/policy-statement.ts';
import type { Audience } from '../verify/audience.ts';
import type { FloorOrNone } from './floor.ts';
import { raisedToRoot } from './raise.ts';

/** Everything that decides whether a payload is believed. Immutable: an acceptance makes a new one. */
export interface State {
	readonly root: TrustedRoot;
	readonly audience: Audience;
	readonly floor: FloorOrNone;
	/** The keyring in force, if one is. */
	readonly held: Held | null;
	/** One refresh of the root may follow an unknown key; the next acceptance allows one more. */
	readonly root_refresh: 'allowed' | 'spent';
}

/** An accepted keyring and how long it may be used. */
export interface Held {
	readonly policy: PolicyStatement;
	readonly policy_sha256: string;
	readonly freshness: Freshness;
	/** Ids of the keys that signed, by role: a rotation that takes them away ends the keyring. */
	readonly signers: { readonly policy: readonly string[]; readonly freshness: readonly string[] };
	readonly expires_at_ms: number;
	readonly received_monotonic_ms: number;
	/** The same end by the clock that nobody can set. */
	readonly deadline_monotonic_ms: number;
}

/**
 * The state of a host that starts, from what it keeps on disk.
 * @param floor what `parseFloor` read, or `none` when enrolment has just ended
 * @throws {TapPassError} audience_mismatch when the root is of another org; floor_unreadable when the floor is of another
 * sandbox; root_rollback when the root is older than the one the floor has seen
 */
export function createState(start: {
	readonly root: TrustedRoot;
	readonly audience: Audience;
	readonly floor: FloorOrNone;
}): State {
	const { root, audience, floor } = start;
	if (root.document.org_id !== audience.org_id)
		throw new TapPassError('audience_mismatch', { detail: 'root document' });
	return Object.freeze({ root, audience, floor: checkedFloor(start, floor), held: null, root_refresh: 'allowed' });
}

/** The state after its one refresh of the root was used up. */
export function spendRootRefresh(state: State): State {
	return Object.freeze({ ...state, root_refresh: 'spent' });
}

function checkedFloor(start: { root: TrustedRoot; audience: Audience }, floor: FloorOrNone): FloorOrNone {
	if (floor === 'none') return floor;
	const { root, audience } = start;
	if (floor.org_id !== audience.org_id || floor.sandbox_id !== audience.sandbox_id) {
		throw new TapPassError('floor_unreadable', { detail: 'it belongs to another sandbox' });
	}
	const { version, epoch } = root.document;
	if (version < floor.root_version || epoch < floor.epoch) {
		throw new TapPassError('root_rollback', {
			detail: `have version ${version}, the floor has seen ${floor.root_version}`,
		});
	}
	// A crash between storing a root and storing the floor leaves the floor behind; it is raised here.
	return raisedToRoot(floor, root);
}
