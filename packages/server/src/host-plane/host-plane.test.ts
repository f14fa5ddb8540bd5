import type { OrgId, SandboxId } from '@tappass/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noticeTexts, parseNotice } from '../events/notices.ts';
import { mayFollow } from '../freshness/restore-guard.ts';
import { routeOf } from './routes.ts';
import { nextFreshness } from './schedule.ts';
import { TokenBuckets } from './token-bucket.ts';

describe('an address of the host plane', () => {
	it.each([
		['GET', '/'],
		['GET', '/install'],
		['GET', '/install/'],
		['GET', '/install/a/b'],
		['GET', '/install/../v1/sync/stream'],
		['GET', '/install/%2e%2e'],
		['GET', '/v1/sync/stream/'],
		['GET', '//v1/sync/stream'],
		['GET', '/V1/sync/stream'],
		['GET', '/v1/sync/sessions/a/../close'],
		['GET', '/v1/roots/org_acme01/../x'],
		['GET', `/v1/roots/org_acme01/${'G'.repeat(64)}`],
		['GET', 'http://other.example/v1/sync/stream'],
		['GET', '*'],
		['', ''],
	])('that is none: %s %s', (method, path) => {
		expect(routeOf(method, path).name).toBe('not_found');
	});

	it.each([
		['POST', '/install/abc'],
		['DELETE', '/v1/sync/stream'],
		['GET', '/v1/sync/status'],
		['constructor', '/v1/sync/status'],
		['__proto__', '/v1/sync/status'],
	])('says which methods it takes: %s %s', (method, path) => {
		expect(routeOf(method, path)).toMatchObject({
			name: 'method_not_allowed',
			allow: expect.stringMatching(/^(?:GET|POST|GET, HEAD)$/),
		});
	});

	it('is found', () => {
		expect(routeOf('HEAD', '/install/acme01.x')).toEqual({ name: 'install.page', token: 'acme01.x' });
		expect(routeOf('POST', '/install/acme01.x/exchange')).toEqual({ name: 'install.exchange', token: 'acme01.x' });
		expect(routeOf('POST', '/v1/sync/sessions/ses_1/close')).toEqual({
			name: 'sync.close_session',
			session_id: 'ses_1',
		});
	});
});

describe('a token bucket', () => {
	it('gives its burst, then what comes back, and says when', () => {
		const buckets = new TokenBuckets({ burst: 2, perSecond: 0.5 }, 10);

		expect([0, 0, 0, 1_999, 2_000].map((at) => buckets.take('a', at))).toEqual([0, 0, 2, 1, 0]);
		expect(buckets.take('b', 0)).toBe(0);
	});

	it('gains nothing from a clock that goes back', () => {
		const buckets = new TokenBuckets({ burst: 1, perSecond: 1 }, 10);
		buckets.take('a', 5_000);

		expect(buckets.take('a', 0)).toBe(1);
		expect(buckets.take('a', 900)).toBe(1);
	});

	it('law: never gives more than its burst and what came back', () => {
		fc.assert(
			fc.property(fc.array(fc.nat(500), { maxLength: 200 }), (gaps) => {
				const buckets = new TokenBuckets({ burst: 5, perSecond: 3 }, 10);
				let at = 0;
				let given = 0;
				for (const gap of gaps) {
					at += gap;
					if (buckets.take('a', at) === 0) given += 1;
				}
				expect(given).toBeLessThanOrEqual(5 + (at / 1_000) * 3 + 1e-6);
			}),
		);
	});

	it('forgets callers when there are too many, the idle ones first', () => {
		const buckets = new TokenBuckets({ burst: 1, perSecond: 0.001 }, 3);
		for (const caller of ['a', 'b', 'c', 'd', 'e']) buckets.take(caller, 0);

		expect(buckets.take('e', 0)).toBeGreaterThan(0);
	});
});

describe('freshness', () => {
	it('is due after 60 s, give or take a fifth', () => {
		expect([0, 0.5, 1].map((random) => nextFreshness(1_000, random))).toEqual([49_000, 61_000, 73_000]);
	});
});

describe('a notice', () => {
	const org_id = 'org_acme01' as OrgId;

	it('fits into what PostgreSQL carries, however many it names, and arrives whole', () => {
		const sandbox_ids = [...Array(1_000).keys()].map(
			(at) => `sbx_${'x'.repeat(28)}${String(at).padStart(4, '0')}` as SandboxId,
		);

		const texts = noticeTexts({ kind: 'policy', org_id, sandbox_ids });

		expect(Math.max(...texts.map((text) => Buffer.byteLength(text)))).toBeLessThan(8_000);
		expect(texts.flatMap((text) => parseNotice(text)!.sandbox_ids)).toEqual(sandbox_ids);
		expect(noticeTexts({ kind: 'root', org_id, sandbox_ids: [] }).map(parseNotice)).toEqual([
			{ kind: 'root', org_id, sandbox_ids: [] },
		]);
	});

	it.each([
		'',
		'{',
		'[]',
		'{"kind":"policy"}',
		'{"kind":"drop","org_id":"org_acme01","sandbox_ids":[]}',
		'{"kind":"policy","org_id":"x","sandbox_ids":[]}',
	])('that is none is passed over: %s', (text) => {
		expect(parseNotice(text)).toBeUndefined();
	});
});

describe('a database', () => {
	it.each([
		['behind in its count', { epoch: 1, counter: 4 }, false],
		['behind in its epoch, whatever its count', { epoch: 0, counter: 99 }, false],
		['just as far', { epoch: 1, counter: 5 }, true],
		['ahead', { epoch: 1, counter: 6 }, true],
		['of a later epoch', { epoch: 2, counter: 0 }, true],
	])('%s', (_name, found, expected) => {
		expect(mayFollow({ epoch: 1, counter: 5 }, found)).toBe(expected);
	});

	it('of which nothing was recorded may sign', () => {
		expect(mayFollow(undefined, { epoch: 1, counter: 0 })).toBe(true);
	});
});
