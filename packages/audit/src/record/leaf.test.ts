import type { OrgId, SandboxId } from '@tappass/core';
import { canonicalBytes, parseJson } from '@tappass/core';
import { describe, expect, it } from 'vitest';
import type { AuditEvent } from './event.ts';
import { eventTypes } from './event-types.ts';
import { makeLeaf, openLeaf, parseLeaf } from './leaf.ts';

const terms = { pseudonym: 'AAAAAAAAAAAAAAAAAAAAAA', salt: Buffer.alloc(32, 7) };
const event: AuditEvent = {
	id: '0192d3a4-5b6c-7def-8123-456789abcdef',
	type: 'call.denied',
	org_id: 'org_acme01' as OrgId,
	at: Date.UTC(2026, 4, 7, 10, 0, 0, 123),
	actor: { kind: 'agent', id: 'sbx_tenanta1' },
	decision: 'block',
	sandbox_id: 'sbx_tenanta1' as SandboxId,
	session_id: 'ses_abcdef12',
	policy_version: 7,
	request_id: '0192d3a4-5b6c-7def-8123-456789abcde0',
	step: 'authorize_tool',
	code: 'tool_denied',
	level: 'org',
	because: [[{ kind: 'operator', who: 'ada@acme.example', at: '2026-05-07' }]],
	payload: { arguments: { to: 'eve@evil.example' } },
};
const invalid = (detail: string): unknown =>
	expect.objectContaining({ code: 'audit_event_invalid', detail: expect.stringContaining(detail) });
const corrupt = expect.objectContaining({ code: 'audit_corrupt' });

describe('an event', () => {
	it.each([
		['of no known type', { type: 'call.dreamt' }, 'type'],
		['of a type that every object has', { type: 'constructor' }, 'type'],
		['without what its type must name', { step: undefined }, '/step'],
		['with an address for a request id', { request_id: 'ada@acme.example' }, '/request_id'],
		['with a sentence for a code', { code: 'my password is hunter2' }, '/code'],
		['with a step that there is not', { step: 'hunter2' }, '/step'],
		['with a level that there is not', { level: 'ada' }, '/level'],
		['with an id that is no UUIDv7', { id: '0192d3a4-5b6c-4def-8123-456789abcdef' }, '/id'],
		['at no time', { at: Number.NaN }, '/at'],
		['with a legal basis that is a sentence', { erases: { indices: [1], legal_basis: 'Ada asked for it' } }, '/erases'],
	])('%s is refused', (_name, part, detail) => {
		expect(() => makeLeaf({ ...event, ...part } as AuditEvent, terms)).toThrow(invalid(detail));
	});

	it('of break-glass without a reason is refused', () => {
		const used: AuditEvent = { ...event, type: 'break_glass.used', payload: { reason: ' ' } };

		expect(() => makeLeaf(used, terms)).toThrow(invalid('/payload/reason'));
		expect(makeLeaf({ ...used, payload: { reason: 'the key was stolen' } }, terms).leaf.length).toBeGreaterThan(0);
	});

	it('is not made with an id for a pseudonym, or a short salt', () => {
		expect(() => makeLeaf(event, { ...terms, pseudonym: 'ada@acme.example' })).toThrow(invalid('/actor_pseudonym'));
		expect(() => makeLeaf(event, { ...terms, salt: Buffer.alloc(31) })).toThrow(invalid('salt'));
	});

	it('never has its refused text in the error', () => {
		const texts = [
			{ code: 'hunter2 is my password' },
			{ type: 'hunter2 is my password' },
			{ id: 'hunter2 is my password' },
		].map((part) => {
			try {
				makeLeaf({ ...event, ...part }, terms);
				return 'made';
			} catch (error) {
				return JSON.stringify({ ...(error as Error), message: (error as Error).message });
			}
		});

		expect(texts.filter((text) => text === 'made' || text.includes('hunter2'))).toEqual([]);
	});
});

describe('a leaf', () => {
	const made = makeLeaf(event, terms);

	it('has the clear fields and no other', () => {
		expect(Object.keys(parseJson(made.leaf) as object).sort()).toEqual([
			'actor_pseudonym',
			'because_sha256',
			'code',
			'decision',
			'id',
			'level',
			'payload_commit',
			'policy_version',
			'request_id',
			'step',
			'ts',
			'type',
			'v',
		]);
		expect(parseLeaf(made.leaf)).toMatchObject({ ts: '2026-05-07T10:00:00.123Z', code: 'tool_denied', v: 1 });
	});

	it('opens to what it was made of, and to nothing else', () => {
		const leaf = parseLeaf(made.leaf);
		const flipped = Buffer.from(made.opening);
		flipped[40]! ^= 1;
		const { actor, because, sandbox_id, session_id, payload } = event;

		expect(openLeaf(leaf, made.opening)).toEqual({ actor, because, sandbox_id, session_id, payload });
		expect(() => openLeaf(leaf, flipped)).toThrow(corrupt);
		expect(() => openLeaf(leaf, new Uint8Array())).toThrow(corrupt);
		expect(() => openLeaf({ ...leaf, because_sha256: '0'.repeat(64) }, made.opening)).toThrow(corrupt);
	});

	it('says the same of the same payload only with the same salt', () => {
		const other = makeLeaf(event, { ...terms, salt: Buffer.alloc(32, 8) });

		expect(parseLeaf(other.leaf).payload_commit).not.toBe(parseLeaf(made.leaf).payload_commit);
		expect(parseLeaf(other.leaf).because_sha256).not.toBe(parseLeaf(made.leaf).because_sha256);
		expect(makeLeaf(event, terms)).toEqual(made);
	});

	it('is read in its one form only', () => {
		const spaced = Buffer.from(JSON.stringify(JSON.parse(Buffer.from(made.leaf).toString()), null, 1));

		expect(() => parseLeaf(spaced)).toThrow(corrupt);
		expect(() => parseLeaf(Buffer.from('{'))).toThrow(corrupt);
		expect(() => parseLeaf(canonicalBytes({ ...parseLeaf(made.leaf), prompt: 'hello' }))).toThrow(corrupt);
	});

	it('of an erasure names whose payloads are gone', () => {
		const erases = { indices: [3, 17], legal_basis: 'gdpr-art-17' };
		const { leaf } = makeLeaf({ ...event, type: 'audit.erased', erases }, terms);

		expect(parseLeaf(leaf).erases).toEqual(erases);
	});
});

describe('what must never be written in clear', () => {
	const planted = {
		prompt: 'Please summarise the merger with Initech',
		completion: 'The merger closes on 1 June',
		argument: '4111 1111 1111 1111',
		key: 'tappass_sk_FIXTUREFIXTUREFIXTURE',
		token: 'eyJhbGciOiJFUzI1NiJ9.FIXTURE.FIXTURE',
		person: 'Grace Hopper',
		address: 'grace@navy.example',
	};

	it.each(Object.keys(eventTypes))('is in no byte of a leaf of %s, wherever an event may carry it', (type) => {
		const { prompt, completion, argument, key, token, person, address } = planted;
		const full: AuditEvent = {
			...event,
			type,
			actor: { kind: 'operator', id: address },
			session_id: token,
			sandbox_id: key as SandboxId,
			because: [[{ kind: 'operator', who: person, at: prompt }]],
			...(type === 'audit.erased' ? { erases: { indices: [], legal_basis: 'gdpr-art-17' } } : {}),
			payload: { reason: prompt, completion, arguments: { card: argument }, key, token, person, address },
		};
		const { leaf, opening } = makeLeaf(full, terms);
		const text = Buffer.from(leaf).toString('utf8');

		for (const value of Object.values(planted)) {
			const forms = [value, encodeURIComponent(value), Buffer.from(value).toString('base64').replace(/=+$/, '')];
			expect(forms.filter((form) => text.includes(form))).toEqual([]);
			// Else this test would look for what was never there.
			expect(Buffer.from(opening).toString('utf8')).toContain(value);
		}
		expect(leaf.length).toBeLessThan(2_048);
	});
});
