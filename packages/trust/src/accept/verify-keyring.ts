import { type Identity, TapPassError } from '@tappass/core';
import { pinRoot } from '../keys/trusted-root.ts';
import type { PolicyStatement } from '../statement/policy-statement.ts';
import { verifiedKeyring } from '../verify/keyring.ts';
import { acceptKeyring, assertRootValid } from './accept-keyring.ts';
import { assertClock } from './clock.ts';
import { parseDocument } from './decide.ts';
import { type FloorOrNone, parseFloor } from './floor.ts';
import { assertHeldSequence } from './sequence.ts';
import { createState } from './state.ts';

/** What a keyring on disk says, once it has been verified. */
export interface VerifiedKeyring {
	readonly identity: Identity;
	readonly epoch: number;
	readonly policy_version: number;
	readonly seq: number;
	readonly expires_at: string;
	/** Whole seconds, rounded down. */
	readonly remaining_seconds: number;
	/** What was signed for this sandbox. */
	readonly statement: PolicyStatement;
}

/**
 * Verifies a keyring file as a reader: every check that `decide` makes, except that the keyring may be the very one the
 * floor recorded. Without a floor there is no rollback protection, and the keyring may be for any sandbox of the org.
 *
 * @param keyring bytes of `keyring.json`
 * @param root bytes of `root.json`
 * @param floor bytes of the floor file
 * @param now Unix milliseconds
 * @throws {TapPassError} the code of the first check that fails
 */
export function verifyKeyring(input: {
	readonly keyring: Uint8Array;
	readonly root: Uint8Array;
	readonly floor?: Uint8Array;
	readonly now: number;
}): VerifiedKeyring {
	const root = pinRoot(input.root);
	const floor: FloorOrNone = input.floor === undefined ? 'none' : parseFloor(input.floor);
	const value = parseDocument(input.keyring);
	if (value['schema'] !== 'tappass.keyring/1') throw new TapPassError('payload_malformed', { detail: 'not a keyring' });
	assertClock(floor, input.now);
	assertRootValid({ root }, input.now);
	// Verified once to learn whom it is for, and again by the same function that a host accepts with.
	const { identity } = verifiedKeyring(root, value).policy.statement;
	const { org_id } = root.document;
	const sandbox_id = floor === 'none' ? identity.sandbox_id : floor.sandbox_id;
	const state = createState({ root, audience: { org_id, sandbox_id }, floor });
	const now = { wall_ms: input.now, monotonic_ms: 0 };
	const { held } = acceptKeyring(state, value, now, assertHeldSequence);
	const { freshness } = held!;
	return {
		identity,
		epoch: freshness.epoch,
		policy_version: freshness.policy_version,
		seq: freshness.seq,
		expires_at: freshness.expires_at,
		remaining_seconds: Math.floor(held!.deadline_monotonic_ms / 1_000),
		statement: held!.policy,
	};
}
