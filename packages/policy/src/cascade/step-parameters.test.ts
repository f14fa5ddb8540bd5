import { findStep, type Level, piiClasses } from '@tappass/core';
import { describe, expect, test } from 'vitest';
import type { Contribution, Stated } from '../resolve/contribution.ts';
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

	test('leaves the names to others when it does not run', () => {
		const idle = { origin: { level: 'org', kind: 'operator', name: 'org' }, steps: {} } as unknown as Contribution;
		const { merged } = mergeParameters(step, [idle, contribution('agent', ['email'])]);
		expect(merged['classes']?.value).toEqual(['email']);
	});
});
