import { type ErrorCode, type Finding, findStep, type Phase, TapPassError } from '@tappass/core';
import { gatewayLimits } from '../limits.ts';
import type { CallState } from './call-state.ts';
import type { Context } from './context.ts';
import { within } from './deadline.ts';
import { finding } from './findings.ts';
import type { Step } from './step.ts';

/**
 * Runs steps in their order. The first finding that blocks decides the call, so nothing comes after it; only the detectors
 * of the inspect phase, which change nothing outside, look at everything first. Never throws.
 */
export async function runSteps(
	steps: readonly Step[],
	state: CallState,
	context: Context,
): Promise<Finding | undefined> {
	let decided: Finding | undefined;
	let phase: Phase | undefined;
	for (const step of steps) {
		if (decided !== undefined && !(phase === 'inspect' && step.phase === 'inspect')) break;
		phase = step.phase;
		if (!applies(step, state)) continue;
		const found = await runStep(step, state, context);
		note(state, found);
		decided ??= found.find(({ action }) => action === 'block');
	}
	return decided;
}

/** Whether a step looks at this call: its kind, and whether the policy, or the call itself, asks for it. */
export function applies(step: Step, state: CallState): boolean {
	if (!step.applies_to.includes(state.call.kind)) return false;
	if (findStep(step.name)?.runs === 'always') return true;
	// What a policy does not speak of at all is not known to be off.
	return state.policy?.pipeline.steps[step.name]?.enabled !== false || step.needed(state);
}

/** One step, within its budget. Whatever it throws, and however long it hangs, is a finding that blocks. */
export async function runStep(step: Step, state: CallState, context: Context): Promise<readonly Finding[]> {
	const started = context.ports.monotonicMs();
	try {
		const answer = step.run(state, context);
		const found = isPromise(answer) ? await within(step.budget, answer, 'step_failed') : answer;
		return inTime(step, found, context.ports.monotonicMs() - started);
	} catch (error) {
		return [fault(step, state, error)];
	} finally {
		time(step, state, context, started);
	}
}

/** One step on text that is on its way out, where nobody can wait. */
export function runNow(step: Step, state: CallState, context: Context): readonly Finding[] {
	const started = context.ports.monotonicMs();
	try {
		const found = step.run(state, context);
		if (isPromise(found)) {
			found.catch(() => undefined);
			throw new TapPassError('step_failed', { detail: 'did not answer at once' });
		}
		return inTime(step, found, context.ports.monotonicMs() - started);
	} catch (error) {
		return [fault(step, state, error)];
	} finally {
		time(step, state, context, started);
	}
}

function inTime(step: Step, found: readonly Finding[], took: number): readonly Finding[] {
	if (!Array.isArray(found)) throw new TapPassError('step_failed', { detail: 'no list of findings' });
	// Written so that a clock that cannot be read (NaN) refuses as well.
	if (!(took <= step.budget)) throw new TapPassError('step_failed', { detail: `took longer than ${step.budget} ms` });
	return found;
}

/** Keeps findings, each once and not without end: a stream may repeat itself. */
export function note(state: CallState, found: readonly Finding[]): void {
	for (const one of found) {
		const known = state.findings.some(
			(other) => other.step === one.step && other.action === one.action && other.message === one.message,
		);
		if (!known && (state.findings.length < gatewayLimits.findingsMax || one.action === 'block'))
			state.findings.push(one);
	}
}

const ofTheStore: readonly ErrorCode[] = ['audit_unavailable', 'store_unavailable'];

/** What a step that failed is for the call. The error's own words stay here: they may hold what was looked at. */
function fault(step: Step, state: CallState, error: unknown): Finding {
	const code = error instanceof TapPassError && ofTheStore.includes(error.code) ? error.code : 'step_failed';
	const message = `The step ${step.name} could not do its work, so the call is refused.`;
	return finding(state, step.name, { code, message });
}

function time(step: Step, state: CallState, { ports }: Context, started: number): void {
	const took = ports.monotonicMs() - started;
	state.timings[step.name] = Math.round(((state.timings[step.name] ?? 0) + took) * 1_000) / 1_000;
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
	return typeof (value as { readonly then?: unknown } | null)?.then === 'function';
}
