import { type StepName, steps } from '@tappass/core';
import type { Contribution, StepStatement } from '../resolve/contribution.ts';
import { mergeAction } from './action.ts';
import type { Conflict } from './conflict.ts';
import { mergeEnabled } from './enabled.ts';
import { mergeParameters } from './step-parameters.ts';

/** Every step that someone says something about, by the laws of its switch, its action and its parameters. */
export function mergeSteps(contributions: readonly Contribution[]): {
	readonly merged: Partial<Readonly<Record<StepName, StepStatement>>>;
	readonly conflicts: readonly Conflict[];
} {
	const merged: Partial<Record<StepName, StepStatement>> = {};
	const conflicts: Conflict[] = [];
	for (const step of steps) {
		const about = contributions.filter((contribution) => contribution.steps[step.name] !== undefined);
		if (about.length === 0) continue;
		const enabled = mergeEnabled(step, about);
		const action = mergeAction(step, about);
		const parameters = mergeParameters(step, about);
		conflicts.push(...enabled.conflicts, ...action.conflicts, ...parameters.conflicts);
		merged[step.name] = {
			...(enabled.merged === undefined ? {} : { enabled: enabled.merged }),
			...(action.merged === undefined ? {} : { action: action.merged }),
			parameters: parameters.merged,
		};
	}
	return { merged, conflicts };
}
