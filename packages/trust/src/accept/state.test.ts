import { describe, expect, it } from 'vitest';
import { laterRoot, pinRoot } from '../keys/trusted-root.ts';
import { decide } from './decide.ts';
import { parseFloor, serializeFloor } from './floor.ts';
import { remaining } from './remaining.ts';
import { floorWith, nextKeyring, startWith, stateOf } from './rows.test.support.ts';
import {
	atNoon,
	chainOf,
	instant,
	keyring,
	keys,
	listed,
	role,
	roles,
	rootBytes,
	rootDraft,
	signRoot,
	testKey,
} from './signer.test.support.ts';
import { type State, spendRootRefresh } from './state.ts';

const text = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
function after(state: State, bytes: Uint8Array): State {
	const decision = decide(state, bytes, atNoon);
	if (!decision.accept) throw new Error(decision.code);
	return decision.state;
}

describe('a state from what a host keeps on disk', () => {
	it('is refused under a root older than the floor has seen', () => {
		expect(() => stateOf(startWith({ floor: floorWith({ root_version: 2 }) }))).toThrow(/older than the pinned/);
		expect(() => stateOf(startWith({ floor: floorWith({ epoch: 2 }) }))).toThrow(/older than the pinned/);
	});

	it('is refused with the floor of another sandbox or org', () => {
		expect(() => stateOf(startWith({ floor: floorWith({ sandbox_id: 'sbx_other1' }) }))).toThrow(/another sandbox/);
		expect(() => stateOf(startWith({ floor: floorWith({ org_id: 'org_other1' }) }))).toThrow(/another sandbox/);
	});

	it('is refused under the root of another org', () => {
		expect(() => stateOf(startWith({ root: rootBytes({ org_id: 'org_other1' }) }))).toThrow(/another sandbox, org/);
	});

	it('raises a floor that a crash left behind the root', () => {
		const state = stateOf(startWith({ root: rootBytes({ version: 2, epoch: 2 }) }));

		expect(state.floor).toMatchObject({ root_version: 2, epoch: 2, policy_version: 0, policy_sha256: null, seq: 0 });
	});

	it('accepts any version right after enrolment, when there is no floor', () => {
		const state = stateOf(startWith({ floor: 'none' }));

		expect(after(state, keyring({ policy_version: 70_000 })).floor).toMatchObject({ policy_version: 70_000, seq: 1 });
	});

	it('keeps saying that there is no floor when only a root arrives', () => {
		const state = stateOf(startWith({ floor: 'none' }));

		expect(after(state, chainOf(signRoot(rootDraft({ version: 2 })))).floor).toBe('none');
	});
});

describe('a root refresh', () => {
	const unknown = nextKeyring();
	const start = startWith({
		root: rootBytes({
			roles: roles({ policy: role(1, testKey(8)) }),
			keys: listed(...keys.root, testKey(8), keys.freshness, keys.token, keys.audit),
		}),
	});

	it('is asked for once, and again after an acceptance', () => {
		const state = stateOf(start);
		const spent = spendRootRefresh(state);
		const renewed = after(
			spent,
			chainOf(
				signRoot(
					rootDraft({
						...JSON.parse('{}'),
						version: 2,
						roles: roles({ policy: role(1, testKey(8)) }),
						keys: listed(...keys.root, testKey(8), keys.freshness, keys.token, keys.audit),
					}),
				),
			),
		);

		expect(decide(state, unknown, atNoon)).toMatchObject({ code: 'key_unknown', refresh_root: true });
		expect(decide(spent, unknown, atNoon)).toMatchObject({ code: 'key_unknown', refresh_root: false });
		expect(decide(renewed, unknown, atNoon)).toMatchObject({ code: 'key_unknown', refresh_root: true });
	});
});

describe('the floor file', () => {
	it.each([
		['nothing', new Uint8Array()],
		['half a file', serializeFloor(floorWith() as never).subarray(0, 50)],
		['an unknown member', text({ ...(floorWith() as object), more: 1 })],
		['a missing member', text({ ...(floorWith() as object), seq: undefined })],
		['a version without its hash', text({ ...(floorWith() as object), policy_sha256: null })],
		['a hash without its version', text({ ...(floorWith() as object), policy_version: 0 })],
		['another schema', text({ ...(floorWith() as object), schema: 'tappass.floor/2' })],
		['a float', text({ ...(floorWith() as object), seq: 1.5 })],
	])('is unreadable when it holds %s', (_name, bytes) => {
		expect(() => parseFloor(bytes)).toThrow(expect.objectContaining({ code: 'floor_unreadable' }));
	});

	it('reads back as it was written', () => {
		const floor = floorWith();

		expect(parseFloor(serializeFloor(floor as never))).toEqual(floor);
	});
});

describe('the time that remains', () => {
	const state = after(stateOf(startWith()), nextKeyring());
	const at = (wall: number, monotonic: number): number =>
		remaining(state, { wall_ms: atNoon.wall_ms + wall * 1_000, monotonic_ms: atNoon.monotonic_ms + monotonic * 1_000 });

	it('is none without a keyring', () => {
		expect(remaining(stateOf(startWith()), atNoon)).toBe(0);
	});

	it('ends with the sooner of the two clocks', () => {
		expect(at(0, 0)).toBe(300_000);
		expect(at(100, 40)).toBe(200_000);
		expect(at(40, 100)).toBe(200_000);
		expect(at(300, 0)).toBe(0);
		expect(at(0, 300)).toBe(0);
	});

	it('is none on a clock set back, or on a monotonic clock that began anew', () => {
		expect(at(-31, 1)).toBe(0);
		expect(at(1, -1)).toBe(0);
	});

	it('is never longer than the statement lives, however far the host lags behind the issuer', () => {
		const ahead = after(stateOf(startWith()), nextKeyring({}, { issued_at: instant(30), expires_at: instant(330) }));

		expect(remaining(ahead, atNoon)).toBe(300_000);
	});

	it('is none once a new epoch has begun or a signing key is gone', () => {
		const newEpoch = after(state, chainOf(signRoot(rootDraft({ version: 2, epoch: 2 }))));
		const sameKeys = after(state, chainOf(signRoot(rootDraft({ version: 2 }))));
		const rotated = after(
			state,
			chainOf(
				signRoot(
					rootDraft({
						version: 2,
						keys: listed(...keys.root, keys.policy, testKey(8), keys.token, keys.audit),
						roles: roles({ freshness: role(1, testKey(8)) }),
					}),
				),
			),
		);

		expect(remaining(newEpoch, atNoon)).toBe(0);
		expect(remaining(rotated, atNoon)).toBe(0);
		expect(remaining(sameKeys, atNoon)).toBe(300_000);
	});

	it('starts anew when the policy in force is vouched for again', () => {
		const again = after(state, nextKeyring({}, { seq: 42, issued_at: instant(10), expires_at: instant(310) }));

		expect(again.held?.policy).toBe(state.held?.policy);
		expect(again.held?.expires_at_ms).toBe(atNoon.wall_ms + 310_000);
	});
});

describe('the first root', () => {
	it('is refused when it is not the one that was pinned', () => {
		expect(() => pinRoot(rootBytes(), 'a'.repeat(64))).toThrow(expect.objectContaining({ code: 'root_mismatch' }));
		expect(pinRoot(rootBytes(), pinRoot(rootBytes()).sha256).document.version).toBe(1);
	});

	it('is refused when fewer than its own threshold have signed it', () => {
		const one = text(signRoot(rootDraft(), keys.root[0]!));

		expect(() => pinRoot(one)).toThrow(expect.objectContaining({ code: 'threshold_unmet' }));
	});

	it('is refused with more keys than a root has use for', () => {
		const many = Array.from({ length: 60 }, (_, at) => testKey(100 + at));
		const crowded = rootBytes({
			keys: listed(...keys.root, keys.policy, keys.freshness, keys.token, keys.audit, ...many),
		});

		expect(() => pinRoot(crowded)).toThrow(expect.objectContaining({ code: 'key_invalid' }));
	});

	it('is refused when a key is not canonical base64', () => {
		const listing = listed(...keys.root, keys.policy, keys.freshness, keys.token, keys.audit);
		const { public: good } = listing[keys.policy.id] as { public: string };
		const loose = { ...listing, [keys.policy.id]: { algorithm: 'ed25519', public: good.replace(/=+$/, '') } };

		expect(() => pinRoot(rootBytes({ keys: loose }))).toThrow(expect.objectContaining({ code: 'key_invalid' }));
	});
});

describe('a later root, without those in between', () => {
	const held = pinRoot(rootBytes({ version: 2, epoch: 2 }));
	const later = (...made: Parameters<typeof rootBytes>) => laterRoot(held, rootBytes(...made));

	it.each([
		['older', 'root_rollback', { version: 1, epoch: 2 }],
		['of a lower epoch', 'root_rollback', { version: 3, epoch: 1 }],
		['of another org', 'audience_mismatch', { version: 3, epoch: 2, org_id: 'org_other1' }],
		['another of the same version', 'root_mismatch', { version: 2, epoch: 2, expires_at: instant(86_400) }],
	])('is refused when it is %s', (_, code, changes) => {
		expect(() => later(changes)).toThrow(expect.objectContaining({ code }));
	});

	it('is refused without a threshold of the keys that are held', () => {
		expect(() => later({ version: 3, epoch: 2 }, keys.stranger, testKey(8))).toThrow(
			expect.objectContaining({ code: 'key_unknown' }),
		);
		expect(() => later({ version: 3, epoch: 2 }, keys.root[0]!)).toThrow(
			expect.objectContaining({ code: 'threshold_unmet' }),
		);
	});

	it('is taken however far it is ahead, and the one that is held is taken as itself', () => {
		expect(later({ version: 9, epoch: 4 }).document).toMatchObject({ version: 9, epoch: 4 });
		expect(laterRoot(held, rootBytes({ version: 2, epoch: 2 }))).toBe(held);
	});
});
