import { type Json, TapPassError } from '@tappass/core';
import { msOf } from '../statement/instant.ts';
import { assertAudience } from '../verify/audience.ts';
import { assertEpoch } from '../verify/epoch.ts';
import { type Keyring, verifiedKeyring } from '../verify/keyring.ts';
import { assertLifetime, assertNotFuture } from '../verify/lifetime.ts';
import { assertProtocolKept } from '../verify/protocol.ts';
import type { Now } from './now.ts';
import { raisedByKeyring } from './raise.ts';
import type { Held, State } from './state.ts';
import { assertVersion } from './version.ts';

/** How a sequence number is compared with the one the floor holds. */
export type SequenceCheck = (seq: number, held: number) => void;

/**
 * The state after `value` became the keyring in force.
 * Order: root still valid; signatures and hash; audience; epoch; lifetime; protocol; version; sequence.
 * @param value a parsed `tappass.keyring/1` document
 * @throws {TapPassError} the code of the first check that fails
 */
export function acceptKeyring(
	state: State,
	value: { readonly [key: string]: Json },
	now: Now,
	assertSequence: SequenceCheck,
): State {
	assertRootValid(state, now.wall_ms);
	const known = state.held === null ? undefined : { statement: state.held.policy, sha256: state.held.policy_sha256 };
	const keyring = verifiedKeyring(state.root, value, known);
	assertAudience(state.audience, keyring);
	assertBelievable(state, keyring, now.wall_ms, assertSequence);
	return Object.freeze({
		...state,
		floor: raisedByKeyring(state.floor, state.audience, state.root, keyring),
		held: held(keyring, now),
		root_refresh: 'allowed',
	});
}

function assertBelievable(
	{ root, floor }: State,
	keyring: Keyring,
	wallMs: number,
	assertSequence: SequenceCheck,
): void {
	const policy = keyring.policy.statement;
	const freshness = keyring.freshness.statement;
	// The freshness statement names the same epoch: it vouches for the policy.
	assertEpoch(policy.epoch, root.document.epoch);
	assertNotFuture(policy.issued_at, wallMs);
	assertNotFuture(freshness.issued_at, wallMs);
	assertLifetime(freshness, wallMs);
	if (floor === 'none') return;
	assertProtocolKept(policy.min_protocol, floor.protocol_max);
	assertVersion(floor, keyring.policy);
	assertSequence(freshness.seq, floor.seq);
}

/** TUF 5.3.10: an expired root vouches for nothing; only a newer root may follow it. */
export function assertRootValid({ root }: Pick<State, 'root'>, wallMs: number): void {
	if (wallMs >= root.expires_at_ms)
		throw new TapPassError('root_expired', { detail: `since ${root.document.expires_at}` });
}

function held({ policy, freshness }: Keyring, now: Now): Held {
	const expires = msOf(freshness.statement.expires_at);
	const ttl = expires - msOf(freshness.statement.issued_at);
	return Object.freeze({
		policy: policy.statement,
		policy_sha256: policy.sha256,
		freshness: freshness.statement,
		signers: { policy: policy.signers, freshness: freshness.signers },
		expires_at_ms: expires,
		received_monotonic_ms: now.monotonic_ms,
		// A wall clock that lags gains nothing: never longer than the statement's own life from here on.
		deadline_monotonic_ms: now.monotonic_ms + Math.min(ttl, expires - now.wall_ms),
	});
}
