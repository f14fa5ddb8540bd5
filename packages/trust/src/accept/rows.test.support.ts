/**
 * The attack rows that `decide` must answer, each as cases: a state, bytes, a clock, and what must come out.
 * `rows.test.ts` runs them; `vectors.test.ts` writes them down for other implementations.
 */

import { Point } from '@noble/ed25519';
import { canonicalBytes, type ErrorCode, type Json } from '@tappass/core';
import { decodeBase64, encodeBase64 } from '../envelope/base64.ts';
import type { Envelope } from '../envelope/envelope.ts';
import { keyId } from '../keys/public-key.ts';
import { pinRoot } from '../keys/trusted-root.ts';
import type { Audience } from '../verify/audience.ts';
import { type FloorOrNone, parseFloor } from './floor.ts';
import type { Now } from './now.ts';
import {
	atNoon,
	audience,
	chainOf,
	type Draft,
	envelope,
	freshnessDraft,
	identity,
	instant,
	keyring,
	keyringOf,
	keys,
	listed,
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

export interface Start {
	/** Bytes of `root.json`. */
	readonly root: Uint8Array;
	readonly audience: Readonly<Record<string, string>>;
	readonly floor: FloorOrNone;
	readonly root_refresh: 'allowed' | 'spent';
}

export type Want =
	| { readonly accept: true }
	| {
			readonly accept: false;
			readonly code: ErrorCode;
			readonly alarm: boolean;
			readonly quarantine: boolean;
			readonly refresh_root: boolean;
	  };

export interface Case {
	readonly name: string;
	readonly start: Start;
	readonly bytes: Uint8Array;
	readonly now: Now;
	readonly want: Want;
}

export interface Row {
	readonly row: number;
	/** The row's own words. */
	readonly words: string;
	readonly cases: readonly Case[];
}

/** The state a case begins in. */
export function stateOf({ root, audience: whom, floor, root_refresh }: Start): State {
	const state = createState({ root: pinRoot(root), audience: whom as unknown as Audience, floor });
	return { ...state, root_refresh };
}

const year = 365 * 86_400;

/** The policy that the floor of most cases has accepted, version 5 of epoch 1. */
export const heldPolicy: Draft = policyDraft({ policy_version: 5 });
export const heldSha256: string = keyId(canonicalBytes(heldPolicy as Json));

export function floorWith(changes: Draft = {}): FloorOrNone {
	return parseFloor(
		canonicalBytes({
			schema: 'tappass.floor/1',
			...audience,
			root_version: 1,
			epoch: 1,
			policy_version: 5,
			policy_sha256: heldSha256,
			seq: 40,
			issued_at_max: instant(-60),
			protocol_max: 1,
			...changes,
		}),
	);
}

export function startWith(changes: Partial<Start> = {}): Start {
	return { root: rootBytes(), audience, floor: floorWith(), root_refresh: 'allowed', ...changes };
}

function refuse(name: string, code: ErrorCode, bytes: Uint8Array, more: Partial<Case> & { flags?: Draft } = {}): Case {
	const { flags, ...rest } = more;
	const want = { accept: false, code, alarm: false, quarantine: false, refresh_root: false, ...flags } as const;
	return { name, start: startWith(), bytes, now: atNoon, want, ...rest };
}
function accept(name: string, bytes: Uint8Array, more: Partial<Case> = {}): Case {
	return { name, start: startWith(), bytes, now: atNoon, want: { accept: true }, ...more };
}

/** A keyring that follows the floor of most cases, but for the changes. */
export function nextKeyring(policy: Draft = {}, freshness: Draft = {}): Uint8Array {
	return keyring({ policy_version: 6, prev_sha256: heldSha256, ...policy }, { seq: 41, ...freshness });
}
const nextPolicy = policyDraft({ policy_version: 6, prev_sha256: heldSha256 });
const nextFreshness = freshnessDraft(nextPolicy, { seq: 41 });
const heldFreshness = freshnessDraft(heldPolicy, { seq: 41 });

function later(seconds: number): Now {
	return { wall_ms: atNoon.wall_ms + seconds * 1_000, monotonic_ms: atNoon.monotonic_ms + 1_000 };
}

function without(signed: Envelope, member: string): Draft {
	return Object.fromEntries(Object.entries(signed).filter(([name]) => name !== member));
}

/** The statement as text, with one piece of it replaced: what no honest serializer writes. */
function written(draft: Draft, from: string, to: string): Uint8Array {
	const text = Buffer.from(canonicalBytes(draft as Json)).toString();
	if (!text.includes(from)) throw new Error(`the statement has no ${from}`);
	return Buffer.from(text.replace(from, to));
}
/** A keyring over policy bytes as they are, vouched for and signed by the right keys. */
function keyringOfBytes(policy: Uint8Array): Uint8Array {
	return keyringOf(signPolicy(policy), signFreshness({ ...nextFreshness, policy_sha256: keyId(policy) }));
}
function keyringWithFreshness(freshness: Uint8Array): Uint8Array {
	return keyringOf(signPolicy(nextPolicy), signFreshness(freshness));
}

function publicOnly(point: Uint8Array): TestKey {
	const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), point]);
	return { ...keys.policy, spki, id: keyId(spki) };
}
function point(hex: string): TestKey {
	return publicOnly(Buffer.from(hex, 'hex'));
}
const torsion = '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05';
function rootWithPolicyKey(key: TestKey): Uint8Array {
	return chainOf(
		signRoot(
			rootDraft({
				version: 2,
				keys: listed(...keys.root, key, keys.freshness, keys.token, keys.audit),
				roles: roles({ policy: role(1, key) }),
			}),
		),
	);
}

// S + L: the same signature to a verifier that does not check the range (RFC 8032 §5.1.7).
function nonCanonical(signed: Envelope): Envelope {
	const [first] = signed.signatures;
	const sig = Buffer.from(decodeBase64(first!.sig)!);
	const order = 2n ** 252n + 27742317777372353535851937790883648493n;
	let s = BigInt(`0x${Buffer.from(sig.subarray(32)).reverse().toString('hex')}`) + order;
	for (let at = 32; at < 64; at += 1, s >>= 8n) sig[at] = Number(s & 255n);
	return { ...signed, signatures: [{ keyid: first!.keyid, sig: encodeBase64(sig) }] };
}

function renamed(signed: Envelope, keyid: string): Envelope {
	return { ...signed, signatures: signed.signatures.map(({ sig }) => ({ keyid, sig })) };
}

const newRoot = [testKey(11), testKey(12), testKey(13)] as const;
const [first, second, third] = keys.root as readonly [TestKey, TestKey, TestKey];
function rotated(version: number, list: readonly TestKey[], changes: Draft = {}): Draft {
	return rootDraft({
		version,
		keys: listed(...list, keys.policy, keys.freshness, keys.token, keys.audit),
		roles: roles({ root: role(2, ...list) }),
		...changes,
	});
}
const mixed = [first, second, newRoot[0]] as const;
const threeRotations = [
	signRoot(rotated(2, mixed), first, second),
	signRoot(rotated(3, [first, newRoot[0], newRoot[1]]), first, newRoot[0]),
	signRoot(rotated(4, newRoot), newRoot[0], newRoot[1]),
] as const;
/** The floor after a thief with the online and compile keys ran as far ahead as a host lets one go. */
const ranAhead = floorWith({ policy_version: 10_005, policy_sha256: 'e'.repeat(64), seq: Number.MAX_SAFE_INTEGER });
const policyKey2 = testKey(24);
const newEpoch = {
	version: 2,
	epoch: 2,
	keys: listed(...keys.root, policyKey2, keys.freshness, keys.token, keys.audit),
	roles: roles({ policy: role(1, policyKey2) }),
};
function epochKeyring(signer: TestKey): Uint8Array {
	const draft = policyDraft({ epoch: 2, policy_version: 6 });
	return keyringOf(signPolicy(draft, signer), signFreshness(freshnessDraft(draft, { seq: 1 })));
}
const afterRotation = startWith({ root: rootBytes(newEpoch), floor: ranAhead });

const slept = later(2 * year);
const yearOld = startWith({ root: rootBytes(), floor: floorWith() });
const renewedRoot = rootDraft({ version: 3, issued_at: instant(2 * year - 60), expires_at: instant(3 * year) });
const expiredRoot = rootDraft({ version: 2, expires_at: instant(year + 60) });

export const rows: readonly Row[] = [
	{
		row: 1,
		words: 'unsigned / signature stripped / empty signature list',
		cases: [
			refuse('the statement without an envelope', 'sig_missing', keyringOf(nextPolicy, signFreshness(nextFreshness))),
			refuse(
				'no member signatures',
				'sig_missing',
				keyringOf(without(signPolicy(nextPolicy), 'signatures'), signFreshness(nextFreshness)),
			),
			refuse(
				'an empty list',
				'sig_missing',
				keyringOf({ ...signPolicy(nextPolicy), signatures: [] }, signFreshness(nextFreshness)),
			),
			refuse(
				'an empty list on freshness',
				'sig_missing',
				keyringOf(signPolicy(nextPolicy), { ...signFreshness(nextFreshness), signatures: [] }),
			),
			refuse(
				'an empty signature',
				'sig_missing',
				keyringOf(
					{ ...signPolicy(nextPolicy), signatures: [{ keyid: keys.policy.id, sig: '' }] },
					signFreshness(nextFreshness),
				),
			),
			refuse(
				'a signature member left out',
				'sig_missing',
				keyringOf({ ...signPolicy(nextPolicy), signatures: [{ keyid: keys.policy.id }] }, signFreshness(nextFreshness)),
			),
			refuse('a root without signatures', 'sig_missing', chainOf(rotated(2, keys.root))),
			accept('the same, signed', keyringOf(signPolicy(nextPolicy), signFreshness(nextFreshness))),
		],
	},
	{
		row: 2,
		words: 'wrong key, right key id',
		cases: [
			refuse(
				'policy',
				'sig_invalid',
				keyringOf(renamed(signPolicy(nextPolicy, keys.stranger), keys.policy.id), signFreshness(nextFreshness)),
			),
			refuse(
				'freshness',
				'sig_invalid',
				keyringOf(signPolicy(nextPolicy), renamed(signFreshness(nextFreshness, keys.stranger), keys.freshness.id)),
			),
			refuse(
				'a short signature',
				'sig_invalid',
				keyringOf(
					{ ...signPolicy(nextPolicy), signatures: [{ keyid: keys.policy.id, sig: 'AAAA' }] },
					signFreshness(nextFreshness),
				),
			),
			refuse('root', 'sig_invalid', chainOf(renamed(signRoot(rotated(2, keys.root), keys.stranger), first.id))),
		],
	},
	{
		row: 3,
		words: 'unknown key id',
		cases: [
			refuse(
				'asks for a newer root',
				'key_unknown',
				keyringOf(signPolicy(nextPolicy, keys.stranger), signFreshness(nextFreshness)),
				{ flags: { refresh_root: true } },
			),
			refuse(
				'asks only once',
				'key_unknown',
				keyringOf(signPolicy(nextPolicy, keys.stranger), signFreshness(nextFreshness)),
				{ start: startWith({ root_refresh: 'spent' }) },
			),
			refuse(
				'freshness',
				'key_unknown',
				keyringOf(signPolicy(nextPolicy), signFreshness(nextFreshness, keys.stranger)),
				{ flags: { refresh_root: true } },
			),
			accept(
				'beside a known one',
				keyringOf(signPolicy(nextPolicy, keys.stranger, keys.policy), signFreshness(nextFreshness)),
			),
		],
	},
	{
		row: 4,
		words: 'threshold met by duplicated key id / duplicated key',
		cases: [
			refuse('one key id twice', 'threshold_unmet', chainOf(signRoot(rotated(2, keys.root), first, first))),
			refuse(
				'one key under two ids',
				'key_invalid',
				chainOf(
					signRoot(
						rotated(2, keys.root, {
							keys: { ...(rotated(2, keys.root)['keys'] as Draft), ['d'.repeat(64)]: listed(first)[first.id] },
							roles: roles({ root: { threshold: 2, keyids: [first.id, 'd'.repeat(64)] } }),
						}),
						first,
						second,
					),
				),
			),
			refuse(
				'one key id listed twice in a role',
				'key_invalid',
				chainOf(signRoot(rotated(2, keys.root, { roles: roles({ root: role(2, first, first) }) }), first, second)),
			),
			refuse(
				'one key in two roles',
				'key_invalid',
				chainOf(signRoot(rotated(2, keys.root, { roles: roles({ freshness: role(1, keys.policy) }) }))),
			),
			accept('two keys', chainOf(signRoot(rotated(2, keys.root), first, second))),
			accept('two keys, one of them twice', chainOf(signRoot(rotated(2, keys.root), first, first, third))),
		],
	},
	{
		row: 5,
		words: 'small-order key or non-canonical S',
		cases: [
			refuse('the identity', 'key_invalid', rootWithPolicyKey(point(`01${'00'.repeat(31)}`))),
			refuse('order 2', 'key_invalid', rootWithPolicyKey(point(`ec${'ff'.repeat(30)}7f`))),
			refuse('order 4', 'key_invalid', rootWithPolicyKey(point('00'.repeat(32)))),
			refuse('order 8', 'key_invalid', rootWithPolicyKey(point(torsion))),
			refuse('y past the prime', 'key_invalid', rootWithPolicyKey(point(`ee${'ff'.repeat(30)}7f`))),
			refuse('not on the curve', 'key_invalid', rootWithPolicyKey(point(`02${'00'.repeat(31)}`))),
			refuse(
				'a good key with torsion added',
				'key_invalid',
				rootWithPolicyKey(
					publicOnly(Point.fromBytes(keys.policy.spki.subarray(12)).add(Point.fromHex(torsion)).toBytes()),
				),
			),
			refuse(
				'S + L, policy',
				'sig_invalid',
				keyringOf(nonCanonical(signPolicy(nextPolicy)), signFreshness(nextFreshness)),
			),
			refuse(
				'S + L, freshness',
				'sig_invalid',
				keyringOf(signPolicy(nextPolicy), nonCanonical(signFreshness(nextFreshness))),
			),
			accept('a good key', rootWithPolicyKey(testKey(7))),
		],
	},
	{
		row: 6,
		words: 'rollback: lower policy_version',
		cases: [
			refuse('one lower', 'version_rollback', nextKeyring({ policy_version: 4 })),
			refuse('the first of all', 'version_rollback', nextKeyring({ policy_version: 1 }, { seq: 1_000 })),
			accept('one higher', nextKeyring()),
		],
	},
	{
		row: 7,
		words: 'same version, different hash (equivocation)',
		cases: [
			refuse('another policy', 'version_conflict', nextKeyring({ policy_version: 5, issued_at: instant(-30) }), {
				flags: { alarm: true, quarantine: true },
			}),
			refuse(
				'the next version follows another history',
				'version_conflict',
				nextKeyring({ prev_sha256: 'f'.repeat(64) }),
				{ flags: { alarm: true, quarantine: true } },
			),
			accept('the same policy, fresh again', keyringOf(signPolicy(heldPolicy), signFreshness(heldFreshness))),
		],
	},
	{
		row: 8,
		words: 'replay of older Freshness at same version',
		cases: [
			refuse(
				'the last one again',
				'seq_replay',
				keyringOf(signPolicy(heldPolicy), signFreshness({ ...heldFreshness, seq: 40 })),
			),
			refuse(
				'one from before',
				'seq_replay',
				keyringOf(signPolicy(heldPolicy), signFreshness({ ...heldFreshness, seq: 39 })),
			),
			refuse('with a newer policy', 'seq_replay', nextKeyring({}, { seq: 40 })),
			accept('one later', keyringOf(signPolicy(heldPolicy), signFreshness({ ...heldFreshness, seq: 41 }))),
		],
	},
	{
		row: 12,
		words: 'mix-and-match: new Freshness + old policy body',
		cases: [
			refuse(
				'new freshness, old policy',
				'policy_hash_mismatch',
				keyringOf(signPolicy(heldPolicy), signFreshness(nextFreshness)),
			),
			refuse(
				'old freshness, new policy',
				'policy_hash_mismatch',
				keyringOf(signPolicy(nextPolicy), signFreshness(heldFreshness)),
			),
			refuse(
				'another policy of the same version and epoch',
				'policy_hash_mismatch',
				keyringOf(
					signPolicy({ ...nextPolicy, agent_plane_url: 'https://other.example' }),
					signFreshness(nextFreshness),
				),
			),
			refuse(
				'right hash, another version',
				'policy_hash_mismatch',
				keyringOf(signPolicy(nextPolicy), signFreshness({ ...nextFreshness, policy_version: 7 })),
			),
			refuse(
				'right hash, another epoch',
				'policy_hash_mismatch',
				keyringOf(signPolicy(nextPolicy), signFreshness({ ...nextFreshness, epoch: 2 })),
			),
			refuse('both of an epoch that the root does not know', 'epoch_mismatch', nextKeyring({ epoch: 2 })),
		],
	},
	{
		row: 13,
		words: 'fast-forward: version 2^53−1 with stolen key',
		cases: [
			refuse('2^53 − 1', 'version_jump', nextKeyring({ policy_version: Number.MAX_SAFE_INTEGER }), {
				flags: { alarm: true },
			}),
			refuse('10,001 versions at once', 'version_jump', nextKeyring({ policy_version: 10_006 }), {
				flags: { alarm: true },
			}),
			accept('10,000 versions at once', nextKeyring({ policy_version: 10_005 })),
			refuse('the true version, after the thief ran ahead', 'version_rollback', nextKeyring(), {
				start: startWith({ floor: ranAhead }),
			}),
			refuse('a rotation within the epoch does not reset the floor', 'version_rollback', nextKeyring(), {
				start: startWith({ floor: ranAhead, root: rootBytes({ version: 2 }) }),
			}),
			accept('the rotation into a new epoch', chainOf(signRoot(rootDraft(newEpoch))), {
				start: startWith({ floor: ranAhead }),
			}),
			accept('the true version in the new epoch', epochKeyring(policyKey2), { start: afterRotation }),
			refuse('the stolen key in the new epoch', 'key_unknown', epochKeyring(keys.policy), {
				start: afterRotation,
				flags: { refresh_root: true },
			}),
			refuse(
				'an old keyring in the new epoch',
				'epoch_mismatch',
				keyringOf(signPolicy(nextPolicy, policyKey2), signFreshness(nextFreshness)),
				{ start: afterRotation },
			),
		],
	},
	{
		row: 14,
		words: 'integers ≥ 2^53, floats, `1e3`, negative',
		cases: [
			...['9007199254740992', '6.0', '6.5', '1e3', '6e0', '-6', '-0', '0', '06', '"6"', 'null'].flatMap((number) => [
				refuse(
					`policy_version ${number}`,
					'payload_malformed',
					keyringOfBytes(written(nextPolicy, '"policy_version":6', `"policy_version":${number}`)),
				),
				refuse(
					`seq ${number}`,
					'payload_malformed',
					keyringWithFreshness(written(nextFreshness, '"seq":41', `"seq":${number}`)),
				),
			]),
			refuse(
				'a float that nothing reads',
				'payload_malformed',
				keyringOfBytes(written(nextPolicy, '"memory_mb":64', '"memory_mb":64.0')),
			),
			accept('2^53 − 1', nextKeyring({}, { seq: Number.MAX_SAFE_INTEGER })),
		],
	},
	{
		row: 15,
		words: 'duplicate JSON keys, `__proto__`, case variants, BOM, deep nesting',
		cases: [
			...(
				[
					['a duplicate key', '"epoch":1', '"epoch":1,"epoch":1'],
					['__proto__', '"epoch":1', '"__proto__":{},"epoch":1'],
					['an escaped __proto__', '"epoch":1', '"\\u005f_proto__":{},"epoch":1'],
					['constructor', '"epoch":1', '"constructor":{},"epoch":1'],
					['a case variant', '"epoch":1', '"Epoch":1'],
					['a case variant beside', '"epoch":1', '"Epoch":2,"epoch":1'],
					['an unknown member', '"epoch":1', '"epoch":1,"grace":true'],
					['deep nesting', '"epoch":1', `"epoch":${'['.repeat(70)}${']'.repeat(70)}`],
					['bytes after the end', '"epoch":1', '"epoch":1}{'],
					['a lone surrogate', '"agent":"steward"', '"agent":"\\ud800"'],
				] as const
			).map(([name, from, to]) =>
				refuse(`${name} in the policy`, 'payload_malformed', keyringOfBytes(written(nextPolicy, from, to))),
			),
			refuse(
				'a BOM in the policy',
				'payload_malformed',
				keyringOfBytes(Buffer.concat([Buffer.from('efbbbf', 'hex'), canonicalBytes(nextPolicy as Json)])),
			),
			refuse(
				'bytes that are not UTF-8 in the policy',
				'payload_malformed',
				keyringOfBytes(Buffer.concat([canonicalBytes(nextPolicy as Json), Buffer.from([0xff])])),
			),
			refuse(
				'a duplicate key in freshness',
				'payload_malformed',
				keyringWithFreshness(written(nextFreshness, '"seq":41', '"seq":41,"seq":42')),
			),
			refuse(
				'a duplicate key outside',
				'payload_malformed',
				Buffer.from(`{"schema":"tappass.keyring/1",${Buffer.from(nextKeyring()).toString().slice(1)}`),
			),
			refuse(
				'an unknown member outside',
				'payload_malformed',
				Buffer.from(`{"grace":true,${Buffer.from(nextKeyring()).toString().slice(1)}`),
			),
			refuse(
				'an unknown member of an envelope',
				'payload_malformed',
				keyringOf({ ...signPolicy(nextPolicy), alg: 'none' }, signFreshness(nextFreshness)),
			),
			refuse('a BOM outside', 'payload_malformed', Buffer.concat([Buffer.from('efbbbf', 'hex'), nextKeyring()])),
			refuse('deep nesting outside', 'payload_malformed', Buffer.from('['.repeat(65))),
			refuse('a list outside', 'payload_malformed', Buffer.from(`[${Buffer.from(nextKeyring()).toString()}]`)),
			refuse('nothing at all', 'payload_malformed', new Uint8Array()),
			accept(
				'white space outside',
				Buffer.from(JSON.stringify(JSON.parse(Buffer.from(nextKeyring()).toString()), null, 2)),
			),
		],
	},
	{
		row: 16,
		words: 'wrong sandbox / tenant / runtime / region, valid signature',
		cases: [
			...(
				[
					['sandbox', { sandbox_id: 'sbx_other1' }],
					['tenant', { org_id: 'org_other1' }],
				] as const
			).flatMap(([name, other]) => [
				refuse(name, 'audience_mismatch', nextKeyring({ identity: { ...identity, ...other } }, other), {
					flags: { alarm: true },
				}),
				refuse(
					`${name} in the policy alone`,
					'audience_mismatch',
					nextKeyring({ identity: { ...identity, ...other } }),
					{ flags: { alarm: true } },
				),
				refuse(`${name} in freshness alone`, 'audience_mismatch', nextKeyring({}, other), { flags: { alarm: true } }),
			]),
			refuse('runtime', 'audience_mismatch', nextKeyring(), {
				start: startWith({ audience: { ...audience, runtime_id: 'other' } }),
				flags: { alarm: true },
			}),
			refuse('region', 'audience_mismatch', nextKeyring(), {
				start: startWith({ audience: { ...audience, region: 'us' } }),
				flags: { alarm: true },
			}),
			accept('all four right', nextKeyring(), {
				start: startWith({ audience: { ...audience, runtime_id: 'default', region: 'eu' } }),
			}),
			refuse(
				'a root of another tenant',
				'audience_mismatch',
				chainOf(signRoot(rotated(2, keys.root, { org_id: 'org_other1' }))),
				{ flags: { alarm: true } },
			),
		],
	},
	{
		row: 17,
		words: 'type confusion: checkpoint, webhook or JWT bytes presented as sync',
		cases: [
			refuse(
				'a checkpoint',
				'payload_malformed',
				Buffer.from('acme.example/log\n42\nq2hlY2twb2ludA==\n\n— acme.example AAAA\n'),
			),
			refuse('a webhook', 'payload_malformed', Buffer.from('{"type":"policy.applied","data":{}}')),
			refuse('a JWT', 'payload_malformed', Buffer.from('eyJhbGciOiJFUzI1NiJ9.e30.AAAA')),
			refuse('an envelope by itself', 'payload_malformed', Buffer.from(JSON.stringify(signPolicy(nextPolicy)))),
			refuse(
				'a checkpoint in an envelope',
				'payload_type_mismatch',
				keyringOf(
					envelope('application/vnd.tappass.checkpoint+json', nextPolicy, [keys.policy]),
					signFreshness(nextFreshness),
				),
			),
			refuse(
				'the other type relabelled',
				'sig_invalid',
				keyringOf(
					{
						...envelope('application/vnd.tappass.checkpoint+json', nextPolicy, [keys.policy]),
						payloadType: signPolicy(nextPolicy).payloadType,
					},
					signFreshness(nextFreshness),
				),
			),
			refuse(
				'policy and freshness changed places',
				'payload_type_mismatch',
				keyringOf(signFreshness(nextFreshness), signPolicy(nextPolicy)),
			),
			refuse(
				'a policy in the place of freshness, relabelled',
				'key_role_mismatch',
				keyringOf(signPolicy(nextPolicy), {
					...signPolicy(nextPolicy),
					payloadType: signFreshness(nextFreshness).payloadType,
				}),
			),
			refuse(
				'the audit key signs a policy',
				'key_role_mismatch',
				keyringOf(signPolicy(nextPolicy, keys.audit), signFreshness(nextFreshness)),
			),
			refuse(
				'the online key signs a policy',
				'key_role_mismatch',
				keyringOf(signPolicy(nextPolicy, keys.freshness), signFreshness(nextFreshness)),
			),
			refuse(
				'the compile key signs freshness',
				'key_role_mismatch',
				keyringOf(signPolicy(nextPolicy), signFreshness(nextFreshness, keys.policy)),
			),
			refuse(
				'freshness signed as a policy',
				'payload_malformed',
				keyringOf(signPolicy(nextFreshness), signFreshness(nextFreshness)),
			),
		],
	},
	{
		row: 18,
		words: 'issued_at in future > 30 s',
		cases: [
			refuse('freshness, 31 s', 'clock_future', nextKeyring({}, { issued_at: instant(31), expires_at: instant(100) })),
			refuse('policy, 31 s', 'clock_future', nextKeyring({ issued_at: instant(31) })),
			refuse('root, 31 s', 'clock_future', chainOf(signRoot(rotated(2, keys.root, { issued_at: instant(31) })))),
			accept('freshness, 30 s', nextKeyring({}, { issued_at: instant(30), expires_at: instant(100) })),
			accept('policy, 30 s', nextKeyring({ issued_at: instant(30) })),
		],
	},
	{
		row: 19,
		words: 'host clock back (VM resume, NTP step, attacker)',
		cases: [
			refuse(
				'31 s before a witnessed moment',
				'clock_regressed',
				nextKeyring({}, { issued_at: instant(-100), expires_at: instant(100) }),
				{ now: later(-91) },
			),
			refuse('a year before', 'clock_regressed', nextKeyring(), { now: later(-year) }),
			refuse('no root either', 'clock_regressed', chainOf(signRoot(rotated(2, keys.root))), { now: later(-91) }),
			refuse('no clock at all', 'clock_regressed', nextKeyring(), { now: { wall_ms: Number.NaN, monotonic_ms: 0 } }),
			accept('30 s before', nextKeyring({}, { issued_at: instant(-100), expires_at: instant(100) }), {
				now: later(-90),
			}),
		],
	},
	{
		row: 21,
		words: 'TTL abuse: expires_at − issued_at > 300 s',
		cases: [
			refuse('301 s', 'ttl_too_long', nextKeyring({}, { expires_at: instant(301) })),
			refuse('a year', 'ttl_too_long', nextKeyring({}, { expires_at: instant(year) })),
			refuse('nothing', 'payload_malformed', nextKeyring({}, { expires_at: instant(0) })),
			refuse('over', 'expired', nextKeyring(), { now: later(300) }),
			accept('300 s', nextKeyring({}, { expires_at: instant(300) })),
			accept('the last moment', nextKeyring(), { now: later(299.999) }),
		],
	},
	{
		row: 24,
		words: 'root key below threshold lost/stolen',
		cases: [
			refuse('one stolen key rotates', 'threshold_unmet', chainOf(signRoot(rotated(2, keys.root), first))),
			refuse(
				'one stolen key brings its own',
				'threshold_unmet',
				chainOf(signRoot(rotated(2, newRoot), first, ...newRoot)),
			),
			refuse('new keys alone', 'key_unknown', chainOf(signRoot(rotated(2, newRoot), ...newRoot)), {
				flags: { refresh_root: true },
			}),
			refuse(
				'old threshold without the new',
				'key_role_mismatch',
				chainOf(
					signRoot(
						rotated(2, newRoot, {
							keys: listed(...keys.root, ...newRoot, keys.policy, keys.freshness, keys.token, keys.audit),
						}),
						first,
						second,
					),
				),
			),
			refuse(
				'old threshold, new below its own',
				'threshold_unmet',
				chainOf(signRoot(rotated(2, newRoot), first, second, newRoot[0])),
			),
			refuse(
				'a key of another purpose',
				'key_role_mismatch',
				chainOf(signRoot(rotated(2, keys.root), keys.policy, keys.freshness)),
			),
			refuse(
				'the threshold lowered by one key',
				'threshold_unmet',
				chainOf(signRoot(rotated(2, keys.root, { roles: roles({ root: role(1, first) }) }), first)),
			),
			refuse(
				'a threshold of none',
				'payload_malformed',
				chainOf(signRoot(rotated(2, keys.root, { roles: roles({ root: role(0, first) }) }))),
			),
			refuse(
				'a threshold past the keys',
				'key_invalid',
				chainOf(signRoot(rotated(2, keys.root, { roles: roles({ policy: role(2, keys.policy) }) }))),
			),
			refuse(
				'a role whose key is not listed',
				'key_invalid',
				chainOf(signRoot(rotated(2, keys.root, { roles: roles({ policy: role(1, keys.stranger) }) }))),
			),
			refuse(
				'a signing key of the wrong algorithm',
				'key_invalid',
				chainOf(
					signRoot(
						rotated(2, keys.root, { roles: roles({ policy: role(1, keys.token), token: role(1, keys.policy) }) }),
					),
				),
			),
			refuse(
				'a known id with another key behind it',
				'key_invalid',
				chainOf(
					signRoot(
						rotated(2, keys.root, {
							keys: {
								...(rotated(2, keys.root)['keys'] as Draft),
								[keys.policy.id]: listed(keys.stranger)[keys.stranger.id],
							},
						}),
					),
				),
			),
			refuse('the same version again', 'root_rollback', chainOf(signRoot(rotated(1, keys.root)))),
			refuse('a lower epoch', 'root_rollback', chainOf(signRoot(rotated(2, keys.root))), {
				start: startWith({ root: rootBytes({ epoch: 3 }) }),
			}),
			accept(
				'rotation by old and new thresholds',
				chainOf(signRoot(rotated(2, newRoot), first, third, newRoot[1], newRoot[2])),
			),
			accept('the lost key is replaced', chainOf(signRoot(rotated(2, mixed), first, second))),
		],
	},
	{
		row: 25,
		words: 'planned rotation, host offline for 3 rotations',
		cases: [
			refuse('one is missing', 'root_version_gap', chainOf(signRoot(rotated(3, keys.root)))),
			refuse(
				'the middle is missing',
				'key_role_mismatch',
				chainOf(threeRotations[0], signRoot(rotated(4, newRoot), keys.policy, keys.freshness)),
			),
			refuse('out of order', 'threshold_unmet', chainOf(threeRotations[1], threeRotations[0], threeRotations[2])),
			refuse(
				'the last is forged',
				'threshold_unmet',
				chainOf(threeRotations[0], threeRotations[1], signRoot(rotated(4, newRoot), newRoot[0])),
			),
			refuse('257 at once', 'root_chain_too_long', chainOf(...Array(257).fill(1))),
			refuse('256 that are no roots', 'payload_malformed', chainOf(...Array(256).fill(1))),
			refuse('none at all', 'payload_malformed', chainOf()),
			refuse(
				'an unknown member',
				'payload_malformed',
				Buffer.from(JSON.stringify({ schema: 'tappass.root-chain/1', roots: [threeRotations[0]], from: 1 })),
			),
			refuse('not a list', 'payload_malformed', Buffer.from('{"schema":"tappass.root-chain/1","roots":1}')),
			accept('all three', chainOf(...threeRotations)),
		],
	},
	{
		row: 26,
		words: 'expired root on host that was asleep a year',
		cases: [
			refuse(
				'a keyring under the expired root',
				'root_expired',
				nextKeyring({}, { issued_at: instant(2 * year), expires_at: instant(2 * year + 300) }),
				{ start: yearOld, now: slept },
			),
			refuse('a chain whose last has expired', 'root_expired', chainOf(signRoot(expiredRoot)), {
				start: yearOld,
				now: slept,
			}),
			accept('a chain over an expired root to a valid one', chainOf(signRoot(expiredRoot), signRoot(renewedRoot)), {
				start: yearOld,
				now: slept,
			}),
			refuse('an old keyring under the renewed root', 'expired', nextKeyring(), {
				start: startWith({
					root: Buffer.from(JSON.stringify(signRoot(rootDraft({ version: 2, expires_at: instant(3 * year) })))),
				}),
				now: slept,
			}),
			accept(
				'a fresh keyring under the renewed root',
				nextKeyring({}, { issued_at: instant(2 * year), expires_at: instant(2 * year + 300) }),
				{ start: startWith({ root: Buffer.from(JSON.stringify(signRoot(renewedRoot))) }), now: slept },
			),
		],
	},
	{
		row: 53,
		words: 'downgrade of protocol version',
		cases: [
			refuse('lower than one already accepted', 'protocol_downgrade', nextKeyring(), {
				start: startWith({ floor: floorWith({ protocol_max: 2 }) }),
			}),
			refuse('higher than this program speaks', 'protocol_unsupported', nextKeyring({ min_protocol: 2 })),
			refuse(
				'higher, with members of the future',
				'protocol_unsupported',
				nextKeyring({ min_protocol: 2, schema: 'tappass.policy-statement/2', future: [] }),
			),
			accept('the same', nextKeyring()),
		],
	},
];
