import type { Because } from '../because/because.ts';
import type { ErrorCode } from '../errors/table.ts';
import { type Action, actions, type StepName } from '../steps/steps.ts';

/** What one step found; `block` findings decide the call, weaker ones are recorded. */
export interface Finding {
	readonly step: StepName;
	readonly action: Action;
	readonly code: ErrorCode | string;
	/** For people and for the model; never holds what was found, only its class. */
	readonly message: string;
	readonly because: readonly (readonly Because[])[];
}

/** The one answer to one call. A denial is an answer, not an error. */
export type Verdict =
	| { readonly effect: 'allow'; readonly findings: readonly Finding[] }
	| { readonly effect: 'block'; readonly decided_by: Finding; readonly findings: readonly Finding[] };

/** Many findings, one Verdict: the strictest action wins, the first of its kind decides. */
export function decideVerdict(findings: readonly Finding[]): Verdict {
	const decided_by = findings.find((finding) => finding.action === 'block');
	return decided_by === undefined ? { effect: 'allow', findings } : { effect: 'block', decided_by, findings };
}

/** The stricter of two actions: block > notify > log. */
export function stricterAction(a: Action, b: Action): Action {
	return actions.indexOf(a) >= actions.indexOf(b) ? a : b;
}
