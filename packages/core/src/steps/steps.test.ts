import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decisionFields } from './decision-input.ts';
import { isLooserParameter, type StepParameter, stricterParameter } from './parameter.ts';
import { findStep, type ParameterValue, stepParametersSchema, steps } from './steps.ts';

describe('the steps', () => {
	test('are 32, each with its place, and phases in order', () => {
		const order = ['identify', 'admit', 'inspect', 'tools', 'forward', 'respond', 'settle'];
		expect(steps.map((step) => step.number)).toEqual(Array.from({ length: 32 }, (_, index) => index + 1));
		const phases = steps.map((step) => order.indexOf(step.phase));
		expect(phases).toEqual([...phases].sort((a, b) => a - b));
		expect(new Set(steps.map((step) => step.name)).size).toBe(32);
		expect(findStep('detect_pii')?.number).toBe(16);
		expect(findStep('constructor')).toBe(undefined);
	});

	test('refuse a parameter they do not have, or of a wrong kind', () => {
		const schema = stepParametersSchema(findStep('detect_pii')!);
		expect(schema.safeParse({ mode: 'reversible', classes: ['iban'] }).success).toBe(true);
		for (const bad of [{ mod: 'strict' }, { mode: 'loose' }, { classes: ['shoe_size'] }, { confidence_percent: -1 }]) {
			expect(schema.safeParse(bad).success, JSON.stringify(bad)).toBe(false);
		}
	});
});

const parameters: readonly StepParameter[] = [
	...new Map(steps.flatMap((step) => Object.values(step.parameters)).map((one) => [JSON.stringify(one), one])).values(),
];
function valuesOf(parameter: StepParameter): fc.Arbitrary<ParameterValue> {
	switch (parameter.type) {
		case 'boolean':
			return fc.boolean();
		case 'integer':
			return fc.integer({ min: 0, max: 20 });
		case 'choice':
			return fc.constantFrom(...parameter.values);
		case 'list':
			return fc.uniqueArray(fc.constantFrom(...(parameter.values ?? ['a', 'b', 'c'])));
	}
}

describe('merging a parameter', () => {
	test.each(parameters.map((parameter) => [parameter.strict, parameter] as const))(
		'%s: gives the stricter, whatever the order, and never relaxes',
		(_, parameter) => {
			const value = valuesOf(parameter);
			fc.assert(
				fc.property(value, value, value, (a, b, c) => {
					const ab = stricterParameter(parameter, a, b);
					expect(stricterParameter(parameter, b, a)).toEqual(ab);
					expect(stricterParameter(parameter, ab, ab)).toEqual(ab);
					expect(stricterParameter(parameter, ab, c)).toEqual(
						stricterParameter(parameter, a, stricterParameter(parameter, b, c)),
					);
					expect(isLooserParameter(parameter, a, ab)).toBe(false);
				}),
			);
		},
	);

	test('knows the loose direction', () => {
		const most = findStep('loop_guard')!.parameters['destructive_max']!;
		expect(isLooserParameter(most, 3, 5)).toBe(true);
		expect(isLooserParameter(most, 3, 2)).toBe(false);
		const piiMode = findStep('detect_pii')!.parameters['mode']!;
		expect(isLooserParameter(piiMode, 'strict', 'flag')).toBe(true);
		expect(isLooserParameter(piiMode, 'flag', 'strict')).toBe(false);
		const residency = findStep('enforce_model')!.parameters['residency']!;
		expect(isLooserParameter(residency, ['eu'], ['eu', 'us'])).toBe(true);
		expect(isLooserParameter(residency, ['us', 'eu'], ['eu'])).toBe(false);
	});
});

test('every field of the decision input is there in some phase, once', () => {
	expect(new Set(decisionFields.map((field) => field.path)).size).toBe(decisionFields.length);
	for (const field of decisionFields) expect(field.phases.length, field.path).toBeGreaterThan(0);
});
