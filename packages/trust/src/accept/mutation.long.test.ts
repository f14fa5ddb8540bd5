import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { heldSha256, nextKeyring, startWith, stateOf } from './rows.test.support.ts';
import {
	atNoon,
	freshnessDraft,
	identity,
	instant,
	keyringOf,
	keys,
	policyDraft,
	signFreshness,
	signPolicy,
} from './signer.test.support.ts';

/** How many mutated keyrings are tried; `FUZZ=1000000` for the long run. */
const rounds = Number(process.env['FUZZ'] ?? 10_000);

interface Part {
	payloadType: unknown;
	payload: unknown;
	signatures: unknown;
}
interface Document {
	schema: unknown;
	policy: Part;
	freshness: Part;
}

const random = seeded(Number(process.env['FUZZ_SEED'] ?? 20_260_101));
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
const below = (count: number): number => Math.floor(random() * count);

// Genuine keyrings, some of them not for this host or not for now: parts to be swapped in.
const neighbour = { ...identity, sandbox_id: 'sbx_other1' };
const genuine: readonly Uint8Array[] = [
	nextKeyring(),
	nextKeyring({}, { seq: 42 }),
	nextKeyring({ policy_version: 7, prev_sha256: null }, { seq: 43 }),
];
const misplaced: readonly Uint8Array[] = [
	nextKeyring({ policy_version: 4 }),
	nextKeyring({ policy_version: 5 }, { seq: 50 }),
	nextKeyring({}, { seq: 40 }),
	nextKeyring({ epoch: 2 }),
	nextKeyring({ min_protocol: 2 }),
	nextKeyring({ identity: neighbour }, { sandbox_id: 'sbx_other1' }),
	nextKeyring({}, { issued_at: instant(-400), expires_at: instant(-100) }),
	nextKeyring({}, { expires_at: instant(3_600) }),
	keyringOf(signPolicy(policyDraft(), keys.stranger), signFreshness(freshnessDraft(policyDraft()), keys.stranger)),
];
const pool = [...genuine, ...misplaced].map((bytes) => Buffer.from(bytes));
const documents = pool.map((bytes): Document => JSON.parse(bytes.toString()));

/** What a lenient reader would take the two statements to be; undefined when even that fails. */
function statements(bytes: Uint8Array): string | undefined {
	try {
		const { policy, freshness } = JSON.parse(Buffer.from(bytes).toString());
		const text = (part: Part): string => Buffer.from(String(part.payload), 'base64').toString('latin1');
		return `${text(policy)}\n${text(freshness)}`;
	} catch {
		// Not JSON to anybody: it differs from every genuine keyring.
		return undefined;
	}
}
const believable = new Set(genuine.map(statements));

type Mutation = () => Uint8Array;
const asBytes = (document: unknown): Uint8Array => Buffer.from(JSON.stringify(document));
const copy = (): Document => structuredClone(pick(documents.slice(0, genuine.length)));
const side = (): 'policy' | 'freshness' => pick(['policy', 'freshness']);

const mutations: Readonly<Record<string, Mutation>> = {
	bytes() {
		const bytes = Buffer.from(pick(pool));
		for (let count = 1 + below(4); count > 0; count -= 1) bytes[below(bytes.length)] = below(256);
		return bytes;
	},
	cut() {
		const bytes = pick(pool);
		const from = below(bytes.length);
		return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + below(64))]);
	},
	splice() {
		const [a, b] = [pick(pool), pick(pool)];
		const at = below(Math.min(a.length, b.length));
		return Buffer.concat([a.subarray(0, at), b.subarray(at)]);
	},
	'payload bit'() {
		const document = copy();
		const part = document[side()];
		const payload = Buffer.from(String(part.payload), 'base64');
		payload[below(payload.length)]! ^= 1 << below(8);
		part.payload = payload.toString('base64');
		return asBytes(document);
	},
	'payload value'() {
		const document = copy();
		const part = document[side()];
		const statement = JSON.parse(Buffer.from(String(part.payload), 'base64').toString());
		mutateValue(statement);
		part.payload = Buffer.from(JSON.stringify(statement)).toString('base64');
		return asBytes(document);
	},
	'signature bit'() {
		const document = copy();
		const part = document[side()];
		const [first] = part.signatures as [{ sig: string }];
		const sig = Buffer.from(first.sig, 'base64');
		sig[below(sig.length)]! ^= 1 << below(8);
		first.sig = sig.toString('base64');
		return asBytes(document);
	},
	'base64 form'() {
		const document = copy();
		const part = document[side()];
		const text = String(part.payload);
		const at = below(text.length);
		const into = pick(['', ' ', '\n', '=', '-', '_', '%', 'A', 'AAAA']);
		part.payload = text.slice(0, at) + into + text.slice(at + below(3));
		return asBytes(document);
	},
	'swapped parts'() {
		const document = copy();
		const other = pick(documents);
		const part = side();
		document[part] = other[pick([part, side()])];
		return asBytes(document);
	},
	'swapped members'() {
		const document = copy();
		const part = side();
		const member = pick(['payload', 'payloadType', 'signatures'] as const);
		document[part] = { ...document[part], [member]: pick(documents)[side()][member] };
		return asBytes(document);
	},
	structure() {
		const document: unknown = copy();
		mutateValue(document);
		return asBytes(document);
	},
	'duplicate member'() {
		const document = copy();
		const other = JSON.stringify(pick(documents)[side()]);
		const name = side();
		return Buffer.from(`{"${name}":${other},${JSON.stringify(document).slice(1, -1)},"${name}":${other}}`);
	},
	're-encoded'() {
		const bytes = pick(pool).toString();
		const encodings = [
			() => Buffer.from(bytes, 'utf16le'),
			() => Buffer.concat([Buffer.from('efbbbf', 'hex'), Buffer.from(bytes)]),
			() => Buffer.from(Buffer.from(bytes).toString('base64')),
			() => Buffer.from(JSON.stringify(bytes)),
			() => Buffer.from(JSON.stringify(JSON.parse(bytes), null, 1 + below(4))),
			() => Buffer.from(bytes.replace('p', '\\u0070')),
		];
		return pick(encodings)();
	},
};

/** Changes one place of a JSON value. */
function mutateValue(value: unknown): void {
	const places: { readonly holder: Record<string, unknown>; readonly key: string }[] = [];
	collect(value, places);
	const { holder, key } = pick(places);
	const old = holder[key];
	const others = [null, 0, 1, -1, 2 ** 53, '', 'x', true, [], {}, [old], { [key]: old }, pick(places).holder];
	const change = below(4);
	if (change === 0) delete holder[key];
	else if (change === 1) holder[`${key}_`] = old;
	else if (change === 2 && typeof old === 'number') holder[key] = old + pick([-1, 1, 10_000]);
	// A copy, since a place put below itself would have no end.
	else holder[key] = structuredClone(pick(others));
}
function collect(value: unknown, places: { readonly holder: Record<string, unknown>; readonly key: string }[]): void {
	if (typeof value !== 'object' || value === null) return;
	const holder = value as Record<string, unknown>;
	for (const key of Object.keys(holder)) {
		places.push({ holder, key });
		collect(holder[key], places);
	}
}

describe('a keyring whose statements were changed', () => {
	const state = stateOf(startWith());
	const names = Object.keys(mutations);

	it('is made from keyrings of which the genuine are believed and the misplaced are not', () => {
		const answers = pool.map((bytes) => decide(state, bytes, atNoon).accept);

		expect(answers).toEqual([...genuine.map(() => true), ...misplaced.map(() => false)]);
		expect(heldSha256).toHaveLength(64);
	});

	it(`is never accepted, in ${rounds} tries`, { timeout: 60_000 + rounds * 2 }, () => {
		const accepted: string[] = [];
		let different = 0;
		for (let round = 0; different < rounds; round += 1) {
			const name = names[round % names.length]!;
			const bytes = mutations[name]!();
			// Nothing was changed, or only what stands outside of what is signed: that may be believed.
			if (believable.has(statements(bytes))) continue;
			different += 1;
			if (decide(state, bytes, atNoon).accept) accepted.push(`${name}: ${Buffer.from(bytes).toString()}`);
		}

		expect(accepted).toEqual([]);
		expect(different).toBe(rounds);
	});
});

/** mulberry32: the same tries in every run, unless `FUZZ_SEED` says otherwise. */
function seeded(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}
