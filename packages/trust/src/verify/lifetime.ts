import { TapPassError } from '@tappass/core';
import { trustLimits } from '../limits.ts';
import type { Freshness } from '../statement/freshness.ts';
import { msOf } from '../statement/instant.ts';

/**
 * Nothing may have been issued further in the future than clocks honestly differ.
 * @throws {TapPassError} clock_future
 */
export function assertNotFuture(issued_at: string, wallMs: number): void {
	const ahead = msOf(issued_at) - wallMs;
	if (ahead <= trustLimits.clockSkewMaxMs) return;
	throw new TapPassError('clock_future', { detail: `issued ${Math.ceil(ahead / 1_000)} s ahead of this clock` });
}

/**
 * A freshness statement lives five minutes at the most, by the host's own constant, and has not ended.
 * @throws {TapPassError} payload_malformed when it ends before it begins; ttl_too_long, expired
 */
export function assertLifetime({ issued_at, expires_at }: Freshness, wallMs: number): void {
	const ttlMs = msOf(expires_at) - msOf(issued_at);
	if (ttlMs <= 0) throw new TapPassError('payload_malformed', { detail: 'expires before it is issued' });
	if (ttlMs > trustLimits.freshnessTtlMaxMs) {
		throw new TapPassError('ttl_too_long', {
			detail: `${ttlMs / 1_000} s, at most ${trustLimits.freshnessTtlMaxMs / 1_000}`,
		});
	}
	if (wallMs >= msOf(expires_at)) throw new TapPassError('expired', { detail: `since ${expires_at}` });
}
