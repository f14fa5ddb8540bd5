import { TapPassError } from '@tappass/core';
import type { Now, State } from '@tappass/trust';
import { limits } from '../limits.ts';
import type { PolicyInForce } from './policy-in-force.ts';
import type { Posture } from './view.ts';

/** What may go through, and why not more. */
export interface Standing {
	readonly posture: Posture;
	readonly error?: TapPassError;
}

/** All that bears on it. */
export interface StandingFacts {
	readonly now: Now;
	/** Why its state could not be believed. */
	readonly fault: TapPassError | undefined;
	/** An operator ended it, or two hosts hold it. */
	readonly ended: TapPassError | undefined;
	/** Why there is no connection. */
	readonly lost: TapPassError | undefined;
	/** What is believed; undefined before it was read. */
	readonly believed: { readonly state: State; readonly remainingMs: number; readonly quarantined: boolean } | undefined;
	/** When a keyring was accepted last, on the monotonic clock. */
	readonly acceptedAt: number | undefined;
	readonly policy: Pick<PolicyInForce, 'applied' | 'refusal' | 'unwritten'>;
	/** The server's clock less this machine's. */
	readonly serverAheadMs: number;
}

/** Those that let something through. */
export const goodPostures: ReadonlySet<Posture> = new Set(['fresh', 'stale', 'quarantined']);

/** Decides what may go through now: nothing, unless a keyring was accepted by this daemon, has not ended, and is enforced. */
export function standingOf(facts: StandingFacts): Standing {
	const { acceptedAt, believed, ended, fault, now, policy } = facts;
	const error = fault ?? ended;
	if (error !== undefined) return { posture: endedPosture(error), error };
	if (believed === undefined || acceptedAt === undefined) return { posture: 'waiting', ...connectionError(facts) };
	if (believed.remainingMs <= 0) return { posture: 'denied', error: expiry(facts) };
	const { applied, refusal, unwritten } = policy;
	if (refusal !== undefined) return { posture: 'denied', error: refusal };
	// Accepted, and not yet in force.
	if (applied === undefined) return { posture: 'waiting' };
	if (believed.quarantined) return { posture: 'quarantined', error: new TapPassError('version_conflict') };
	if (now.monotonic_ms - acceptedAt >= limits.staleMs) return { posture: 'stale', ...connectionError(facts) };
	return unwritten === undefined ? { posture: 'fresh' } : { posture: 'fresh', error: unwritten };
}

function endedPosture({ code }: TapPassError): Posture {
	return code === 'sandbox_revoked' ? 'revoked' : code === 'sandbox_locked' ? 'locked' : 'failed';
}

function expiry(facts: StandingFacts): TapPassError {
	const { detail, hint } = facts.lost ?? {};
	const told = { ...(detail !== undefined && { detail }), ...(hint !== undefined && { hint }) };
	return clockFault(facts) ?? new TapPassError('keyring_expired', told);
}

function connectionError(facts: StandingFacts): { readonly error?: TapPassError } {
	// A wrong clock breaks connections too, in other words.
	const error = clockFault(facts) ?? facts.lost;
	return error === undefined ? {} : { error };
}

/** What is wrong with this machine's clock, by what signed statements and the server have witnessed. */
function clockFault({ believed, now, serverAheadMs }: StandingFacts): TapPassError | undefined {
	const floor = believed?.state.floor;
	const mark = floor === undefined || floor === 'none' ? 0 : Date.parse(floor.issued_at_max);
	if (now.wall_ms < mark - limits.clockAheadMaxMs) {
		const hint = 'set the clock: the time that a signed statement proves has already passed';
		return new TapPassError('clock_regressed', { hint });
	}
	if (serverAheadMs >= -limits.clockAheadMaxMs) return undefined;
	const detail = `${Math.round(-serverAheadMs / 1_000)} s ahead of the server`;
	return new TapPassError('clock_ahead', { detail, hint: 'set the clock: everything looks expired to it' });
}
