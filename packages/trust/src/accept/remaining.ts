import { clockRegressed } from './clock.ts';
import type { Now } from './now.ts';
import type { State } from './state.ts';

/**
 * Milliseconds for which the keyring in force may still be used; 0 when there is none or it has ended.
 * The sooner of its wall-clock end and of its life on the monotonic clock; a clock set back, or a monotonic clock that
 * started anew, ends it.
 */
export function remaining({ held, floor }: State, now: Now): number {
	if (held === null || clockRegressed(floor, now.wall_ms)) return 0;
	if (now.monotonic_ms < held.received_monotonic_ms) return 0;
	const left = Math.min(held.expires_at_ms - now.wall_ms, held.deadline_monotonic_ms - now.monotonic_ms);
	return left > 0 ? left : 0;
}
