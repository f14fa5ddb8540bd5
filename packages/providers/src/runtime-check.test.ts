import { type AcceptedGap, type Runtime, runtimeSchema } from '@tappass/core';
import { describe, expect, test } from 'vitest';
import { checkRuntime } from './runtime-check.ts';
import { caseCapabilities, casePolicy } from './test-support/golden.ts';

function runtime(rings: Partial<Runtime['rings']>, accepted_gaps: readonly AcceptedGap[] = []): Runtime {
	return runtimeSchema.parse({
		schema: 'tappass.runtime/1',
		id: 'test',
		rings: { harness: null, kernel: null, interpreter: null, ...rings },
		llm_gateway: { upstreams: [] },
		mcp_broker: { servers: [] },
		cidrs: [],
		accepted_gaps,
	});
}
const reason = 'agreed with the security team on this case';

describe('checkRuntime', () => {
	test('refuses a Provider that does not exist, and one for another ring', () => {
		const check = checkRuntime(
			runtime({ kernel: 'constructor', interpreter: 'bubblewrap' }),
			casePolicy('typical'),
			caseCapabilities(),
		);

		expect(check.valid).toBe(false);
		expect(check.inactive.map(({ position, provider }) => [position, provider])).toEqual([
			['harness', null],
			['kernel', 'constructor'],
			['interpreter', 'bubblewrap'],
		]);
		expect(check.inactive[2]!.why).toBe('this Provider is for kernel; expected one of monty');
	});

	test('refuses a Runtime without a kernel ring, unless that is accepted by name', () => {
		const bare = checkRuntime(runtime({}), casePolicy('empty'), caseCapabilities());
		const accepted = checkRuntime(
			runtime({}, [
				{ provider: 'kernel', aspect: 'network', value: '*', reason },
				{ provider: 'kernel', aspect: 'filesystem', value: '*', reason },
			]),
			casePolicy('empty'),
			caseCapabilities(),
		);

		expect([bare.valid, bare.gaps.length, accepted.valid]).toEqual([false, 2, true]);
	});

	test('is valid when nothing is left open, and says what guards', () => {
		const check = checkRuntime(
			runtime({ kernel: 'bubblewrap', interpreter: 'monty' }),
			casePolicy('typical'),
			caseCapabilities(),
		);

		expect(check.valid).toBe(true);
		expect(check.gaps).toEqual([]);
		expect(check.active.map(({ provider }) => provider)).toEqual(['bubblewrap', 'monty', 'llm-gateway', 'mcp-broker']);
	});

	test('refuses a gap of the kernel ring that no other position holds; accepting another value does not help', () => {
		const accepted: AcceptedGap = { provider: 'openshell', aspect: 'filesystem', value: '/opt/data', reason };
		const check = checkRuntime(
			runtime({ kernel: 'openshell' }, [accepted]),
			casePolicy('everything'),
			caseCapabilities(),
		);

		expect(check.valid).toBe(false);
		expect(check.gaps.map(({ value, accepted: why, covered_by }) => [value, why, covered_by])).toEqual([
			['/opt/data', reason, undefined],
			['/workspace', undefined, undefined],
			['*.acme.com', undefined, undefined],
		]);
	});

	test('says which position holds what a harness cannot express', () => {
		const path_kinds = { '/srv/tappass/demo/workspace/vendor': 'directory' } as const;
		const check = checkRuntime(
			runtime({ harness: 'claude-code', kernel: 'bubblewrap', interpreter: 'monty' }),
			casePolicy('everything'),
			caseCapabilities({ path_kinds }),
		);
		const holder = (value: string): string | undefined => check.gaps.find((gap) => gap.value === value)?.covered_by;

		expect(check.valid).toBe(true);
		expect(['tokens_per_day', 'collibra.finance', 'memory_mb', 'SOC2:CC6.1', '/workspace'].map(holder)).toEqual([
			'llm-gateway',
			'mcp-broker',
			'monty',
			'mcp-broker',
			'bubblewrap',
		]);
	});

	test('without an interpreter ring its limits are held by nothing', () => {
		const check = checkRuntime(
			runtime({ harness: 'claude-code', kernel: 'bubblewrap' }),
			casePolicy('typical'),
			caseCapabilities(),
		);

		expect(check.valid).toBe(false);
		expect(check.gaps.filter(({ covered_by }) => covered_by === undefined).map(({ aspect }) => aspect)).toEqual(
			Array.from({ length: 4 }, () => 'interpreter'),
		);
	});

	test('an unknown category is a gap of every Provider that needs its list: none covers another', () => {
		const check = checkRuntime(
			runtime({ kernel: 'bubblewrap' }),
			casePolicy('typical'),
			caseCapabilities({ domain_categories: {} }),
		);

		expect(check.gaps.map(({ provider, covered_by }) => [provider, covered_by])).toEqual([
			['bubblewrap', undefined],
			['llm-gateway', undefined],
		]);
		expect(check.valid).toBe(false);
	});
});
