import { type CallKind, type Finding, findStep, type Phase, type StepName, TapPassError } from '@tappass/core';
import type { CallState } from './call-state.ts';
import type { Context } from './context.ts';

/** One of the 32 steps, as its file exports it. */
export interface Step {
	readonly name: StepName;
	readonly phase: Phase;
	readonly applies_to: readonly CallKind[];
	/** Milliseconds after which the step counts as hung, and the call is refused. */
	readonly budget: number;
	/** Runs on this call even though no policy enables it. */
	readonly needed: (state: CallState) => boolean;
	/**
	 * Does the step's work: reads and fills the state, and says what it found. Whatever it throws blocks the call.
	 * Steps 27 and 29 look at text on its way out and answer at once.
	 */
	readonly run: (state: CallState, context: Context) => readonly Finding[] | Promise<readonly Finding[]>;
}

/** A step of that name; its phase and the calls it applies to are those that policy knows it by. */
export function defineStep(
	name: StepName,
	own: Pick<Step, 'budget' | 'run'> & { readonly needed?: Step['needed'] },
): Step {
	const definition = findStep(name);
	if (definition === undefined) throw new TapPassError('internal', { detail: `no step ${name}` });
	const { phase, applies_to } = definition;
	return Object.freeze({ name, phase, applies_to, needed: () => false, ...own });
}

/** Nothing was found. */
export const nothing: readonly Finding[] = Object.freeze([]);
