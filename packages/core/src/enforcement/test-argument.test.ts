import { describe, expect, it } from 'vitest';
import { mayPass, testArgument } from './test-argument.ts';

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

describe('an argument behind something that is no map', () => {
	// Some servers read a text as the JSON in it.
	const hidden = [{ message: '{"to":"x@a.cn"}' }, { message: [{ to: 'x@a.cn' }] }, { items: ['{"id":"c"}'] }, 'x', []];
	it('fails every test: what cannot be seen cannot be judged', () => {
		for (const [slot, args] of [
			['destination_param', hidden[0]],
			['destination_param', hidden[1]],
			['ids_param', hidden[2]],
			['amount_param', hidden[3]],
			['amount_param', hidden[4]],
		] as const)
			for (const test of [
				{ op: 'domain_not_in', values: ['*.cn'] },
				{ op: 'none_of', values: ['c'] },
				{ op: 'max', value: 9 },
				{ op: 'absent' },
				{ op: 'required' },
			] as const)
				expect(testArgument({ slot }, test, args, slots, search), `${slot} ${JSON.stringify(args)} ${test.op}`).toBe(
					false,
				);
	});
	it('is left out when a map around it is', () => {
		for (const args of [{}, { message: null }, { message: {} }])
			expect(testArgument({ slot: 'destination_param' }, { op: 'absent' }, args, slots, search)).toBe(true);
		expect(testArgument({ slot: 'ids_param' }, { op: 'one_of', values: ['a'] }, { items: [] }, slots, search)).toBe(
			true,
		);
	});
});

describe('whether a call may be one that a rule is about', () => {
	const large = { op: 'min', value: 500 } as const;
	const about = (args: unknown): boolean => mayPass({ slot: 'amount_param' }, large, args, slots, search);
	it('is so unless every value is seen and fails', () => {
		expect(about({ amount: 500 })).toBe(true);
		expect(about({ amount: 499 })).toBe(false);
		for (const amount of ['1000', [1, 1000], [1, '1000'], { value: 1000 }, [[1000]], null, undefined])
			expect(about({ amount }), JSON.stringify(amount)).toBe(true);
		expect(about({ amount: [1, 2] })).toBe(false);
		expect(about({})).toBe(true);
		expect(mayPass({ slot: 'constructor' }, large, {}, slots, search)).toBe(true);
		expect(mayPass({ slot: 'amount_param' }, { op: 'required' }, {}, slots, search)).toBe(false);
		expect(mayPass({ slot: 'amount_param' }, { op: 'max_items', value: 1 }, { amount: '[1]' }, slots, search)).toBe(
			true,
		);
	});
	it('is so when one of several recipients makes it so', () => {
		const outside = { op: 'domain_not_in', values: ['acme.com'] } as const;
		const asks = (to: unknown): boolean =>
			mayPass({ slot: 'destination_param' }, outside, { message: { to } }, slots, search);
		expect(asks('ana@acme.com')).toBe(false);
		expect(asks('ana@acme.com, ben@evil.example')).toBe(true);
		expect(asks(['ana@acme.com', 'ben@evil.example'])).toBe(true);
		expect(asks('ana@acme.com, ben')).toBe(true);
		expect(mayPass({ slot: 'destination_param' }, outside, { message: '{"to":"b@evil.example"}' }, slots, search)).toBe(
			true,
		);
	});
});
