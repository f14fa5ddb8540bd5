import { expect, test } from 'vitest';
import { printTrail } from '../because/because.ts';
import { constraintSchema } from '../enforcement/enforcement.ts';
import { instant, parseDuration, parseInstant, parseSize } from '../units/units.ts';
import { decideVerdict, type Finding, stricterAction } from './verdict.ts';

const finding = (action: Finding['action'], step: Finding['step']): Finding => ({
	step,
	action,
	code: 'x',
	message: 'm',
	because: [],
});

test('one blocking finding blocks the call, and the first one decides', () => {
	const verdict = decideVerdict([
		finding('log', 'detect_pii'),
		finding('block', 'schema_acl'),
		finding('block', 'loop_guard'),
	]);
	expect(verdict.effect === 'block' && verdict.decided_by.step).toBe('schema_acl');
});
test('findings that only notify or log let the call pass', () => {
	expect(decideVerdict([finding('notify', 'detect_pii'), finding('log', 'detect_pii')]).effect).toBe('allow');
});
test('block is stricter than notify, notify than log', () => {
	expect(stricterAction('notify', 'block')).toBe('block');
	expect(stricterAction('notify', 'log')).toBe('notify');
});

test('a trail reads from the value to the person', () => {
	const text = printTrail({
		path: '/steps/detect_pii',
		value: 'detect_pii (block)',
		chains: [
			[
				{ kind: 'concern', id: 'data_leak' },
				{ kind: 'category', id: 'customer_pii', note: 'ticked at onboarding' },
				{ kind: 'function', id: 'refund_processor' },
				{ kind: 'operator', who: 'jens@acme.com', at: '2026-04-25 14:32 UTC' },
			],
			[{ kind: 'pack', id: 'eu-ai-act', version: '1.0.0', clause: 'Art. 15' }],
			[
				{ kind: 'floor', level: 'org', name: 'acme-baseline' },
				{ kind: 'rule', rule: 'pipeline.steps.detect_pii', file: 'a.rego', row: 4, title: 'No PII' },
				{ kind: 'default', note: 'd' },
			],
			[
				{ kind: 'floor', level: 'agent', name: 'mine' },
				{ kind: 'operator', who: 'a', at: 'b', via: 'wizard' },
			],
		],
	});
	expect(text.split('\n')).toEqual([
		'detect_pii (block)',
		'  ⤷ Concern: data_leak',
		'  ⤷ Category: customer_pii ✓ ticked at onboarding',
		'  ⤷ Compliance pack: eu-ai-act@1.0.0 (Art. 15)',
		'  ⤷ Org floor: ✓ inherited from "acme-baseline"',
		'  ⤷ Rule: pipeline.steps.detect_pii “No PII” at a.rego:4',
		'  ⤷ Default: d',
		'  ⤷ Agent override: ✓ set in "mine"',
		'Function: refund_processor',
		'Set up by: a on b (wizard)',
		'Set up by: jens@acme.com on 2026-04-25 14:32 UTC',
	]);
});

test('a constraint names a target, a subject and one test', () => {
	const whole = {
		id: 'no-us',
		target: { capability: 'external_messaging' },
		subject: { slot: 'destination_param' },
		test: { op: 'domain_not_in', values: ['*.us'] },
		action: 'block',
	};
	expect(constraintSchema.safeParse(whole).success).toBe(true);
	expect(constraintSchema.safeParse({ ...whole, test: { op: 'domain_not_in', values: ['a b'] } }).success).toBe(false);
	expect(constraintSchema.safeParse({ ...whole, target: { capability: 'a', tools: ['b'] } }).success).toBe(false);
	expect(constraintSchema.safeParse({ ...whole, subject: { parameter: '../x' } }).success).toBe(false);
});

test('units are read in one form only', () => {
	expect([
		parseDuration('90s'),
		parseDuration('15m'),
		parseDuration('250ms'),
		parseSize('64MiB'),
		parseSize('5KB'),
	]).toEqual([90_000, 900_000, 250, 67_108_864, 5_000]);
	for (const bad of ['', '90', 's', '1.5h', '-1s', '1 s', '1constructor', '99999999999999999d'])
		expect(() => parseDuration(bad)).toThrow(expect.objectContaining({ code: 'unit_invalid' }));
	expect(parseInstant('2026-05-07T10:00:00Z')).toBe(Date.UTC(2026, 4, 7, 10));
	expect(instant(Date.UTC(2026, 4, 7, 10) + 999)).toBe('2026-05-07T10:00:00Z');
	for (const bad of [
		'2026-02-31T10:00:00Z',
		'2026-05-07T10:00:00.0Z',
		'2026-05-07T10:00:00+00:00',
		'2026-05-07',
		'2026-05-07T24:00:00Z',
	])
		expect(() => parseInstant(bad)).toThrow(expect.objectContaining({ code: 'unit_invalid' }));
});
