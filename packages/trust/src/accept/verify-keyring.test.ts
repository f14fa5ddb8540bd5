import { describe, expect, it } from 'vitest';
import { serializeFloor } from './floor.ts';
import { floorWith, nextKeyring } from './rows.test.support.ts';
import {
	audience,
	chainOf,
	type Draft,
	identity,
	instant,
	keyring,
	keys,
	noon,
	rootBytes,
	rootDraft,
	signRoot,
} from './signer.test.support.ts';
import { verifyKeyring } from './verify-keyring.ts';

const root = rootBytes();
const now = noon + 60_500;
const floor = (changes: Draft = {}): Uint8Array => serializeFloor(floorWith(changes) as never);
const code = (expected: string): object => expect.objectContaining({ code: expected });

describe('verifying a keyring file', () => {
	it('refuses what is no keyring', () => {
		const chain = chainOf(signRoot(rootDraft({ version: 2 })));

		expect(() => verifyKeyring({ keyring: chain, root, now })).toThrow(code('payload_malformed'));
		expect(() => verifyKeyring({ keyring: Buffer.from('{'), root, now })).toThrow(code('payload_malformed'));
	});

	it('refuses a keyring that has ended, or is under a root that has', () => {
		expect(() => verifyKeyring({ keyring: keyring(), root, now: noon + 300_000 })).toThrow(code('expired'));
		expect(() => verifyKeyring({ keyring: keyring(), root: rootBytes({ expires_at: instant(60) }), now })).toThrow(
			code('root_expired'),
		);
	});

	it('refuses a keyring of another org, though its keys are known', () => {
		const stray = keyring({ identity: { ...identity, org_id: 'org_other1' } }, { org_id: 'org_other1' });

		expect(() => verifyKeyring({ keyring: stray, root, now })).toThrow(code('audience_mismatch'));
	});

	it('refuses what is below the floor', () => {
		const below = (policy: Draft, freshness: Draft, changes: Draft = {}): (() => unknown) => {
			return () => verifyKeyring({ keyring: nextKeyring(policy, freshness), root, floor: floor(changes), now });
		};

		expect(below({ policy_version: 4 }, {})).toThrow(code('version_rollback'));
		expect(below({ policy_version: 5 }, {})).toThrow(code('version_conflict'));
		expect(below({}, { seq: 39 })).toThrow(code('seq_replay'));
		expect(below({}, {}, { root_version: 2 })).toThrow(code('root_rollback'));
		expect(below({}, {}, { issued_at_max: instant(600) })).toThrow(code('clock_regressed'));
		expect(below({}, {}, { sandbox_id: 'sbx_other1' })).toThrow(code('audience_mismatch'));
		expect(() => verifyKeyring({ keyring: nextKeyring(), root, floor: Buffer.from('{}'), now })).toThrow(
			code('floor_unreadable'),
		);
	});

	it('refuses a policy signed by a key of no standing', () => {
		const other = Buffer.from(Buffer.from(nextKeyring()).toString().replaceAll(keys.policy.id, keys.stranger.id));

		expect(() => verifyKeyring({ keyring: other, root, now })).toThrow(code('key_unknown'));
	});

	it('answers whom it is for and how long it lasts', () => {
		const { statement, ...result } = verifyKeyring({ keyring: nextKeyring(), root, floor: floor(), now });

		expect(statement.policy_version).toBe(6);
		expect(result).toEqual({
			identity: { ...identity, ...audience },
			epoch: 1,
			policy_version: 6,
			seq: 41,
			expires_at: instant(300),
			remaining_seconds: 239,
		});
	});

	it('accepts the very keyring that the floor recorded', () => {
		const result = verifyKeyring({ keyring: nextKeyring({}, { seq: 40 }), root, floor: floor(), now });

		expect(result.seq).toBe(40);
	});
});
