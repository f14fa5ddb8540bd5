import {
	type Action,
	type Because,
	type BecauseTrail,
	type ErrorCode,
	errorTable,
	type Finding,
	findStep,
	type Level,
	printBecause,
	type StepName,
} from '@tappass/core';
import { gatewayLimits } from '../limits.ts';
import type { Denial } from './admission.ts';
import type { CallState } from './call-state.ts';

/** What a step has to say: a code, a sentence for people and models, and where the value stands that decided. */
export interface Said {
	readonly code: ErrorCode;
	/** Never holds what was found. */
	readonly message: string;
	/** Places in the Compiled Policy or effective pipeline, the one that decided first; without any, that of the step. */
	readonly paths?: readonly (readonly string[])[];
	/** Chains that stand in no trail. */
	readonly because?: readonly (readonly Because[])[];
	/** Weaker than to block. */
	readonly action?: Action;
}

/** A finding of a step. It blocks unless it says otherwise. */
export function finding(state: CallState, step: StepName, said: Said): Finding {
	const message = said.message.slice(0, gatewayLimits.messageLengthMax);
	return { step, action: said.action ?? 'block', code: said.code, message, because: because(state, step, said) };
}

function because({ rules }: CallState, step: StepName, said: Said): Finding['because'] {
	if (said.because !== undefined) return said.because;
	const trails = (said.paths ?? [])
		.slice(0, gatewayLimits.pathsMax)
		.map((path) => rules?.trail(path))
		.filter((trail): trail is BecauseTrail => trail !== undefined);
	const found = trails.length > 0 ? trails : [rules?.trail(['steps', step])];
	return found.flatMap((trail) => trail?.chains ?? []);
}

/** Whether a detector found something and let it through: policy and detectors do not agree about the call. */
export function isDoubted({ findings }: CallState): boolean {
	return findings.some(({ step, action }) => action === 'notify' && findStep(step)?.phase === 'inspect');
}

/** How a policy treats what a step finds. */
export function actionOf(state: CallState, step: StepName): Action {
	return state.policy?.pipeline.steps[step].action ?? 'block';
}

/** The denial that a blocking finding is for the caller. */
export function denialOf(state: CallState, decided: Finding): Denial {
	const code = decided.code;
	const row = Object.hasOwn(errorTable, code) ? errorTable[code as ErrorCode] : errorTable.internal;
	// A 202 would be read as a completion; only the door for tools has a way to say "later".
	const later = code === 'approval_required' && state.wire === 'tools';
	return {
		request_id: state.request_id,
		status: later ? 202 : row.status,
		code,
		message: decided.message,
		step: decided.step,
		level: levelOf(decided.because),
		because: [...new Set(decided.because.flat().map(printBecause))],
		retry_after_ms: state.retry_after_ms ?? (row.retryable ? 1_000 : undefined),
		ticket: state.ticket,
	};
}

/** The highest level of the cascade that a chain names. */
export function levelOf(chains: Finding['because']): Level | undefined {
	for (const link of chains.flat()) if (link.kind === 'floor') return link.level;
	return undefined;
}
