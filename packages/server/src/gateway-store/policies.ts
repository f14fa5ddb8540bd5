import {
	type BecauseTrail,
	type CompiledPolicy,
	type EffectivePipeline,
	type OrgId,
	parseJson,
	type SandboxId,
} from '@tappass/core';
import type { BoundPolicy, PolicyPort } from '@tappass/gateway';
import { decodeBase64, type PolicyStatement, pinRoot, type TrustedRoot } from '@tappass/trust';
import type { Notice } from '../events/notices.ts';
import { rootsAfter } from '../store/enrolment.ts';
import type { OrgTransaction } from '../store/store.ts';
import type { Batches } from './batch.ts';

type Compiled = Pick<BoundPolicy, 'compiled_policy' | 'pipeline' | 'because'>;
interface Held {
	readonly bound: Promise<BoundPolicy | undefined>;
	readonly until: number;
}

/**
 * What is in force for each sandbox, from the rows that its signed statement was stored with. Remembered until a replica
 * says that it changed, and looked at again now and then in case nobody said so.
 */
export class StoredPolicies implements PolicyPort {
	readonly #batches: Batches;
	readonly #held = new Map<string, Held>();
	readonly #compiled = new Map<string, Compiled>();
	readonly #roots = new Map<OrgId, { readonly root: Promise<TrustedRoot | undefined>; readonly until: number }>();
	readonly #listeners = new Set<(org_id: OrgId, sandbox_id: SandboxId) => void>();

	constructor(batches: Batches) {
		this.#batches = batches;
	}

	readonly find: PolicyPort['find'] = (org_id, sandbox_id) => {
		const name = `${org_id}/${sandbox_id}`;
		const now = performance.now();
		const held = this.#held.get(name);
		if (held !== undefined && now < held.until) return held.bound;
		if (this.#held.size >= heldMax) this.#held.clear();
		const bound = this.#batches.run(org_id, async (transaction) => {
			const found = await this.#read(transaction, org_id, sandbox_id);
			const before = await held?.bound.catch(() => undefined);
			// The very same object while nothing changed: what callers derived from it stays with it.
			return before !== undefined && found !== undefined && isSame(before, found) ? before : found;
		});
		this.#held.set(name, { bound, until: now + believedMs });
		bound.then(
			(value) => {
				if (value === undefined) this.#drop(name, bound);
			},
			() => this.#drop(name, bound),
		);
		return bound;
	};

	readonly root: PolicyPort['root'] = (org_id) => {
		const now = performance.now();
		const held = this.#roots.get(org_id);
		if (held !== undefined && now < held.until) return held.root;
		const root = this.#batches.run(org_id, async (transaction) => {
			const [newest] = (await rootsAfter(transaction, 0, rootsMax)).slice(-1);
			return newest === undefined ? undefined : pinRoot(newest.document);
		});
		this.#roots.set(org_id, { root, until: now + believedMs });
		root.then(
			(value) => {
				// An org that does not exist is not remembered: callers could name any number of them.
				if (value === undefined) this.#roots.delete(org_id);
			},
			() => this.#roots.delete(org_id),
		);
		return root;
	};

	readonly onChange: PolicyPort['onChange'] = (listener) => {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	};

	/** Acts on what a replica said: forgets, and tells whoever has a call under way. */
	onNotice({ kind, org_id, sandbox_ids }: Notice): void {
		if (kind === 'root') this.#roots.delete(org_id);
		const prefix = `${org_id}/`;
		const names =
			sandbox_ids.length > 0
				? sandbox_ids.map((id) => `${prefix}${id}`)
				: [...this.#held.keys()].filter((name) => name.startsWith(prefix));
		for (const name of names) {
			const held = this.#held.get(name);
			// Kept as the one to compare with, but no longer believed.
			if (held !== undefined) this.#held.set(name, { ...held, until: 0 });
			for (const listener of this.#listeners) listener(org_id, name.slice(prefix.length) as SandboxId);
		}
	}

	/** Notices may have been missed: nothing that is remembered is believed. */
	onGap(): void {
		this.#roots.clear();
		for (const [name, held] of this.#held) {
			this.#held.set(name, { ...held, until: 0 });
			const [org_id, sandbox_id] = name.split('/') as [OrgId, SandboxId];
			for (const listener of this.#listeners) listener(org_id, sandbox_id);
		}
	}

	#drop(name: string, bound: Promise<unknown>): void {
		if (this.#held.get(name)?.bound === bound) this.#held.delete(name);
	}

	async #read(transaction: OrgTransaction, org_id: OrgId, id: SandboxId): Promise<BoundPolicy | undefined> {
		const row = await transaction
			.selectFrom('sandboxes as s')
			.innerJoin('policy_statements as p', (join) =>
				join
					.onRef('p.org_id', '=', 's.org_id')
					.onRef('p.sandbox_id', '=', 's.id')
					.onRef('p.epoch', '=', 's.epoch')
					.onRef('p.policy_version', '=', 's.policy_version')
					.onRef('p.sha256', '=', 's.policy_sha256'),
			)
			.innerJoin('orgs as o', 'o.org_id', 's.org_id')
			.select(['s.project', 's.agent', 's.state', 's.state_reason', 's.epoch', 's.policy_version'])
			.select(['p.compiled_sha256', 'p.envelope', 'o.region', 'o.epoch as org_epoch'])
			.where('s.id', '=', id)
			.executeTakeFirst();
		// A statement of an epoch that is over vouches for nothing: there is no policy until the next one is signed.
		if (row === undefined || row.epoch !== row.org_epoch) return undefined;
		const { project, agent, state, state_reason, epoch, policy_version, region } = row;
		const compiled = await this.#compiledBy(transaction, org_id, row.compiled_sha256);
		return Object.freeze({
			org_id,
			project,
			agent,
			sandbox_id: id,
			state,
			state_reason,
			epoch,
			policy_version,
			region,
			tool_aliases: statementOf(row.envelope).tool_aliases,
			...compiled,
		});
	}

	// Sandboxes with the same result share one: rules are compiled once for all of them.
	async #compiledBy(transaction: OrgTransaction, org_id: OrgId, sha256: string): Promise<Compiled> {
		const name = `${org_id} ${sha256}`;
		const held = this.#compiled.get(name);
		if (held !== undefined) return held;
		const row = await transaction
			.selectFrom('compiled_policies')
			.select(['compiled_policy', 'effective_pipeline', 'because'])
			.where('sha256', '=', sha256)
			.executeTakeFirstOrThrow();
		const compiled: Compiled = Object.freeze({
			compiled_policy: row.compiled_policy as unknown as CompiledPolicy,
			pipeline: row.effective_pipeline as unknown as EffectivePipeline,
			// Kept by path; the paths are in the trails as well.
			because: Object.values(row.because as unknown as Readonly<Record<string, BecauseTrail>>),
		});
		if (this.#compiled.size >= compiledMax) this.#compiled.clear();
		this.#compiled.set(name, compiled);
		return compiled;
	}
}

// A revoked sandbox is refused within 5 s, also where no notice arrives.
const believedMs = 4_000;
const heldMax = 20_000;
const compiledMax = 2_000;
const rootsMax = 10_000;

// Signed by this server, and stored as it was signed.
function statementOf(envelope: Uint8Array): PolicyStatement {
	const { payload } = parseJson(envelope) as { readonly payload: string };
	return parseJson(decodeBase64(payload)!) as unknown as PolicyStatement;
}

function isSame(a: BoundPolicy, b: BoundPolicy): boolean {
	return (
		a.epoch === b.epoch &&
		a.policy_version === b.policy_version &&
		a.state === b.state &&
		a.state_reason === b.state_reason &&
		a.pipeline === b.pipeline
	);
}
