import { describe, expect, it } from 'vitest';
import { testArgument } from './test-argument.ts';

const slots = { destination_param: 'message.to', amount_param: 'amount', ids_param: 'items[].id' };
const search = (pattern: string, text: string): boolean => new RegExp(pattern).test(text);

describe('a constraint on an argument', () => {
	it('fails when the tool does not bind the slot', () => {
		expect(testArgument({ slot: 'url_param' }, { op: 'max_length', value: 9 }, {}, slots, search)).toBe(false);
		expect(testArgument({ slot: 'constructor' }, { op: 'absent' }, {}, slots, search)).toBe(false);
	});
	it('fails for a value of the wrong type', () => {
		expect(testArgument({ slot: 'amount_param' }, { op: 'max', value: 100 }, { amount: '5' }, slots, search)).toBe(
			false,
		);
		const to = { message: { to: 'C0123' } };
		expect(
			testArgument({ slot: 'destination_param' }, { op: 'domain_not_in', values: ['*.cn'] }, to, slots, search),
		).toBe(false);
	});
	it('judges every recipient, also those behind names and commas', () => {
		const test = { op: 'domain_not_in', values: ['*.cn'] } as const;
		const judge = (to: unknown): boolean =>
			testArgument({ slot: 'destination_param' }, test, { message: { to } }, slots, search);
		expect(judge('Ana <ana@example.eu>, ben@mail.example.cn')).toBe(false);
		expect(judge(['ana@example.eu', 'ben@example.CN'])).toBe(false);
		expect(judge('https://files.example.cn/x')).toBe(false);
		expect(judge('Ana <ana@example.eu>, ben@mail.example.eu')).toBe(true);
	});
	it('judges each value behind a list', () => {
		const test = { op: 'one_of', values: ['a', 'b'] } as const;
		expect(testArgument({ slot: 'ids_param' }, test, { items: [{ id: 'a' }, { id: 'c' }] }, slots, search)).toBe(false);
		expect(testArgument({ slot: 'ids_param' }, test, { items: [{ id: 'a' }, { id: 'b' }] }, slots, search)).toBe(true);
	});
	it('lets an argument pass that was left out, unless it is required', () => {
		expect(testArgument({ slot: 'amount_param' }, { op: 'max', value: 1 }, {}, slots, search)).toBe(true);
		expect(testArgument({ slot: 'amount_param' }, { op: 'required' }, {}, slots, search)).toBe(false);
	});
});
