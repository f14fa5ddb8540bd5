import { expect, it } from 'vitest';
import { changedRuleGist, valueGist } from './rule-gist.ts';

const approval = {
	approvers: 1,
	expires_minutes: 60,
	id: 'financial_limits.payments',
	target: { tools: ['paypal.cancel_subscription', 'paypal.create_invoice', 'stripe.create_refund'] },
};
const constraint = {
	action: 'block',
	id: 'refund_ceiling',
	message: 'A refund is at most 500.00.',
	subject: { parameter: 'amount' },
	target: { capability: 'refund' },
	test: { op: 'max', value: 50_000 },
};

it('says of a rule what it asks for, whole', () => {
	expect(valueGist(JSON.stringify(approval), 40)).toBe(
		'financial_limits.payments: 1 approver within 60 min for paypal.cancel_subscription and 2 more',
	);
	const conditional = { ...approval, when: { subject: { slot: 'amount' }, test: { op: 'min', value: 100 } } };
	expect(valueGist(JSON.stringify(conditional), 40)).toContain('for some calls of paypal.cancel_subscription and');
	expect(valueGist(JSON.stringify(constraint), 40)).toBe(
		'refund_ceiling: block for tools with refund: A refund is at most 500.00.',
	);
});

it('cuts what is no rule, and leaves short values alone', () => {
	expect(valueGist('{"id":"x", half', 10)).toBe('{"id":"x"…');
	expect(valueGist('["a","b","c","d"]', 8)).toBe('["a","b…');
	expect(valueGist('stripe.create_refund', 40)).toBe('stripe.create_refund');
});

it('says of a rule that became another what differs', () => {
	const after = { ...approval, approvers: 2, target: { tools: ['paypal.*'] } };

	expect(changedRuleGist(JSON.stringify(approval), JSON.stringify(after))).toEqual({
		before: 'approvers 1, target',
		after: 'approvers 2, another target',
	});
	expect(changedRuleGist(JSON.stringify(constraint), JSON.stringify({ ...constraint, message: undefined }))).toEqual({
		before: 'message A refund is at most 500.00.',
		after: 'no message',
	});
	expect(changedRuleGist('a', 'b')).toBeUndefined();
});
