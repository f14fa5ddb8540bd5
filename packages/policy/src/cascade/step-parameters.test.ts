import { findStep, impliedParameter, isLooserParameter, type Level, piiClasses, steps } from '@tappass/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Contribution, emptyContribution, type Origin, type Stated } from '../resolve/contribution.ts';
import { mergeParameters } from './step-parameters.ts';

const step = findStep('detect_pii')!;
function stated<T>(value: T): Stated<T> {
	return { value, chains: [], place: { file: 'a.rego', row: 1, col: 1 } };
}
function contribution(level: Level, classes?: readonly string[]): Contribution {
	const parameters = classes === undefined ? {} : { classes: stated(classes) };
	return {
		origin: { level, kind: 'operator', name: level },
		steps: { detect_pii: { enabled: stated(true), parameters } },
	} as unknown as Contribution;
}

describe('a step that is enabled without naming what it looks for', () => {
	test('looks for everything, also when another level names less', () => {
		const { merged, conflicts } = mergeParameters(step, [contribution('org'), contribution('agent', ['email'])]);
		expect(merged['classes']?.value).toEqual([...piiClasses].sort());
		expect(conflicts).toEqual([]);
	});

	test('means the same by an empty list', () => {
		const { merged } = mergeParameters(step, [contribution('org', []), contribution('agent', ['email'])]);
		expect(merged['classes']?.value).toEqual([...piiClasses].sort());
		const clearance = findStep('enforce_clearance')!;
		const frameworks = (level: Level, named?: readonly string[]): Contribution => ({
			...emptyContribution({ level, kind: 'operator', name: level }),
			steps: {
				enforce_clearance: {
					enabled: stated(true),
					parameters: named === undefined ? {} : { frameworks: stated(named) },
				},
			},
		});
		for (const named of [undefined, []])
			expect(
				mergeParameters(clearance, [frameworks('org', named), frameworks('agent', ['itar'])]).merged['frameworks']
					?.value,
			).toEqual([]);
	});

	test('leaves the names to others when it does not run', () => {
		const idle = { origin: { level: 'org', kind: 'operator', name: 'org' }, steps: {} } as unknown as Contribution;
		const { merged } = mergeParameters(step, [idle, contribution('agent', ['email'])]);
		expect(merged['classes']?.value).toEqual(['email']);
	});
});

describe('a step that runs without stating a parameter', () => {
	const origins: readonly Origin[] = (['org', 'project', 'agent'] as const).flatMap((level) =>
		(['operator', 'pack', 'concern', 'overlay'] as const).map((kind) => ({ level, kind, name: `${kind} at ${level}` })),
	);
	const bounded = steps.flatMap((each) =>
		Object.entries(each.parameters).flatMap(([name, parameter]) =>
			parameter.type === 'integer' && impliedParameter(parameter) !== undefined
				? [{ each, name, parameter, unasked: Number(impliedParameter(parameter)) }]
				: [],
		),
	);
	const said = fc.array(fc.constantFrom<number | 'nothing' | 'enabled'>('nothing', 'enabled', 0, 1, 2, 3), {
		minLength: origins.length,
		maxLength: origins.length,
	});

	test.each(bounded.map((one) => [`${one.each.name}.${one.name}`, one] as const))(
		'%s: nobody below an operator, and no Pack, gets past what it does unasked',
		(_, { each, name, parameter, unasked }) => {
			const values = [0, Math.floor(unasked / 2), unasked + 1, parameter.max];
			const made = (how: number | 'nothing' | 'enabled', origin: Origin): Contribution => ({
				...emptyContribution(origin),
				steps:
					how === 'nothing'
						? {}
						: {
								[each.name]: {
									enabled: stated(true),
									parameters: how === 'enabled' ? {} : { [name]: stated(values[how]!) },
								},
							},
			});
			const runs = (some: readonly Contribution[]): boolean =>
				each.runs === 'always' || some.some(({ steps: about }) => about[each.name] !== undefined);
			const bound = (some: readonly Contribution[]): number =>
				Number(mergeParameters(each, some).merged[name]?.value ?? unasked);
			fc.assert(
				fc.property(said, (all) => {
					const whole = origins.map((origin, at) => made(all[at]!, origin));
					const parts = [
						whole.filter(({ origin }) => origin.level === 'org'),
						whole.filter(({ origin }) => origin.level !== 'agent'),
						whole.filter(({ origin }) => origin.kind !== 'pack' && origin.kind !== 'concern'),
					];

					for (const part of parts)
						if (runs(part)) expect(isLooserParameter(parameter, bound(part), bound(whole))).toBe(false);
				}),
				{ numRuns: 300 },
			);
		},
	);
});
