import { gatewayLimits } from '../limits.ts';
import type { RecentCall } from '../ports.ts';

/** What counts as a runaway. */
export interface LoopBounds {
	readonly same_shape_max: number;
	readonly destructive_max: number;
	readonly cycle_length_max: number;
	readonly window_minutes: number;
}

export type Loop = 'destructive' | 'same_call' | 'same_shape' | 'cycle';

/**
 * What kind of runaway the latest calls are, the newest last; undefined when they are none.
 * @param now Unix milliseconds
 */
export function findLoop(recent: readonly RecentCall[], bounds: LoopBounds, now: number): Loop | undefined {
	const since = now - bounds.window_minutes * 60_000;
	const calls = recent.filter(({ at }) => at >= since);
	const newest = calls.at(-1);
	if (newest === undefined) return undefined;
	if (newest.destructive && count(calls, ({ destructive }) => destructive) >= bounds.destructive_max)
		return 'destructive';
	if (rounds(calls, 1) >= gatewayLimits.sameCallMax) return 'same_call';
	if (count(calls, ({ shape }) => shape === newest.shape) >= bounds.same_shape_max) return 'same_shape';
	for (let length = 2; length <= bounds.cycle_length_max; length += 1)
		if (rounds(calls, length) >= gatewayLimits.cycleRoundsMax) return 'cycle';
	return undefined;
}

function count(calls: readonly RecentCall[], matches: (call: RecentCall) => boolean): number {
	return calls.reduce((sum, call) => sum + Number(matches(call)), 0);
}

/** How often the last `length` calls came round, exactly equal and without a break. */
function rounds(calls: readonly RecentCall[], length: number): number {
	let equal = 0;
	for (let at = calls.length - 1 - length; at >= 0; at -= 1) {
		if (calls[at]!.exact !== calls[at + length]!.exact) break;
		equal += 1;
	}
	return Math.floor((equal + length) / length);
}
