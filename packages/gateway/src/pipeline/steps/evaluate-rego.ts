import { hash } from 'node:crypto';
import {
	type Because,
	canonicalJson,
	type DecisionProgram,
	type Finding,
	type Level,
	levels,
	TapPassError,
} from '@tappass/core';
import { compile, type Evaluation, type Program, type Value } from '@tappass/rego';
import { gatewayLimits } from '../../limits.ts';
import { bound, type CallState } from '../call-state.ts';
import type { Context } from '../context.ts';
import { decisionInput } from '../decision-input.ts';
import { finding } from '../findings.ts';
import { numberOf } from '../parameters.ts';
import { defineStep, nothing, type Step } from '../step.ts';

/**
 * Step 11: the decision rules of every level and Pack, each origin evaluated by itself; what they deny, notify and want
 * approved unites. A rule that cannot be evaluated within its limits refuses the call.
 */
export const evaluateRego: Step = defineStep('evaluate_rego', {
	budget: gatewayLimits.stepComputesMs,
	run: async (state, context) => {
		const { decisions } = bound(state).policy.pipeline;
		if (decisions.length === 0) return nothing;
		const input = await decisionInput(state, context);
		return decisions.flatMap((decision) => judge(decision, input, state, context));
	},
});

const unsteady: readonly string[] = ['time.now_ns', 'rand.intn', 'uuid.rfc4122'];
const outputs = ['deny', 'require_approval', 'notify'] as const;

function judge(decision: DecisionProgram, input: Value, state: CallState, context: Context): readonly Finding[] {
	const program = programOf(decision, context);
	const limits = {
		stepsMax: numberOf(state, 'evaluate_rego', 'steps_max') ?? gatewayLimits.regoStepsMax,
		timeMsMax: numberOf(state, 'evaluate_rego', 'time_ms_max') ?? gatewayLimits.regoTimeMsMax,
	};
	const clockMs = context.ports.monotonicMs;
	return outputs
		.filter((output) => defines(program, output))
		.flatMap((output) => {
			const evaluation = program.evaluate(`data.tappass.decision.${output}`, {
				input,
				limits,
				clockMs,
				provenance: true,
			});
			return messagesOf(evaluation).flatMap((message) => {
				const because = whyOf(decision.origin, output, message, evaluation);
				if (output === 'require_approval') {
					state.asked.push({
						approval_id: `rego.${decision.origin}`,
						approvers: 1,
						expires_minutes: gatewayLimits.approvalMinutes,
						by: 'rego',
						finding: { step: 'evaluate_rego', code: 'approval_required', message, because },
					});
					return [];
				}
				return [
					finding(state, 'evaluate_rego', {
						code: 'decision_denied',
						message,
						because,
						action: output === 'deny' ? 'block' : 'notify',
					}),
				];
			});
		});
}

function programOf(decision: DecisionProgram, { caches }: Context): Program {
	let program = compiled.get(decision);
	if (program === undefined) {
		// Sandboxes share their floors: what was compiled for one serves all.
		const name = hash('sha256', canonicalJson(decision.modules), 'hex');
		program = caches.programs.get(name) ?? compile(decision.modules, { unsafeBuiltins: unsteady });
		caches.programs.set(name, program);
		compiled.set(decision, program);
	}
	return program;
}

// Most origins only deny: to ask for a set that is not there costs as much as to ask for one that is.
function defines({ lowered }: Program, output: string): boolean {
	return lowered.groups.some(({ path }) => path.includes(output));
}

const compiled = new WeakMap<DecisionProgram, Program>();

/** The messages of one set, as texts. Anything but a list is no set that the contract knows, so it cannot be read as "nothing". */
function messagesOf({ defined, result }: Evaluation): readonly string[] {
	if (!defined) return [];
	if (!Array.isArray(result)) throw new TapPassError('internal', { detail: 'a decision is not a set of messages' });
	return result.map((message) => (typeof message === 'string' ? message : JSON.stringify(message)));
}

function whyOf(
	origin: string,
	output: string,
	message: string,
	{ provenance }: Evaluation,
): readonly (readonly Because[])[] {
	const entry = provenance?.find(({ key }) => key === message) ?? provenance?.[0];
	const site = entry?.reasons[0]?.site;
	const title = site?.annotation?.title;
	const rule: Because[] =
		site === undefined
			? []
			: [
					{
						kind: 'rule',
						rule: output,
						file: site.file,
						row: site.startRow,
						...(typeof title === 'string' ? { title } : {}),
					},
				];
	return [[...rule, originOf(origin)]];
}

function originOf(origin: string): Because {
	if (levels.includes(origin as Level)) return { kind: 'floor', level: origin as Level, name: origin };
	const [kind, name = ''] = origin.split(/:(.*)/s);
	if (kind === 'concern') return { kind: 'concern', id: name };
	const [id = name, version = ''] = name.split('@');
	return { kind: 'pack', id, version };
}
