import { type Ceiling, type Contribution, ceilings, type Stated } from '../resolve/contribution.ts';
import type { Conflict } from './conflict.ts';
import { statementsOf } from './order.ts';
import { strictest } from './strictest.ts';

/** Numeric ceilings: the smallest number stated holds; a function's default holds where nothing is stated. */
export function mergeCeilings(contributions: readonly Contribution[]): {
	readonly merged: Partial<Readonly<Record<Ceiling, Stated<number>>>>;
	readonly conflicts: readonly Conflict[];
} {
	const merged: Partial<Record<Ceiling, Stated<number>>> = {};
	const conflicts: Conflict[] = [];
	for (const what of ceilings) {
		const law = {
			what,
			stricter: Math.min,
			isLooser: (above: number, below: number) => below > above,
			print: String,
			fix: (above: number) => `state ${above} or less, or ask for a higher floor`,
		};
		const result = strictest(
			statementsOf(contributions, ({ ceilings: stated }) => stated[what]),
			law,
		);
		conflicts.push(...result.conflicts);
		const value =
			result.merged ??
			strictest(
				statementsOf(contributions, ({ defaults }) => defaults[what]),
				law,
			).merged;
		if (value !== undefined) merged[what] = value;
	}
	return { merged, conflicts };
}
