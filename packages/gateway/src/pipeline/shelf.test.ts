import { existsSync, readFileSync } from 'node:fs';
import { steps as known, type StepName } from '@tappass/core';
import { describe, expect, test } from 'vitest';
import type { Cases } from './steps/case.test.support.ts';
import { enterCases } from './steps/enter.cases.test.support.ts';
import { allSteps } from './steps/index.ts';
import { inspectCases } from './steps/inspect.cases.test.support.ts';
import { leaveCases } from './steps/leave.cases.test.support.ts';

const cases: Readonly<Partial<Record<StepName, Cases>>> = { ...enterCases, ...inspectCases, ...leaveCases };

test('the 32 steps are those that policy knows, in the same order', () => {
	expect(allSteps.map(({ name, phase, applies_to }) => ({ name, phase, applies_to }))).toEqual(
		known.map(({ name, phase, applies_to }) => ({ name, phase, applies_to })),
	);
});

test('docs/gateway.md has a row for each, with its limit', () => {
	const page = readFileSync(new URL('../../../../docs/gateway.md', import.meta.url), 'utf8');
	const rows = [...page.matchAll(/^\| (\d+) \| `([a-z_]+)` \| (\w+) \| (\w+) \| (\d+) \|/gm)].map((row) =>
		row.slice(1),
	);

	expect(rows).toEqual(
		allSteps.map(({ name, applies_to, budget }, index) => [
			String(index + 1),
			name,
			applies_to.length === 2 ? 'both' : applies_to[0],
			known[index]?.runs,
			String(budget),
		]),
	);
});

describe.each(allSteps.map((step) => [step.name, step] as const))('%s', (name, step) => {
	const own = cases[name] ?? { allowed: [], denied: [] };

	test('has a file of its own, a budget, and cases on both sides', () => {
		expect(existsSync(new URL(`steps/${name.replaceAll('_', '-')}.ts`, import.meta.url))).toBe(true);
		expect(step.budget).toBeGreaterThan(0);
		expect(own.allowed.length).toBeGreaterThan(0);
		expect(own.denied.length).toBeGreaterThan(0);
	});

	test.each(own.denied.map((one) => [one.says, one] as const))('refuses %s', async (_, one) => {
		const refusal = await one.run();

		expect(refusal?.code).toBe(one.code);
		if (refusal?.step !== undefined) expect(refusal.step).toBe(one.step ?? name);
	});

	test.each(own.allowed.map((one) => [one.says, one] as const))('allows %s', async (_, one) => {
		expect(await one.run()).toBe(undefined);
	});
});
