import { findStep, impliedParameter, type StepName, TapPassError } from '@tappass/core';
import type { CallState } from './call-state.ts';

/** A parameter of a step as the policy states it; undefined when nobody does. */
function parameterOf(state: CallState, step: StepName, name: string): unknown {
	const parameters = state.policy?.pipeline.steps[step].parameters;
	return parameters !== undefined && Object.hasOwn(parameters, name) ? parameters[name] : undefined;
}

/** A number as the policy states it, or what the step goes by when nobody does; undefined when there is no bound then. */
export function numberOf(state: CallState, step: StepName, name: string): number | undefined {
	return [parameterOf(state, step, name), implied(step, name)].find((value) => typeof value === 'number');
}

/** The same of a parameter that always bounds. @throws {TapPassError} internal: nothing does, and nothing may pass for that */
export function boundOf(state: CallState, step: StepName, name: string): number {
	const bound = numberOf(state, step, name);
	if (bound === undefined) throw new TapPassError('internal', { detail: `${step} has no ${name}` });
	return bound;
}

function implied(step: StepName, name: string): unknown {
	const parameter = findStep(step)?.parameters[name];
	return parameter === undefined ? undefined : impliedParameter(parameter);
}

export function flagOf(state: CallState, step: StepName, name: string): boolean {
	return parameterOf(state, step, name) === true;
}

export function choiceOf(state: CallState, step: StepName, name: string): string | undefined {
	const value = parameterOf(state, step, name);
	return typeof value === 'string' ? value : undefined;
}

export function listOf(state: CallState, step: StepName, name: string): readonly string[] | undefined {
	const value = parameterOf(state, step, name);
	return Array.isArray(value) ? value : undefined;
}
