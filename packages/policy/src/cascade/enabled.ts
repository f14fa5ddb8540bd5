import type { StepDefinition } from '@tappass/core';
import type { Contribution } from '../resolve/contribution.ts';
import { statementsOf } from './order.ts';
import { strictest } from './strictest.ts';

/** `enabled`: true wins; `enabled: false` below `true` is a contradiction. */
export function mergeEnabled(
	step: StepDefinition,
	contributions: readonly Contribution[],
): ReturnType<typeof strictest<boolean>> {
	return strictest(
		statementsOf(contributions, ({ steps }) => steps[step.name]?.enabled),
		{
			what: `pipeline.steps.${step.name}.enabled`,
			stricter: (a, b) => a || b,
			isLooser: (above, below) => above && !below,
			print: String,
			fix: () => 'leave the step out: what is enabled above stays enabled',
		},
	);
}
