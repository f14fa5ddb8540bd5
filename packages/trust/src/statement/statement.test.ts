import { describe, expect, it } from 'vitest';
import { compiledPolicy, policyDraft, runtime } from '../accept/signer.test.support.ts';
import { instantSchema } from './instant.ts';
import { policyStatementSchema } from './policy-statement.ts';

describe('an instant', () => {
	it.each([
		'2026-01-01T12:00:00.000Z',
		'2026-01-01T12:00:00+00:00',
		'2026-01-01T12:00:00z',
		'2026-01-01 12:00:00Z',
		'2026-02-30T12:00:00Z',
		'2026-01-01T24:00:00Z',
		'2026-13-01T12:00:00Z',
		'2026-01-01T12:00:60Z',
		'2026-01-01',
		'',
	])('is not written %j', (text) => {
		expect(instantSchema.safeParse(text).success).toBe(false);
	});

	it('reads back as it was written', () => {
		expect(instantSchema.parse('2026-01-01T12:00:00Z')).toBe('2026-01-01T12:00:00Z');
	});
});

describe('a policy statement', () => {
	it.each([
		['denies a category without its list', { domain_categories: {} }],
		['is for another Runtime than its identity says', { runtime: { ...runtime, id: 'other' } }],
		['has an unknown member in its policy', { compiled_policy: { ...compiledPolicy, grace: true } }],
		['has an agent plane that is no URL', { agent_plane_url: 'javascript:1' }],
	])('is refused when it %s', (_name, changes) => {
		expect(policyStatementSchema.safeParse(policyDraft(changes)).success).toBe(false);
		expect(policyStatementSchema.safeParse(policyDraft()).success).toBe(true);
	});
});
