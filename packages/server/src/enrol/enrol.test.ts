import { randomBytes } from 'node:crypto';
import type { OrgId } from '@tappass/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CertificateState, decideRenewal, type HostState, judgeCertificate } from './presented-certificate.ts';
import { type BootstrapState, decideRedemption } from './redemption.ts';
import { bootstrapUrl, makeBootstrapToken, readBootstrapToken } from './token.ts';

const now = Date.UTC(2026, 0, 1, 12);
const minute = 60_000;
const fresh: BootstrapState = { created_at: now, expires_at: now + 15 * minute, used_at: null, used_key_sha256: null };
const used: BootstrapState = { ...fresh, used_at: now, used_key_sha256: 'a' };
const attempt = (
	key_sha256: string,
	at: number,
	void_before: number | null = null,
): Parameters<typeof decideRedemption>[1] => ({
	key_sha256,
	now: at,
	void_before,
});
const refused = (code: string, alarm = false): object => ({ kind: 'refuse', code, alarm });

describe('a redemption', () => {
	it.each([
		['of no bootstrap is refused', undefined, attempt('a', now), refused('bootstrap_unknown')],
		['at the very end is refused', fresh, attempt('a', now + 15 * minute), refused('bootstrap_expired')],
		['at a time that cannot be read is refused', fresh, attempt('a', Number.NaN), refused('bootstrap_expired')],
		['a millisecond before the end succeeds', fresh, attempt('a', now + 15 * minute - 1), { kind: 'redeem' }],
		['from before the epoch is void', fresh, attempt('a', now, now + 1), refused('bootstrap_void')],
		['from the moment the epoch began succeeds', fresh, attempt('a', now, now), { kind: 'redeem' }],
		[
			'of a used one is void too, when it is from before the epoch',
			used,
			attempt('a', now, now + 1),
			refused('bootstrap_void'),
		],
		[
			'by another key within a minute is contested',
			used,
			attempt('b', now + minute),
			refused('bootstrap_contested', true),
		],
		['by the same key within a minute is answered again', used, attempt('a', now + minute), { kind: 'repeat' }],
		['by the same key after it finds it used', used, attempt('a', now + minute + 1), refused('bootstrap_used', true)],
		['by another key after it finds it used', used, attempt('b', now + minute + 1), refused('bootstrap_used', true)],
		[
			'of a used one at a time that cannot be read finds it used',
			used,
			attempt('a', Number.NaN),
			refused('bootstrap_used', true),
		],
	] as const)('%s', (_name, bootstrap, at, expected) => {
		expect(decideRedemption(bootstrap, at)).toEqual(expected);
	});

	it('law: whatever is tried when, one key alone ever redeems', () => {
		const attempts = fc.array(
			fc.record({ key: fc.constantFrom('a', 'b', 'c'), at: fc.integer({ min: -minute, max: 20 * minute }) }),
			{ maxLength: 30 },
		);
		fc.assert(
			fc.property(attempts, (list) => {
				let state = fresh;
				const winners = new Set<string>();
				for (const { at, key } of list) {
					const decision = decideRedemption(state, attempt(key, now + at));
					if (decision.kind === 'redeem') state = { ...state, used_at: now + at, used_key_sha256: key };
					if (decision.kind !== 'refuse') winners.add(key);
				}
				expect(winners.size).toBeLessThanOrEqual(1);
			}),
		);
	});
});

describe('a bootstrap token', () => {
	const token = makeBootstrapToken('org_acme01' as OrgId, randomBytes(32));

	it.each([
		'',
		'acme01',
		'acme01.',
		`acme01.${'a'.repeat(42)}`,
		`ACME01.${'a'.repeat(43)}`,
		`acme01.${'a'.repeat(43)}.`,
		`org_acme01.${'a'.repeat(43)}`,
	])('%s is none', (text) => {
		expect(readBootstrapToken(text)).toBeUndefined();
	});

	it('leads to its org and its hash, and its URL carries the root in the fragment alone', () => {
		expect(readBootstrapToken(token.text)).toEqual({ org_id: 'org_acme01', hash: token.hash });
		const url = new URL(bootstrapUrl('https://app.example:7601/', token.text, 'f'.repeat(64)));
		expect([url.pathname, url.hash]).toEqual([`/install/${token.text}`, `#root=${'f'.repeat(64)}`]);
	});
});

const certificate = (generation: number, change: Partial<CertificateState> = {}): CertificateState => ({
	generation,
	spki_sha256: `key ${generation}`,
	not_before: now - minute,
	not_after: now + 60 * minute,
	created_at: now,
	first_seen_at: null,
	revoked_at: null,
	left_behind: false,
	...change,
});
const seen = { first_seen_at: now };
const host = (
	presented: CertificateState | undefined,
	newest = presented,
	change: Partial<HostState> = {},
): HostState => ({
	state: 'active',
	presented,
	newest,
	newer_seen: presented !== newest && newest?.first_seen_at != null,
	...change,
});

describe('a certificate', () => {
	it.each([
		['that was never issued', host(undefined, certificate(1)), 'certificate_required', false],
		[
			'of a sandbox that is not enrolled',
			host(certificate(1), certificate(1), { state: 'pending' }),
			'certificate_required',
			false,
		],
		['of a revoked sandbox', host(certificate(1), certificate(1), { state: 'revoked' }), 'sandbox_revoked', false],
		['of a locked sandbox', host(certificate(1), certificate(1), { state: 'locked' }), 'sandbox_locked', false],
		['that has ended', host(certificate(1, { not_after: now })), 'certificate_expired', false],
		['whose end cannot be read', host(certificate(1, { not_after: Number.NaN })), 'certificate_expired', false],
		[
			'after which another was shown',
			host(certificate(1, seen), certificate(2, seen)),
			'certificate_superseded',
			false,
		],
		[
			'that was voided after it was shown',
			host(certificate(1, { ...seen, revoked_at: now }), certificate(2)),
			'certificate_superseded',
			false,
		],
		[
			'that a new enrolment has left behind, seen or not',
			host(certificate(1, { revoked_at: now, left_behind: true }), certificate(2, seen)),
			'certificate_superseded',
			false,
		],
		['that was voided unseen', host(certificate(2, { revoked_at: now }), certificate(3)), 'sandbox_locked', true],
	] as const)('%s is refused', (_name, state, code, lock) => {
		expect(judgeCertificate(state, now)).toEqual({ kind: 'refuse', code, lock });
	});

	it('is good when it is the newest, and while the newest has not been shown', () => {
		expect(judgeCertificate(host(certificate(1)), now)).toEqual({ kind: 'current' });
		expect(judgeCertificate(host(certificate(1, seen), certificate(2)), now)).toEqual({ kind: 'previous' });
	});
});

describe('a renewal', () => {
	it('by a certificate after which another was shown locks both', () => {
		const state = host(certificate(1, seen), certificate(2, seen));

		expect(decideRenewal(state, 'key', now)).toEqual({ kind: 'refuse', code: 'sandbox_locked', lock: true });
	});

	it('by a certificate that a new enrolment has left behind locks nobody', () => {
		const state = host(certificate(1, { ...seen, revoked_at: now, left_behind: true }), certificate(2, seen));

		expect(decideRenewal(state, 'key', now)).toEqual({ kind: 'refuse', code: 'certificate_superseded', lock: false });
	});

	it('of a revoked sandbox is refused as that', () => {
		expect(decideRenewal(host(certificate(1), certificate(1), { state: 'revoked' }), 'key', now)).toMatchObject({
			code: 'sandbox_revoked',
			lock: false,
		});
	});

	it('by the newest certificate issues the next', () => {
		expect(decideRenewal(host(certificate(1, seen)), 'key', now)).toEqual({ kind: 'issue', void_newest: false });
	});

	it('whose reply was lost gets the same again for the same key, and voids it for another or later', () => {
		const state = host(certificate(1, seen), certificate(2));

		expect(decideRenewal(state, 'key 2', now + minute)).toEqual({ kind: 'repeat' });
		expect(decideRenewal(state, 'key 3', now)).toEqual({ kind: 'issue', void_newest: true });
		expect(decideRenewal(state, 'key 2', now + minute + 1)).toEqual({ kind: 'issue', void_newest: true });
	});
});

/*
 * Two holders of one identity play against the server's decisions, in any order, with replies lost and stored files rolled
 * back. The law: once both of them have used what they got, nobody goes on for long: whoever was overtaken gives it away.
 */
describe('law: two hosts with one identity', () => {
	const step = fc.record({ who: fc.constantFrom(0, 1), act: fc.constantFrom('use', 'renew', 'renew and use') });

	it('never both hold a certificate that works after each has renewed and used its own', () => {
		fc.assert(
			fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
				const world = new World();
				for (const { act, who } of steps) world.play(who as 0 | 1, act);
				world.play(0, 'renew and use');
				world.play(1, 'renew and use');
				world.play(0, 'use');
				expect(world.works(0) && world.works(1)).toBe(false);
			}),
			{ numRuns: 500 },
		);
	});

	it('and a single host, whatever it loses on the way, is never locked', () => {
		const lonely = fc.array(fc.constantFrom('use', 'renew', 'renew and use', 'renew and lose'), { maxLength: 30 });
		fc.assert(
			fc.property(lonely, (acts) => {
				const world = new World();
				for (const act of acts) world.play(0, act);
				expect(world.works(0)).toBe(true);
			}),
			{ numRuns: 500 },
		);
	});
});

class World {
	readonly #issued: CertificateState[] = [certificate(1)];
	readonly #held = [1, 1];
	#locked = false;

	works(who: 0 | 1): boolean {
		return this.#judge(who).kind !== 'refuse';
	}

	play(who: 0 | 1, act: string): void {
		if (act === 'use') this.#use(who);
		else {
			this.#renew(who, act !== 'renew and lose');
			if (act === 'renew and use') this.#use(who);
		}
	}

	#state(who: 0 | 1): HostState {
		const presented = this.#issued[this.#held[who]! - 1]!;
		return host(presented, this.#issued.at(-1), { state: this.#locked ? 'locked' : 'active' });
	}

	#judge(who: 0 | 1): ReturnType<typeof judgeCertificate> {
		return judgeCertificate(this.#state(who), now);
	}

	#use(who: 0 | 1): void {
		const verdict = this.#judge(who);
		if (verdict.kind === 'refuse') {
			this.#locked ||= verdict.lock;
			return;
		}
		const generation = this.#held[who]!;
		this.#issued.forEach((row, at) => {
			if (row.generation === generation) this.#issued[at] = { ...row, first_seen_at: row.first_seen_at ?? now };
			if (row.generation < generation && row.revoked_at === null) this.#issued[at] = { ...row, revoked_at: now };
		});
	}

	#renew(who: 0 | 1, keep: boolean): void {
		const decision = decideRenewal(this.#state(who), `key of ${who} after ${this.#issued.length}`, now);
		if (decision.kind === 'refuse') this.#locked ||= decision.lock;
		if (decision.kind !== 'issue') return;
		if (decision.void_newest) this.#issued[this.#issued.length - 1] = { ...this.#issued.at(-1)!, revoked_at: now };
		this.#issued.push(certificate(this.#issued.length + 1));
		if (keep) this.#held[who] = this.#issued.length;
	}
}
