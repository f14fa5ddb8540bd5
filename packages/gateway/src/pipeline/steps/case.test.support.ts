/** Cases of the steps: what each lets pass, and the nearest that it refuses. */
import { type StepName, TapPassError } from '@tappass/core';
import { modelCall, type TestSandbox, type TestTerms, testSandbox } from '../../sandbox.test.support.ts';
import type { Admitted, Denial } from '../admission.ts';
import type { Call, Caller } from '../call.ts';
import { createPipeline } from '../pipeline.ts';

export interface Case {
	readonly says: string;
	/** The refusal, or undefined when the call passes. */
	readonly run: () => Promise<Pick<Denial, 'code' | 'step'> | undefined>;
}

export interface Cases {
	readonly allowed: readonly Case[];
	/** Each with the code it must be refused with. */
	readonly denied: readonly (Case & { readonly code: string; readonly step?: StepName })[];
}

export interface Given {
	readonly terms?: TestTerms;
	readonly call?: Call;
	/** Who calls; the gateway's token for models, the broker's for tools when it is not said. */
	readonly caller?: (sandbox: TestSandbox) => Promise<Partial<Caller>>;
	readonly prepare?: (sandbox: TestSandbox) => unknown;
	/** What is done with the call once it is admitted; throws or answers a denial when it is refused then. */
	readonly after?: (admitted: Admitted, sandbox: TestSandbox) => Promise<Denial | undefined>;
}

/** Runs a call through the whole pipeline. */
export async function refusalOf(given: Given): Promise<Pick<Denial, 'code' | 'step'> | undefined> {
	const sandbox = await testSandbox(given.terms);
	await given.prepare?.(sandbox);
	const call = given.call ?? modelCall();
	const base = call.kind === 'tool' ? sandbox.broker : sandbox.caller;
	const caller = { ...base, ...(await given.caller?.(sandbox)) };
	const pipeline = createPipeline(sandbox.ports);
	const admission = await pipeline.admit(call, caller);
	pipeline.close();
	if (admission.effect === 'block') return admission.denial;
	return given.after?.(admission.admitted, sandbox);
}

export function allows(says: string, given: Given = {}): Case {
	return { says, run: () => refusalOf(given) };
}

export function refuses(says: string, code: string, given: Given = {}, step?: StepName): Cases['denied'][number] {
	return { says, code, run: () => refusalOf(given), ...(step === undefined ? {} : { step }) };
}

/** A port that does not answer. */
export function broken(): never {
	throw new TapPassError('store_unavailable');
}

/** The denial that a guard's answer is, if it is one. */
export function blockedBy(
	answer: { readonly effect: 'release' } | { readonly effect: 'block'; readonly denial: Denial },
): Denial | undefined {
	return answer.effect === 'block' ? answer.denial : undefined;
}
