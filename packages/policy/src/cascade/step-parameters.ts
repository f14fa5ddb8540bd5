import {
	impliedParameter,
	isLooserParameter,
	type ParameterValue,
	type StepDefinition,
	type StepParameter,
	stricterParameter,
} from '@tappass/core';
import type { Contribution, Stated, StepStatement } from '../resolve/contribution.ts';
import type { Conflict } from './conflict.ts';
import { statementsOf } from './order.ts';
import { strictest } from './strictest.ts';

/** Step parameters: each one's own strict direction; the loose direction below is a contradiction. */
export function mergeParameters(
	step: StepDefinition,
	contributions: readonly Contribution[],
): { readonly merged: Readonly<Record<string, Stated<ParameterValue>>>; readonly conflicts: readonly Conflict[] } {
	const merged: Record<string, Stated<ParameterValue>> = {};
	const conflicts: Conflict[] = [];
	for (const [name, parameter] of Object.entries(step.parameters)) {
		const statements = statementsOf(contributions, ({ steps }) => sorted(stated(steps[step.name], name, parameter)));
		const result = strictest(statements, {
			what: `pipeline.steps.${step.name}.parameters.${name}`,
			stricter: (a, b) => stricterParameter(parameter, a, b),
			isLooser: (above, below) => isLooserParameter(parameter, above, below),
			print: (value) => JSON.stringify(value),
			fix: (above) => `use ${JSON.stringify(above)} or something stricter (${parameter.strict})`,
		});
		conflicts.push(...result.conflicts);
		if (result.merged !== undefined) merged[name] = result.merged;
	}
	return { merged, conflicts };
}

// An enabled step that says nothing of a parameter may mean the strictest there is; then that is what it states.
function stated(
	statement: StepStatement | undefined,
	name: string,
	parameter: StepParameter,
): Stated<ParameterValue> | undefined {
	const { enabled, parameters } = statement ?? {};
	const implied = impliedParameter(parameter);
	if (parameters?.[name] !== undefined || enabled?.value !== true || implied === undefined) return parameters?.[name];
	return { ...enabled, value: implied };
}

// Lists are sets: one text for one value.
function sorted(stated: Stated<ParameterValue> | undefined): Stated<ParameterValue> | undefined {
	if (stated === undefined || !Array.isArray(stated.value)) return stated;
	return { ...stated, value: [...new Set(stated.value as readonly string[])].sort() };
}
