import { steps } from '@tappass/core';
import { expect, it } from 'vitest';
import type { CallState } from './call-state.ts';
import { boundOf, numberOf } from './parameters.ts';

function under(parameters: Readonly<Record<string, unknown>>): CallState {
	const all = Object.fromEntries(steps.map(({ name }) => [name, { enabled: true, action: 'block', parameters }]));
	return { policy: { pipeline: { steps: all } } } as unknown as CallState;
}

it('goes by what the table of steps says where no policy states a number', () => {
	expect(numberOf(under({}), 'detect_prompt_injection', 'threshold_percent')).toBe(50);
	expect(numberOf(under({ threshold_percent: 0 }), 'detect_prompt_injection', 'threshold_percent')).toBe(0);
	expect(numberOf(under({}), 'loop_guard', 'destructive_max')).toBe(3);
	expect(numberOf(under({}), 'reserve_budget', 'unknown_price_dollars_per_million_tokens')).toBe(200);
});

it('goes by it too where a policy states what is no number: to compare with that would hold nothing back', () => {
	expect(boundOf(under({ destructive_max: '1000' }), 'loop_guard', 'destructive_max')).toBe(3);
	expect(boundOf(under({ destructive_max: null }), 'loop_guard', 'destructive_max')).toBe(3);
});

it('throws where nothing bounds what always must be', () => {
	expect(() => boundOf(under({}), 'check_session', 'session_minutes_max')).toThrow('check_session');
});

it('says nothing where there is no bound unless a policy states one', () => {
	expect(numberOf(under({}), 'check_session', 'session_minutes_max')).toBeUndefined();
	expect(numberOf(under({}), 'require_human_approval', 'approvers_min')).toBeUndefined();
});
