import { describe, expect, it } from 'vitest';
import { logView, momentOf } from './entries.ts';

const now = Date.parse('2026-05-07T12:00:00Z');

describe('a moment', () => {
	it.each([
		'2026-02-31',
		'2026-05-07 10:00',
		'2026-05-07T10:00:00',
		'2026-05-07 garbage',
		'2026-13-01T00:00:00Z',
		'yesterday',
		'',
	])('is not %j', (text) => {
		expect(() => momentOf(text, '--since', now)).toThrow(expect.objectContaining({ code: 'usage' }));
	});
	it.each([
		['2026-05-07', '2026-05-07T00:00:00.000Z'],
		['2026-05-07T10:00:00Z', '2026-05-07T10:00:00.000Z'],
		['2026-05-07T10:00:00+02:00', '2026-05-07T08:00:00.000Z'],
		['90m', '2026-05-07T10:30:00.000Z'],
	])('is %j', (text, instant) => {
		expect(momentOf(text, '--since', now)).toBe(instant);
	});
});

it.each(['@evil.example', '//evil.example/audit', 'https://evil.example', '/audit/../v1/keys', '/audit/a/b'])(
	'a log is at no address that a server makes up: %s',
	(url) => {
		const log = { origin: null, vkey: null, size: 0, halted: null };
		expect(logView.safeParse({ ...log, url }).success).toBe(false);
		expect(logView.safeParse({ ...log, url: '/audit/org_c4aoqr4kglz6' }).success).toBe(true);
	},
);
