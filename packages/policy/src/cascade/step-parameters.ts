import {
	impliedParameter,
	isLooserParameter,
	type ParameterValue,
	type StepDefinition,
	type StepParameter,
	stricterParameter,
} from '@tappass/core';
import type { Chain, Contribution, Origin, Stated } from '../resolve/contribution.ts';
import type { Conflict } from './conflict.ts';
import { isAbove, isWritten, type Statement } from './order.ts';
import { strictest } from './strictest.ts';

/**
 * Step parameters: each one's own strict direction; the loose direction below is a contradiction. A step that runs without
 * stating a parameter goes by what the table of steps says it does unasked: that counts as stated as soon as somebody
 * states the parameter. An operator states it past what Packs and concerns beside them, or anyone below, leave unsaid;
 * nobody states it past the silence of an operator above.
 */
export function mergeParameters(
	step: StepDefinition,
	contributions: readonly Contribution[],
): { readonly merged: Readonly<Record<string, Stated<ParameterValue>>>; readonly conflicts: readonly Conflict[] } {
	const merged: Record<string, Stated<ParameterValue>> = {};
	const conflicts: Conflict[] = [];
	for (const [name, parameter] of Object.entries(step.parameters)) {
		const result = strictest(statementsAbout(step, name, parameter, contributions), {
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

function statementsAbout(
	step: StepDefinition,
	name: string,
	parameter: StepParameter,
	contributions: readonly Contribution[],
): readonly Statement<ParameterValue>[] {
	const value = impliedParameter(parameter);
	const all = contributions.flatMap(({ origin, steps }): readonly Statement<ParameterValue>[] => {
		const { enabled, parameters } = steps[step.name] ?? {};
		const stated = parameters?.[name];
		if (stated !== undefined) return [{ origin, stated: oneText(parameter, stated) }];
		if (value === undefined || enabled?.value !== true) return [];
		return [{ origin, stated: { ...enabled, value }, implied: true }];
	});
	// Whoever enables a step without naming what it looks for means everything, whoever else names less.
	if (value === undefined || parameter.strict === 'union') return all;
	const spoken = all.filter(({ implied }) => implied !== true);
	const [first] = spoken;
	if (first === undefined) return [];
	const floor: readonly Statement<ParameterValue>[] =
		step.runs === 'always'
			? [{ origin: everyCall, stated: { ...first.stated, chains: unasked, value }, implied: true }]
			: [];
	return [...floor, ...all].filter(
		({ origin, implied }) =>
			implied !== true || !spoken.some((each) => isWritten(each.origin) && isPast(each.origin, origin)),
	);
}

// What a step of every call does is a floor to all but the org's own operators.
const everyCall: Origin = { level: 'org', kind: 'concern', name: 'every call' };
const unasked: readonly Chain[] = [[{ kind: 'default', note: 'what the step does unasked' }]];

function isPast(operator: Origin, silent: Origin): boolean {
	return isAbove(operator, silent) || (operator.level === silent.level && !isWritten(silent));
}

// Lists are sets, and one that names everything has one text.
function oneText(parameter: StepParameter, stated: Stated<ParameterValue>): Stated<ParameterValue> {
	if (!Array.isArray(stated.value)) return stated;
	return { ...stated, value: stricterParameter(parameter, stated.value, stated.value) };
}
