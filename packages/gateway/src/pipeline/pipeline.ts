import { type ErrorCode, errorTable, type Finding, type StepName, TapPassError } from '@tappass/core';
import type { GatewayPorts } from '../ports.ts';
import type { Admission, Admitted, Denial, Identification, Outcome, Pipeline } from './admission.ts';
import { append, callEvent, describeCall, orgOf } from './audit-events.ts';
import { createCaches } from './caches.ts';
import type { Call, Caller, Wire } from './call.ts';
import { bound, type CallState, createState } from './call-state.ts';
import type { Context } from './context.ts';
import { Cuts } from './cuts.ts';
import { type Detectors, shippedDetectors } from './detectors.ts';
import { denialOf, finding } from './findings.ts';
import { createGuard } from './guard.ts';
import { applies, note, runStep, runSteps } from './run.ts';
import type { Step } from './step.ts';
import { isModelAllowed } from './steps/enforce-model.ts';
import { allSteps } from './steps/index.ts';
import { findFacts } from './tool-facts.ts';
import { refusalOfTool } from './tool-rights.ts';

export interface PipelineOptions {
	/** Others than those of `@tappass/detect`. */
	readonly detectors?: Detectors | undefined;
	/** Other steps than the 32, for tests that break one. */
	readonly steps?: readonly Step[] | undefined;
}

/** The pipeline over its ports. */
export function createPipeline(ports: GatewayPorts, options: PipelineOptions = {}): Pipeline {
	const steps = options.steps ?? allSteps;
	const of = (name: StepName): Step => {
		const step = steps.find((one) => one.name === name);
		if (step === undefined) throw new TapPassError('internal', { detail: `no step ${name}` });
		return step;
	};
	const before = steps.slice(0, 1 + steps.indexOf(of('forward')));
	const identifying = steps.filter(({ phase, name }) => phase === 'identify' && name !== 'validate_wire');
	const emission = steps.filter(
		({ name, phase }) => name === 'evaluate_rego' || (phase === 'tools' && name !== 'filter_offered_tools'),
	);
	const settling = steps.filter(({ phase }) => phase === 'settle');
	const output = {
		scan: of('scan_output'),
		emissions: of('check_emissions'),
		filter: of('filter_response'),
		clearance: of('enforce_clearance'),
	};
	const cuts = new Cuts(ports);
	const context: Context = {
		ports,
		detectors: options.detectors ?? shippedDetectors,
		caches: createCaches(),
		cuts,
		judgeEmission: async (state) => {
			await runSteps(emission, state, context);
			return state.findings;
		},
	};

	/** Steps 30 to 32 on a call that is refused; an unrecorded refusal says so instead. */
	const refuse = async (state: CallState, decided: Finding): Promise<Denial> => {
		state.running?.end();
		try {
			const failed = await settleAll(settling, state, context);
			return denialOf(state, failed === undefined || decided.code === 'audit_unavailable' ? decided : failed);
		} catch (error) {
			return denialOf(state, breakdown(state, error));
		}
	};

	const admit = async (call: Call, caller: Caller): Promise<Admission> => {
		const state = createState(call, caller, ports.now());
		const decided = await runSteps(before, state, context);
		if (decided !== undefined) return { effect: 'block', denial: await refuse(state, decided) };
		return { effect: 'allow', admitted: admitted(state) };
	};

	const admitted = (state: CallState): Admitted => {
		const { running, recorded } = state;
		if (running === undefined || recorded === undefined)
			throw new TapPassError('internal', { detail: 'the call was let go without a record' });
		let settled: Promise<void> | undefined;
		return {
			request_id: state.request_id,
			findings: state.findings,
			edits: state.edits,
			removed_tools: state.removed_tools,
			route: state.route,
			recorded,
			cut: running.signal,
			cutBy: () => {
				const cut = running.cut();
				const said = cut ?? { code: 'session_closed' as const, message: 'The call is over.' };
				return denialOf(state, finding(state, 'check_session', said));
			},
			guard: createGuard(state, output, context),
			timings: state.timings,
			settle: (outcome) => {
				settled ??= settle(state, outcome);
				return settled;
			},
		};
	};

	const settle = async (state: CallState, outcome: Outcome): Promise<void> => {
		state.outcome = outcome;
		state.running?.end();
		// Started first and waited for last: what the store does not take must not leave a reservation open.
		const kept = keepPseudonyms(state, context);
		kept.catch(() => undefined);
		const failed = await settleAll(settling, state, context);
		await Promise.all([state.recorded, kept]);
		if (failed !== undefined) throw new TapPassError(codeOf(failed), { detail: failed.message });
	};

	const identify = async (wire: Wire, caller: Caller): Promise<Identification> => {
		const state = createState(nothingCalled(wire), caller, ports.now(), true);
		const decided = await runSteps(identifying, state, context);
		if (decided !== undefined) return { effect: 'block', denial: await refuse(state, decided) };
		const { policy, session } = bound(state);
		return {
			effect: 'allow',
			identified: {
				request_id: state.request_id,
				policy,
				session,
				mayUse: async (tool) => {
					const facts = await findFacts(state, context, tool);
					return facts !== undefined && refusalOfTool(state, facts) === undefined;
				},
				guard: () => createGuard(state, output, context),
				mayCall: (model) => isModelAllowed(policy.pipeline.models.allow, model),
			},
		};
	};

	return {
		admit: (call, caller) => admit(call, caller).catch((error: unknown) => brokenDown(call, caller, error)),
		identify: (wire, caller) =>
			identify(wire, caller).catch((error: unknown) => brokenDown(nothingCalled(wire), caller, error)),
		close: () => cuts.close(),
	};
}

function nothingCalled(wire: Wire): Call {
	if (wire === 'tools' || wire === 'mcp') return { kind: 'tool', wire, tool: 'list', args: {}, body_bytes: 0 };
	const nothing = { model: '', max_tokens: 0, stream: false, texts: [], offered_tools: [], body: {}, body_bytes: 0 };
	return { kind: 'model', wire, ...nothing };
}

/** Every settling step runs, whatever became of those before it; answers what went wrong last. */
async function settleAll(steps: readonly Step[], state: CallState, context: Context): Promise<Finding | undefined> {
	let failed: Finding | undefined;
	for (const step of steps) {
		if (!applies(step, state)) continue;
		const found = await runStep(step, state, context);
		note(state, found);
		failed = found.find(({ action }) => action === 'block') ?? failed;
	}
	if (failed?.step === 'sign_audit') await recordFault(state, failed, context);
	return failed;
}

/** A last record when the one of step 32 could not be made; when this fails too, the caller hears `audit_unavailable`. */
async function recordFault(state: CallState, failed: Finding, context: Context): Promise<void> {
	const org_id = orgOf(state);
	if (org_id === undefined || failed.code === 'audit_unavailable') return;
	const type = state.outcome === undefined ? 'call.denied' : 'call.settled';
	const event = callEvent(state, context, org_id, { type, decided: failed, payload: describeCall(state, undefined) });
	await append(event, context);
}

async function keepPseudonyms(state: CallState, { ports }: Context): Promise<void> {
	const { pseudonyms } = state;
	if (pseudonyms === undefined || pseudonyms.withheld.size === 0) return;
	const { policy, session } = bound(state);
	await ports.pseudonyms.keep(policy.org_id, session.id, pseudonyms.withheld);
}

function codeOf({ code }: Finding): ErrorCode {
	return Object.hasOwn(errorTable, code) ? (code as ErrorCode) : 'step_failed';
}

/** The last net: the pipeline itself failed, and nothing went on. */
function brokenDown(call: Call, caller: Caller, error: unknown): { readonly effect: 'block'; readonly denial: Denial } {
	const state = createState(call, caller, 0);
	return { effect: 'block', denial: denialOf(state, breakdown(state, error)) };
}

function breakdown(state: CallState, error: unknown): Finding {
	const code =
		error instanceof TapPassError && error.code === 'audit_unavailable' ? 'audit_unavailable' : 'step_failed';
	const message = 'The call could not be judged and recorded, so it is refused.';
	return finding(state, 'sign_audit', { code, message });
}
