import { syncLimits } from '../sync-limits.ts';

/**
 * When a stream's next keyring is due: 60 s on, give or take a fifth, so that hosts which connected together do not stay
 * together.
 * @param random from 0 to 1
 */
export function nextFreshness(now: number, random: number): number {
	const { freshnessEveryMs, freshnessJitter } = syncLimits;
	return now + Math.round(freshnessEveryMs * (1 - freshnessJitter + 2 * freshnessJitter * random));
}

/** When a keyring that could not be signed is tried again. */
export function nextAttempt(now: number, random: number): number {
	return now + 1_000 + 2_000 * random;
}
