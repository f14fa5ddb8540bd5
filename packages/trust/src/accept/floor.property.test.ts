import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pinRoot } from '../keys/trusted-root.ts';
import type { Audience } from '../verify/audience.ts';
import { decide } from './decide.ts';
import { serializeFloor } from './floor.ts';
import { remaining } from './remaining.ts';
import { nextKeyring, startWith, stateOf } from './rows.test.support.ts';
import {
	atNoon,
	audience,
	chainOf,
	type Draft,
	freshnessDraft,
	instant,
	keyringOf,
	keys,
	listed,
	noon,
	policyDraft,
	role,
	roles,
	rootBytes,
	rootDraft,
	signFreshness,
	signPolicy,
	signRoot,
	type TestKey,
	testKey,
} from './signer.test.support.ts';
import { createState, type State } from './state.ts';

// Two generations of each online key; which of them speak changes with each root.
const policyKeys = [keys.policy, testKey(44)] as const;
const freshnessKeys = [keys.freshness, testKey(55)] as const;
type Generation = 0 | 1;

interface KeyringStep {
	readonly kind: 'keyring';
	readonly wait: number;
	readonly policySigner: Generation;
	readonly freshnessSigner: Generation;
	readonly forged: boolean;
	readonly epoch: number;
	readonly version: number;
	readonly body: number;
	readonly seq: number;
	readonly issued: number;
	readonly ttl: number;
}
interface RootStep {
	readonly kind: 'root';
	readonly wait: number;
	readonly policyKey: Generation;
	readonly freshnessKey: Generation;
	readonly epochStep: number;
	readonly versionStep: number;
	readonly signers: number;
}
type Step = KeyringStep | RootStep;

const generation = fc.constantFrom<Generation>(0, 0, 0, 1);
const rarely = fc.constantFrom(false, false, false, false, true);
const keyringStep: fc.Arbitrary<KeyringStep> = fc.record({
	kind: fc.constant('keyring' as const),
	wait: fc.integer({ min: -60, max: 400 }),
	policySigner: generation,
	freshnessSigner: generation,
	forged: rarely,
	epoch: fc.constantFrom(1, 1, 1, 2, 3),
	version: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constant(20_000)),
	body: fc.constantFrom(0, 0, 0, 1),
	seq: fc.integer({ min: 1, max: 12 }),
	issued: fc.integer({ min: -40, max: 35 }),
	ttl: fc.integer({ min: -10, max: 310 }),
});
const rootStep: fc.Arbitrary<RootStep> = fc.record({
	kind: fc.constant('root' as const),
	wait: fc.integer({ min: 0, max: 60 }),
	policyKey: generation,
	freshnessKey: generation,
	epochStep: fc.constantFrom(0, 0, 1, -1),
	versionStep: fc.constantFrom(1, 1, 1, 0, 2),
	signers: fc.constantFrom(2, 2, 2, 1),
});
const steps: fc.Arbitrary<Step[]> = fc.array(
	fc.oneof({ weight: 5, arbitrary: keyringStep }, { weight: 1, arbitrary: rootStep }),
	{
		minLength: 1,
		maxLength: 14,
	},
);

function keyringBytes(step: KeyringStep, wallMs: number): Uint8Array {
	const at = (seconds: number): string => instant((wallMs - noon) / 1_000 + seconds);
	const draft = policyDraft({
		epoch: step.epoch,
		policy_version: step.version,
		issued_at: instant(-3_600),
		agent_plane_url: `https://tappass.acme.example:${7602 + step.body}`,
	});
	const freshness = freshnessDraft(draft, {
		seq: step.seq,
		issued_at: at(step.issued),
		expires_at: at(step.issued + step.ttl),
	});
	const signer: TestKey = step.forged ? keys.stranger : policyKeys[step.policySigner];
	return keyringOf(signPolicy(draft, signer), signFreshness(freshness, freshnessKeys[step.freshnessSigner]));
}

function rootChange(step: RootStep, state: State): Draft {
	const { version, epoch } = state.root.document;
	const policy = policyKeys[step.policyKey];
	const freshness = freshnessKeys[step.freshnessKey];
	return rootDraft({
		version: version + step.versionStep,
		epoch: Math.max(1, epoch + step.epochStep),
		keys: listed(...keys.root, policy, freshness, keys.token, keys.audit),
		roles: roles({ policy: role(1, policy), freshness: role(1, freshness) }),
	});
}

const enrolled: State = createState({
	root: pinRoot(rootBytes()),
	audience: audience as unknown as Audience,
	floor: 'none',
});

/** Runs the steps from enrolment on and hands each transition to `check`. */
function walk(
	list: readonly Step[],
	check: (before: State, after: State, step: Step, now: typeof atNoon, accepted: boolean) => void,
): void {
	let state = enrolled;
	let now = atNoon;
	for (const step of list) {
		now = { wall_ms: now.wall_ms + step.wait * 1_000, monotonic_ms: now.monotonic_ms + Math.abs(step.wait) * 1_000 };
		const bytes =
			step.kind === 'keyring'
				? keyringBytes(step, now.wall_ms)
				: chainOf(signRoot(rootChange(step, state), ...keys.root.slice(0, step.signers)));
		const decision = decide(state, bytes, now);
		const after = decision.accept ? decision.state : state;
		check(state, after, step, now, decision.accept);
		state = after;
	}
}

describe('the floor, over any sequence of keyrings and roots', () => {
	const runs = { numRuns: 150 };

	it('never decreases', () => {
		fc.assert(
			fc.property(steps, (list) => {
				walk(list, ({ floor: before }, { floor: after }) => {
					if (before === 'none') return;
					if (after === 'none') throw new Error('the floor was lost');
					expect(after.epoch).toBeGreaterThanOrEqual(before.epoch);
					expect(after.root_version).toBeGreaterThanOrEqual(before.root_version);
					expect(after.issued_at_max >= before.issued_at_max).toBe(true);
					expect(after.protocol_max).toBeGreaterThanOrEqual(before.protocol_max);
					if (after.epoch > before.epoch) return;
					expect(after.policy_version).toBeGreaterThanOrEqual(before.policy_version);
					expect(after.seq).toBeGreaterThanOrEqual(before.seq);
					if (after.policy_version === before.policy_version) expect(after.policy_sha256).toBe(before.policy_sha256);
				});
			}),
			runs,
		);
	});

	it('lets nothing be accepted, or stay in force, after expires_at', () => {
		fc.assert(
			fc.property(steps, fc.integer({ min: 0, max: 700 }), (list, later) => {
				walk(list, (_before, after, step, now, accepted) => {
					if (!accepted || step.kind !== 'keyring') return;
					const expires = now.wall_ms + (step.issued + step.ttl) * 1_000;
					expect(now.wall_ms).toBeLessThan(expires);
					expect(remaining(after, now)).toBeGreaterThan(0);
					const then = { wall_ms: now.wall_ms + later * 1_000, monotonic_ms: now.monotonic_ms + later * 1_000 };
					expect(remaining(after, then) > 0).toBe(then.wall_ms < expires && later < step.ttl);
					// However the wall clock is set, the statement's own life is the most there is.
					const setBack = { wall_ms: now.wall_ms, monotonic_ms: now.monotonic_ms + step.ttl * 1_000 };
					expect(remaining(after, setBack)).toBe(0);
				});
			}),
			runs,
		);
	});

	it('accepts nothing that a then-valid key did not sign', () => {
		let accepted = 0;
		fc.assert(
			fc.property(steps, (list) => {
				walk(list, (before, _after, step, _now, ok) => {
					if (!ok) return;
					accepted += 1;
					const { policy, freshness } = before.root.document.roles;
					if (step.kind === 'root') {
						expect(step).toMatchObject({ signers: 2, versionStep: 1 });
						return;
					}
					expect(step.forged).toBe(false);
					expect(policy.keyids).toContain(policyKeys[step.policySigner].id);
					expect(freshness.keyids).toContain(freshnessKeys[step.freshnessSigner].id);
				});
			}),
			runs,
		);
		// The property would hold of a host that refuses everything.
		expect(accepted).toBeGreaterThan(runs.numRuns / 4);
	});

	it('drops the keyring in force when a key that signed it is gone', () => {
		fc.assert(
			fc.property(steps, (list) => {
				walk(list, (before, after, step) => {
					if (step.kind !== 'root' || before === after || before.held === null) return;
					const { policy, freshness } = after.root.document.roles;
					const kept =
						before.held.policy.epoch === after.root.document.epoch &&
						before.held.signers.policy.some((id) => policy.keyids.includes(id)) &&
						before.held.signers.freshness.some((id) => freshness.keyids.includes(id));
					expect(after.held).toBe(kept ? before.held : null);
				});
			}),
			runs,
		);
	});
});

describe('any bytes', () => {
	const state = stateOf(startWith());
	const before = Buffer.from(serializeFloor(state.floor as never)).toString();

	it('get a coded refusal, no throw, and leave the state as it was', () => {
		const json = fc.json().map((text) => Buffer.from(text));
		const good = nextKeyring();
		const cut = fc.nat({ max: good.length - 1 }).map((at) => good.subarray(0, at));

		fc.assert(
			fc.property(fc.oneof(fc.uint8Array({ maxLength: 4_096 }), json, cut), (bytes) => {
				const decision = decide(state, bytes, atNoon);

				expect(decision).toMatchObject({ accept: false });
				expect(decision).not.toMatchObject({ code: 'internal' });
				expect(Buffer.from(serializeFloor(state.floor as never)).toString()).toBe(before);
			}),
			{ numRuns: 1_000 },
		);
	});

	it('past 1 MiB are refused before anything is parsed', () => {
		const decision = decide(state, new Uint8Array(64 * 1_048_576), atNoon);

		expect(decision).toMatchObject({ accept: false, code: 'payload_too_large' });
	});

	it('of 1 MiB are refused in bounded time, whatever they hold', () => {
		const size = 1_048_576;
		const bodies = ['[', '{"a":', '"', '\\"', '1,', ' ', '{"signatures":[', '9'].map((piece) =>
			Buffer.from(piece.repeat(Math.floor(size / piece.length))),
		);
		const signatures = `[${'{"keyid":"a","sig":"AAAA"},'.repeat(30_000)}1]`;
		bodies.push(
			Buffer.from(
				`{"schema":"tappass.keyring/1","policy":{"payloadType":"application/vnd.tappass.policy+json","payload":"","signatures":${signatures}},"freshness":1}`,
			),
		);
		for (const body of bodies) {
			// Processor time: it does not depend on what else the machine does.
			const started = process.cpuUsage();

			expect(decide(state, body, atNoon)).toMatchObject({ accept: false, code: 'payload_malformed' });
			expect(process.cpuUsage(started).user).toBeLessThan(1_000_000);
		}
	});

	it('that are not bytes at all are refused as a fault of ours', () => {
		expect(decide(state, undefined as never, atNoon)).toMatchObject({ accept: false, code: 'internal' });
	});
});
