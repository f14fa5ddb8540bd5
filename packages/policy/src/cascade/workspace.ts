import { coversPath, parsePathPattern } from '@tappass/core';
import type { Contribution } from '../resolve/contribution.ts';
import { statementsOf } from './order.ts';
import { strictest } from './strictest.ts';

/** `filesystem.workspace`: the highest level that states one is the ceiling; one below must lie inside it. */
export function mergeWorkspace(contributions: readonly Contribution[]): ReturnType<typeof strictest<string>> {
	return strictest(
		statementsOf(contributions, ({ workspace }) => workspace),
		{
			what: 'filesystem.workspace',
			// Outside of the ceiling nothing is won: the ceiling stays.
			stricter: (above, below) => (lies(below, above) ? below : above),
			isLooser: (above, below) => !lies(below, above),
			print: (path) => path,
			fix: (above) => `choose ${above} or a path below it`,
		},
	);
}

function lies(inner: string, outer: string): boolean {
	const [a, b] = [parsePathPattern(outer).pattern, parsePathPattern(inner).pattern];
	return a !== undefined && b !== undefined && coversPath(a, b);
}
