import { errorTable } from '@tappass/core';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { type Case, rows, stateOf } from './rows.test.support.ts';

describe('decide answers the attack rows', () => {
	it.each(rows)('row $row: $words', ({ cases }) => {
		expect(cases.map(answer)).toEqual(cases.map(({ name, want }) => ({ name, ...want })));
	});

	it('refuses with codes of the error table only', () => {
		const codes = rows.flatMap(({ cases }) => cases.map(({ want }) => (want.accept ? 'expired' : want.code)));

		expect(codes.filter((code) => !(code in errorTable))).toEqual([]);
	});
});

function answer({ name, start, bytes, now }: Case): object {
	const decision = decide(stateOf(start), bytes, now);
	if (decision.accept) return { name, accept: true };
	const { accept, code, alarm, quarantine, refresh_root } = decision;
	return { name, accept, code, alarm, quarantine, refresh_root };
}
