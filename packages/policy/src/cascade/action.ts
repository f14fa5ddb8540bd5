import { type Action, actions, type StepDefinition, stricterAction } from '@tappass/core';
import type { Contribution } from '../resolve/contribution.ts';
import { statementsOf } from './order.ts';
import { strictest } from './strictest.ts';

/** `action`: block > notify > log; a weaker action below a stronger one is a contradiction. */
export function mergeAction(
	step: StepDefinition,
	contributions: readonly Contribution[],
): ReturnType<typeof strictest<Action>> {
	return strictest(
		statementsOf(contributions, ({ steps }) => steps[step.name]?.action),
		{
			what: `pipeline.steps.${step.name}.action`,
			stricter: stricterAction,
			isLooser: (above, below) => actions.indexOf(below) < actions.indexOf(above),
			print: (action) => action,
			fix: (above) => `use ${above}, or leave the action out`,
		},
	);
}
