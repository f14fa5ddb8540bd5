import { type Action, actions, type StepDefinition, stricterAction } from '@tappass/core';
import type { Contribution } from '../resolve/contribution.ts';
import type { Conflict } from './conflict.ts';
import { isWritten, type Statement, statementsOf } from './order.ts';
import { strictest } from './strictest.ts';

/**
 * `action`: block > notify > log; a weaker action below a stronger one is a contradiction. A step that is part of every call
 * enforces what all levels state, so nobody may have it do less than it does unasked.
 */
export function mergeAction(
	step: StepDefinition,
	contributions: readonly Contribution[],
): ReturnType<typeof strictest<Action>> {
	const statements = statementsOf(contributions, ({ steps }) => steps[step.name]?.action);
	const isDiluted = ({ stated }: Statement<Action>): boolean =>
		step.runs === 'always' && actions.indexOf(stated.value) < actions.indexOf(step.default_action);
	const { merged, conflicts } = strictest(
		statements.filter((statement) => !isDiluted(statement)),
		{
			what: `pipeline.steps.${step.name}.action`,
			stricter: stricterAction,
			isLooser: (above, below) => actions.indexOf(below) < actions.indexOf(above),
			print: (action) => action,
			fix: (above) => `use ${above}, or leave the action out`,
		},
	);
	const diluted = statements.filter((statement) => isDiluted(statement) && isWritten(statement.origin));
	return { merged, conflicts: [...conflicts, ...diluted.map((statement) => dilution(step, statement))] };
}

function dilution({ name, default_action }: StepDefinition, { origin, stated }: Statement<Action>): Conflict {
	return {
		kind: 'refused',
		what: `pipeline.steps.${name}.action`,
		below: { origin, text: stated.value, place: stated.place },
		above: {
			origin: { level: 'org', kind: 'operator', name: 'every call' },
			text: default_action,
			place: stated.place,
		},
		fix: 'leave the action out: this step is part of every call',
	};
}
