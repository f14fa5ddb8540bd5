import { limits } from '../limits.ts';
import type { Denial } from './types.ts';

/** A refusal as the proxy reports it. */
export type NewDenial = Omit<Denial, 'at' | 'count'>;

/** Tells denials without letting an agent flood whoever writes them down: every one is counted, equal ones are told as one. */
export interface DenialLog {
	readonly add: (denial: NewDenial) => void;
	/** Tells what was counted and not yet told. */
	readonly flush: () => void;
}

/** The first of its kind is told at once; what equals it within the window is told together when the window ends. */
export function denialLog(tell: (denial: Denial) => void, now: () => number): DenialLog {
	let held = new Map<string, Denial>();
	let timer: NodeJS.Timeout | undefined;
	const flush = (): void => {
		clearTimeout(timer);
		timer = undefined;
		const counted = [...held.values()].filter(({ count }) => count > 0);
		held = new Map();
		for (const denial of counted) tell(denial);
	};
	return {
		flush,
		add: (denial) => {
			const whole = [denial.code, denial.host, denial.port, denial.address].join('\u0000');
			// Past the limit only the code tells them apart, and there are few codes.
			const full = held.size >= limits.denialsPerWindowMax && !held.has(whole);
			const key = full ? denial.code : whole;
			const before = held.get(key);
			if (before === undefined) {
				const first: Denial = full
					? { code: denial.code, reason: 'more different ones than are told one by one', at: now(), count: 1 }
					: { ...denial, at: now(), count: 1 };
				if (!full) tell(first);
				held.set(key, full ? first : { ...first, count: 0 });
			} else
				held.set(key, before.count === 0 ? { ...before, at: now(), count: 1 } : { ...before, count: before.count + 1 });
			timer ??= setTimeout(flush, limits.denialWindowMs).unref();
		},
	};
}
