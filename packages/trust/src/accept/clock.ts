import { TapPassError } from '@tappass/core';
import { trustLimits } from '../limits.ts';
import { msOf } from '../statement/instant.ts';
import type { FloorOrNone } from './floor.ts';

/** Whether the wall clock stands clearly before a moment that a signed statement has already witnessed. */
export function clockRegressed(floor: FloorOrNone, wallMs: number): boolean {
	return floor !== 'none' && wallMs < msOf(floor.issued_at_max) - trustLimits.clockSkewMaxMs;
}

/**
 * A clock set back would bring expired statements to life again.
 * @throws {TapPassError} clock_regressed
 */
export function assertClock(floor: FloorOrNone, wallMs: number): void {
	// NaN compares false with everything; a clock that cannot be read must not pass for a good one.
	if (!Number.isFinite(wallMs)) throw new TapPassError('clock_regressed', { detail: 'the clock cannot be read' });
	if (clockRegressed(floor, wallMs)) throw new TapPassError('clock_regressed');
}
