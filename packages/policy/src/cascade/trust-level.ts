import { type TrustLevel, trustLevels } from '@tappass/core';
import type { Contribution } from '../resolve/contribution.ts';
import { statementsOf } from './order.ts';
import { strictest } from './strictest.ts';

/** `trust_level`: the minimum; a higher level below a lower one is a contradiction. */
export function mergeTrustLevel(contributions: readonly Contribution[]): ReturnType<typeof strictest<TrustLevel>> {
	const rank = (level: TrustLevel): number => trustLevels.indexOf(level);
	return strictest(
		statementsOf(contributions, ({ trust_level }) => trust_level),
		{
			what: 'trust_level',
			stricter: (a, b) => (rank(a) <= rank(b) ? a : b),
			isLooser: (above, below) => rank(below) > rank(above),
			print: (level) => level,
			fix: (above) => `state ${above} or less`,
		},
	);
}
