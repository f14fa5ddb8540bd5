import { TapPassError } from '@tappass/core';
import type { Now } from '@tappass/trust';

/** The two clocks of this machine, and timers on the one that cannot be set. */
export interface Clock {
	readonly now: () => Now;
	/** Calls `fn` once, `ms` of the monotonic clock from now; the answer cancels it. */
	readonly after: (ms: number, fn: () => void) => () => void;
}

/**
 * The clocks of the system.
 * @param speed how much faster the monotonic clock runs than the real one. Tests set it so that none waits for minutes.
 * It cannot be less than 1: a host can only be made to give up sooner.
 * @throws {TapPassError} usage
 */
export function systemClock(speed = 1): Clock {
	if (!(speed >= 1 && speed <= 10_000)) throw new TapPassError('usage', { detail: 'a clock speed from 1 to 10000' });
	return {
		now: () => ({ wall_ms: Date.now(), monotonic_ms: performance.now() * speed }),
		after: (ms, fn) => {
			const timer = setTimeout(fn, Math.max(1, ms / speed));
			return () => clearTimeout(timer);
		},
	};
}
