import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { enrolmentAnswerSchema, exchangeRequestSchema, renewalRequestSchema, rootsAnswerSchema } from './enrolment.ts';
import { eventsRequestSchema, sessionRequestSchema, statusReportSchema, syncRejectedSchema } from './messages.ts';

const status = {
	schema: 'tappass.status/1',
	epoch: 1,
	policy_version: 3,
	policy_sha256: 'a'.repeat(64),
	rings: { kernel: { provider: 'bubblewrap', state: 'active', policy_version: 3 } },
	detail: {},
};
const event = { event_id: 'e-1', kind: 'egress_denied', at: '2026-05-07T10:00:00Z', body: { host: 'evil.example' } };
const envelope = {
	payloadType: 'application/vnd.tappass.root+json',
	payload: 'e30=',
	signatures: [{ keyid: 'k', sig: 's' }],
};
const enrolment = {
	schema: 'tappass.enrolment/1',
	org_id: 'org_acme01',
	sandbox_id: 'sbx_a1b2c3',
	sync_url: 'https://host.example',
	certificate: {
		schema: 'tappass.certificate/1',
		certificate: 'c',
		ca: 'c',
		generation: 1,
		expires_at: '2026-05-07T11:00:00Z',
	},
	roots: [envelope],
	keyring: {},
};

type Row = readonly [what: string, schema: z.ZodType, value: unknown];
const refused: readonly Row[] = [
	['a status with a field nobody knows', statusReportSchema, { ...status, admin: true }],
	[
		'a status of a ring in an unknown state',
		statusReportSchema,
		{ ...status, rings: { kernel: { ...status.rings.kernel, state: 'fine' } } },
	],
	['a status with a negative version', statusReportSchema, { ...status, policy_version: -1 }],
	['a session without details', sessionRequestSchema, { schema: 'tappass.session/1' }],
	['no events at all', eventsRequestSchema, { schema: 'tappass.events/1', events: [] }],
	[
		'an event with a path as its id',
		eventsRequestSchema,
		{ schema: 'tappass.events/1', events: [{ ...event, event_id: '../x' }] },
	],
	['an event at no instant', eventsRequestSchema, { schema: 'tappass.events/1', events: [{ ...event, at: 'now' }] }],
	[
		'more events than one request may hold',
		eventsRequestSchema,
		{ schema: 'tappass.events/1', events: Array.from({ length: 201 }, () => event) },
	],
	['a rejection for an org that is none', syncRejectedSchema, { code: 'audience_mismatch', claimed_org_id: 'acme' }],
	[
		'an exchange for a name with a slash',
		exchangeRequestSchema,
		{ schema: 'tappass.exchange/1', csr: 'x', name: 'a/b', root_version: 1 },
	],
	[
		'an exchange with an endless request',
		exchangeRequestSchema,
		{ schema: 'tappass.exchange/1', csr: 'x'.repeat(8_193), name: 'a', root_version: 1 },
	],
	[
		'an exchange that says of no root document',
		exchangeRequestSchema,
		{ schema: 'tappass.exchange/1', csr: 'x', name: 'a' },
	],
	[
		'an enrolment with an endless chain',
		enrolmentAnswerSchema,
		{ ...enrolment, roots: Array.from({ length: 257 }, () => envelope) },
	],
	['a renewal without a request', renewalRequestSchema, { schema: 'tappass.renewal/1', csr: '' }],
	['an enrolment over plain HTTP', enrolmentAnswerSchema, { ...enrolment, sync_url: 'http://host.example' }],
	['an enrolment for a sandbox that is none', enrolmentAnswerSchema, { ...enrolment, sandbox_id: 'x' }],
];
const read: readonly Row[] = [
	['a status', statusReportSchema, status],
	['a session', sessionRequestSchema, { schema: 'tappass.session/1', detail: {} }],
	['events', eventsRequestSchema, { schema: 'tappass.events/1', events: [event] }],
	['a rejection that says more', syncRejectedSchema, { code: 'seq_replay', seen: 4 }],
	['an exchange', exchangeRequestSchema, { schema: 'tappass.exchange/1', csr: 'x', name: 'tenant_a', root_version: 1 }],
	['root documents', rootsAnswerSchema, { schema: 'tappass.roots/1', roots: [envelope] }],
	['a renewal', renewalRequestSchema, { schema: 'tappass.renewal/1', csr: 'x' }],
	['an enrolment', enrolmentAnswerSchema, enrolment],
];

describe('a message between host and server', () => {
	test.each(refused)('refuses %s', (_, schema, value) => {
		expect(schema.safeParse(value).success).toBe(false);
	});

	test.each(read)('reads %s', (_, schema, value) => {
		expect(schema.safeParse(value).success).toBe(true);
	});
});
