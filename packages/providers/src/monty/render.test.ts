import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitraryCapabilities, arbitraryPolicy } from '../test-support/arbitrary.ts';
import { caseCapabilities, casePolicy, holdGolden } from '../test-support/golden.ts';
import { monty } from './index.ts';
import type { MontyManifest } from './schema.ts';

holdGolden(monty, import.meta.dirname);

function manifestOf(rendered: ReturnType<typeof monty.render>): MontyManifest {
	return JSON.parse(rendered.files[0]!.content);
}

describe('monty', () => {
	test('an empty policy runs no code', () => {
		const manifest = manifestOf(monty.render(casePolicy('empty'), caseCapabilities()));
		expect([manifest.enabled, manifest.external_functions]).toEqual([false, []]);
	});

	test('a policy with one ceiling at zero runs no code either', () => {
		const policy = casePolicy('typical');
		for (const ceiling of ['memory_mb', 'cpu_time_ms', 'stack_depth']) {
			const rendered = monty.render(
				{ ...policy, interpreter: { ...policy.interpreter, [ceiling]: 0 } },
				caseCapabilities(),
			);
			expect(manifestOf(rendered).enabled, ceiling).toBe(false);
		}
	});

	test('any policy renders, the same twice, and offers no function that the policy does not list', () => {
		fc.assert(
			fc.property(arbitraryPolicy, arbitraryCapabilities, (policy, capabilities) => {
				const rendered = monty.render(policy, capabilities);
				expect(monty.check(rendered)).toEqual([]);
				expect(monty.render(policy, capabilities)).toEqual(rendered);
				const manifest = manifestOf(rendered);
				expect(new Set(manifest.external_functions)).toEqual(new Set(policy.interpreter.host_functions));
				expect(manifest.limits.maxMemory).toBe(policy.interpreter.memory_mb * 1_048_576);
			}),
		);
	});
});
