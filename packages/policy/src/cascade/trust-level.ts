import { type TrustLevel, trustLevels } from '@tappass/core';
import type { Contribution } from '../resolve/contribution.ts';
import { isWritten, statementsOf } from './order.ts';
import { strictest } from './strictest.ts';

/**
 * `trust_level`: the minimum; a higher level below a lower one is a contradiction. Only an operator or a function says how
 * far an agent may go: what Packs and concerns state lowers it, and alone it means nothing.
 */
export function mergeTrustLevel(contributions: readonly Contribution[]): ReturnType<typeof strictest<TrustLevel>> {
	const allowing = contributions.some(
		({ origin, trust_level }) => trust_level !== undefined && (isWritten(origin) || origin.kind === 'function'),
	);
	if (!allowing) return { merged: undefined, conflicts: [] };
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
