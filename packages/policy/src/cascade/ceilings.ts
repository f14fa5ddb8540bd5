import { type Ceiling, type Contribution, ceilings, type Stated } from '../resolve/contribution.ts';
import type { Conflict } from './conflict.ts';
import { isWritten, statementsOf } from './order.ts';
import { type Strictness, strictest } from './strictest.ts';

/**
 * Numeric ceilings: the smallest number stated holds. Only an operator's number allows anything, or where there is none a
 * function's default; what Packs and concerns state lowers it.
 */
export function mergeCeilings(contributions: readonly Contribution[]): {
	readonly merged: Partial<Readonly<Record<Ceiling, Stated<number>>>>;
	readonly conflicts: readonly Conflict[];
} {
	const merged: Partial<Record<Ceiling, Stated<number>>> = {};
	const conflicts: Conflict[] = [];
	for (const what of ceilings) {
		const law: Strictness<number> = {
			what,
			stricter: Math.min,
			isLooser: (above, below) => below > above,
			print: String,
			fix: (above) => `state ${above} or less, or ask for a higher floor`,
		};
		const result = strictest(
			statementsOf(contributions, ({ ceilings: stated }) => stated[what]),
			law,
		);
		conflicts.push(...result.conflicts);
		const allowing = contributions.some(
			({ origin, ceilings: stated }) => isWritten(origin) && stated[what] !== undefined,
		);
		const value = allowing ? result.merged : byDefault(contributions, what, law);
		if (value !== undefined) merged[what] = value;
	}
	return { merged, conflicts };
}

function byDefault(
	contributions: readonly Contribution[],
	what: Ceiling,
	law: Strictness<number>,
): Stated<number> | undefined {
	const defaults = statementsOf(contributions, (contribution) => contribution.defaults[what]);
	if (defaults.length === 0) return undefined;
	const lowering = statementsOf(contributions, (contribution) => contribution.ceilings[what]);
	return strictest([...defaults, ...lowering], law).merged;
}
