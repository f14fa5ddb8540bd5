import { randomBytes } from 'node:crypto';
import { type CompiledPolicy, type OrgId, type SandboxId, TapPassError } from '@tappass/core';
import type { Signer } from '@tappass/signing';
import {
	raiseWatermark,
	readCompiledPolicies,
	type SequencedStatement,
	takeSequence,
	type Watermark,
} from '../store/keyrings.ts';
import type { OrgTransaction, Store } from '../store/store.ts';
import { syncLimits } from '../sync-limits.ts';
import { composeKeyring, type TokenTerms, tokenTerms } from './compose-keyring.ts';
import type { RestoreGuard } from './restore-guard.ts';

/** A keyring that was just signed. */
export interface IssuedKeyring {
	readonly epoch: number;
	readonly policy_version: number;
	readonly seq: number;
	/** `keyring.json`, one line. */
	readonly bytes: Buffer;
}

/** The online keys of an org, as `OrgKeys` holds them. */
export interface OnlineKeys {
	readonly current: (transaction: OrgTransaction, orgId: OrgId, role: 'freshness' | 'token') => Promise<Signer>;
}

export interface KeyringIssuerOptions {
	readonly store: Pick<Store, 'withOrg'>;
	readonly keys: OnlineKeys;
	readonly guard: RestoreGuard;
	/** Unix milliseconds. */
	readonly now: () => number;
}

interface Waiting {
	readonly resolve: (keyring: IssuedKeyring) => void;
	readonly reject: (error: unknown) => void;
}

/**
 * Signs keyrings on demand. What is asked for while a batch is under way waits for the next one; each caller gets a keyring
 * of its own, since a host refuses the same sequence number twice.
 */
export class KeyringIssuer {
	readonly #options: KeyringIssuerOptions;
	readonly #pending = new Map<OrgId, Map<SandboxId, Waiting[]>>();
	readonly #running = new Set<OrgId>();
	/** By hash of the compile's result; dropped as a whole when it grows. */
	readonly #terms = new Map<string, TokenTerms>();

	constructor(options: KeyringIssuerOptions) {
		this.#options = options;
	}

	/**
	 * The newest keyring of a sandbox, signed after this call.
	 * @throws {TapPassError} policy_pending when there is none that may be signed; restore_suspected; store_unavailable
	 */
	issue(orgId: OrgId, sandboxId: SandboxId): Promise<IssuedKeyring> {
		return new Promise((resolve, reject) => {
			const pending = this.#pending.get(orgId) ?? new Map<SandboxId, Waiting[]>();
			this.#pending.set(orgId, pending);
			const waiting = pending.get(sandboxId) ?? [];
			pending.set(sandboxId, waiting);
			waiting.push({ resolve, reject });
			if (this.#running.has(orgId)) return;
			this.#running.add(orgId);
			// One turn later, so that what is asked for together is signed together.
			setImmediate(() => this.#drain(orgId));
		});
	}

	async #drain(orgId: OrgId): Promise<void> {
		for (let batch = this.#take(orgId); batch.size > 0; batch = this.#take(orgId)) await this.#settle(orgId, batch);
		this.#running.delete(orgId);
	}

	#take(orgId: OrgId): ReadonlyMap<SandboxId, Waiting> {
		const pending = this.#pending.get(orgId) ?? new Map<SandboxId, Waiting[]>();
		const batch = new Map<SandboxId, Waiting>();
		for (const [id, waiting] of [...pending].slice(0, syncLimits.keyringBatch)) {
			batch.set(id, waiting.shift()!);
			// Whoever else waits for this sandbox goes to the end of the line.
			pending.delete(id);
			if (waiting.length > 0) pending.set(id, waiting);
		}
		if (pending.size === 0) this.#pending.delete(orgId);
		return batch;
	}

	async #settle(orgId: OrgId, batch: ReadonlyMap<SandboxId, Waiting>): Promise<void> {
		try {
			const keyrings = await this.#sign(orgId, [...batch.keys()]);
			for (const [id, { reject, resolve }] of batch) {
				const keyring = keyrings.get(id);
				if (keyring === undefined) reject(new TapPassError('policy_pending', { fields: { sandbox_id: id } }));
				else resolve(keyring);
			}
		} catch (error) {
			for (const { reject } of batch.values()) reject(error);
		}
	}

	async #sign(orgId: OrgId, ids: readonly SandboxId[]): Promise<ReadonlyMap<SandboxId, IssuedKeyring>> {
		const { guard, now } = this.#options;
		const taken = await this.#options.store.withOrg(orgId, (transaction) =>
			this.#takeStatements(transaction, orgId, ids),
		);
		const signed = new Map<SandboxId, IssuedKeyring>();
		const names = randomBytes(12).toString('hex');
		for (const statement of taken.statements) {
			const { epoch, policy_version, sandbox_id, seq } = statement;
			const bytes = await composeKeyring(statement, {
				org_id: orgId,
				freshness: taken.freshness,
				token: taken.token,
				tokens: this.#terms.get(statement.compiled_sha256)!,
				now: now(),
				jti: `${names}-${signed.size}`,
			});
			signed.set(sandbox_id, { epoch, policy_version, seq, bytes });
		}
		// Last: nothing has left yet, and from here on a database without this batch is known to be an older one.
		await guard.record(orgId, taken.watermark);
		return signed;
	}

	async #takeStatements(transaction: OrgTransaction, orgId: OrgId, ids: readonly SandboxId[]): Promise<Taken> {
		const freshness = await this.#options.keys.current(transaction, orgId, 'freshness');
		const token = await this.#options.keys.current(transaction, orgId, 'token');
		const statements = await takeSequence(transaction, ids);
		await this.#learnTerms(transaction, statements);
		// Last, since replicas wait for each other here.
		const watermark = await raiseWatermark(transaction, orgId);
		await this.#options.guard.assertFollows(orgId, watermark);
		return { freshness, token, statements, watermark };
	}

	async #learnTerms(transaction: OrgTransaction, statements: readonly SequencedStatement[]): Promise<void> {
		if (this.#terms.size > termsMax) this.#terms.clear();
		const wanted = new Set(statements.map(({ compiled_sha256 }) => compiled_sha256));
		const missing = [...wanted].filter((sha256) => !this.#terms.has(sha256));
		for (const [sha256, policy] of await readCompiledPolicies(transaction, missing)) {
			this.#terms.set(sha256, tokenTerms(policy as unknown as CompiledPolicy));
		}
	}
}

const termsMax = 20_000;

interface Taken {
	readonly freshness: Signer;
	readonly token: Signer;
	readonly statements: readonly SequencedStatement[];
	readonly watermark: Watermark;
}
