/** A step that throws, hangs or answers nonsense blocks, with a coded refusal and a record: each of the 32 is broken in turn. */
import { type StepName, TapPassError } from '@tappass/core';
import { describe, expect, test } from 'vitest';
import { modelCall, type TestSandbox, testSandbox, toolCall } from '../sandbox.test.support.ts';
import type { Admitted, Outcome } from './admission.ts';
import type { Call } from './call.ts';
import type { CallState } from './call-state.ts';
import { createPipeline } from './pipeline.ts';
import type { Step } from './step.ts';
import { allSteps } from './steps/index.ts';

const faults: Readonly<Record<string, (step: Step) => Step>> = {
	throws: (step) => ({
		...step,
		needed: () => true,
		run: () => {
			throw new TypeError('secret-detail');
		},
	}),
	'rejects with an error of the store': (step) => ({
		...step,
		needed: () => true,
		run: () => Promise.reject(new TapPassError('store_unavailable', { detail: 'secret-detail' })),
	}),
	hangs: (step) => ({ ...step, needed: () => true, budget: 5, run: () => new Promise(() => undefined) }),
	'answers nonsense': (step) => ({ ...step, needed: () => true, run: () => undefined as never }),
	'is killed half way': (step) => ({
		...step,
		needed: () => true,
		run: async (state, context) => {
			await step.run(state, context);
			throw new Error('secret-detail');
		},
	}),
};
const outcome: Outcome = {
	how: 'completed',
	status: 200,
	released_bytes: 0,
	usage: { input_tokens: 1, cache_read_tokens: 0, cache_write_tokens: 0, output_tokens: 1 },
};
const onOutput: readonly StepName[] = ['scan_output', 'check_emissions', 'filter_response'];
const atTheEnd: readonly StepName[] = ['settle_budget', 'record_signals', 'sign_audit'];
const kinds = ['model', 'tool'] as const;
const of = (name: StepName): Step => allSteps.find((step) => step.name === name)!;
const ofModels: readonly StepName[] = ['enforce_model', 'filter_offered_tools', ...onOutput];

describe.each(Object.entries(faults))('a step that %s', (_, fault) => {
	test.each(
		allSteps.flatMap(({ name }) =>
			(ofModels.includes(name) ? (['model'] as const) : kinds).map((kind) => [name, kind] as const),
		),
	)('blocks: %s on a call of a %s', async (name, kind) => {
		const sandbox = await testSandbox();
		const steps = allSteps.map((step) => (step.name === name ? fault(step) : step));
		const call = kind === 'model' ? modelCall() : toolCall('collibra.list_schemas');
		const refusal = await refusalOf(sandbox, steps, call, name);

		expect(refusal.step).toBe(name);
		expect(['step_failed', 'store_unavailable']).toContain(refusal.code);
		expect(JSON.stringify([refusal, sandbox.ports.audit.events])).not.toContain('secret-detail');
		// Who calls is not known before step 2 has spoken, so there is no log to write to.
		const expected = name === 'assign_request_id' || name === 'authenticate' ? 0 : 1;
		const recorded = sandbox.ports.audit.events.filter(({ step, decision }) => step === name && decision === 'block');
		expect(recorded.length).toBeGreaterThanOrEqual(expected);
		if (name !== 'settle_budget') expect(sandbox.ports.budgets.open).toBe(0);
	});
});

/** The steps that step 28 runs once more, on a tool call that a model asks for. */
const onEmissions = allSteps
	.map(({ name }) => name)
	.filter((name) => name === 'evaluate_rego' || (of(name).phase === 'tools' && name !== 'filter_offered_tools'));
const whenever = (faulty: Step, step: Step, when: (state: CallState) => boolean): Step => ({
	...faulty,
	run: (state, context) => (when(state) ? faulty : step).run(state, context),
});

describe.each(Object.entries(faults))('a step that %s only then', (_, fault) => {
	test.each(onEmissions)('blocks a tool call that a model asks for: %s', async (name) => {
		const sandbox = await testSandbox();
		const steps = allSteps.map((step) =>
			step.name === name ? whenever(fault(step), step, ({ emitted }) => emitted) : step,
		);
		const pipeline = createPipeline(sandbox.ports, { steps });
		const { admitted } = (await pipeline.admit(modelCall(), sandbox.caller)) as { readonly admitted: Admitted };

		const judged = await admitted.guard.emission({ wire_name: 'collibra__list_schemas', arguments_text: '{}' });
		await admitted.settle({ ...outcome, how: 'blocked' });

		expect(judged).toMatchObject({ effect: 'block', denial: { step: name } });
		expect(admitted.guard.push('0', 'And more. ')).toMatchObject({ effect: 'block' });
		expect(sandbox.ports.audit.events.at(-1)).toMatchObject({ type: 'call.settled', decision: 'block', step: name });
	});

	test.each(['scan_output', 'filter_response'] as const)('blocks the result of a tool: %s', async (name) => {
		const sandbox = await testSandbox({ steps: { scan_output: {} } });
		const steps = allSteps.map((step) => (step.name === name ? fault(step) : step));
		const pipeline = createPipeline(sandbox.ports, { steps });
		const call = toolCall('collibra.list_schemas');
		const { admitted } = (await pipeline.admit(call, sandbox.broker)) as { readonly admitted: Admitted };

		const judged = await admitted.guard.whole('A word.');
		await admitted.settle({ ...outcome, how: 'blocked' });

		expect(judged).toMatchObject({ effect: 'block', denial: { step: name, code: expect.stringMatching(/_/) } });
		expect(sandbox.ports.audit.events.at(-1)).toMatchObject({ type: 'call.settled', decision: 'block', step: name });
	});
});

test('barriers that cannot be asked about a result let nothing of it out', async () => {
	const sandbox = await testSandbox({ steps: { enforce_clearance: {} } });
	const call = toolCall('collibra.list_schemas');
	const { admitted } = (await createPipeline(sandbox.ports).admit(call, sandbox.broker)) as {
		readonly admitted: Admitted;
	};
	Object.assign(sandbox.ports.barriers, { classification: () => Promise.reject(new Error('secret-detail')) });

	const judged = await admitted.guard.whole('[[section:salaries]] A word.');

	expect(judged).toMatchObject({ effect: 'block', denial: { step: 'enforce_clearance', code: 'step_failed' } });
});

interface Refusal {
	readonly code: string;
	readonly step: string;
}

async function refusalOf(sandbox: TestSandbox, steps: readonly Step[], call: Call, name: StepName): Promise<Refusal> {
	const pipeline = createPipeline(sandbox.ports, { steps });
	const caller = call.kind === 'tool' ? sandbox.broker : sandbox.caller;
	const admission = await pipeline.admit(call, caller);
	pipeline.close();
	if (admission.effect === 'block') return admission.denial;
	const { guard, settle } = admission.admitted;
	if (onOutput.includes(name)) {
		const judged =
			name === 'check_emissions'
				? await guard.emission({ wire_name: 'collibra__list_schemas', arguments_text: '{}' })
				: guard.push('0', 'A word. ');
		await settle({ ...outcome, how: 'blocked' });
		return judged.effect === 'block' ? judged.denial : { code: 'released', step: name };
	}
	expect(atTheEnd).toContain(name);
	return settle(outcome).then(
		() => ({ code: 'settled', step: name }),
		({ code }: { readonly code: string }) => ({ code, step: name }),
	);
}

test('a refusal that meets a broken settlement is still a refusal, and still recorded', async () => {
	for (const name of atTheEnd) {
		const { ports, caller } = await testSandbox();
		const steps = allSteps.map((step) => (step.name === name ? faults['throws']!(step) : step));
		const admission = await createPipeline(ports, { steps }).admit(modelCall('x', { model: 'unscripted' }), caller);

		expect(admission).toMatchObject({ effect: 'block', denial: { step: name, code: 'step_failed' } });
		expect(ports.audit.events.map(({ type }) => type)).toEqual(['call.denied']);
	}
});

test('a refusal that nothing can be recorded of still says its request id', async () => {
	const { ports, caller } = await testSandbox();
	Object.assign(ports.audit, { append: () => Promise.reject(new Error('disk full')) });
	const steps = allSteps.map((step) => (step.name === 'sign_audit' ? faults['throws']!(step) : step));
	const admission = await createPipeline(ports, { steps }).admit(modelCall('x', { model: 'unscripted' }), caller);

	expect(admission).toMatchObject({ effect: 'block', denial: { code: 'audit_unavailable' } });
	expect((admission as { readonly denial: { readonly request_id: string } }).denial.request_id).toMatch(
		/^[0-9a-f-]{36}$/,
	);
	expect(ports.budgets.open).toBe(0);
});
