import type { OrgId, SandboxId } from '@tappass/core';
import type { Audit, ServerEvent } from '../audit-store/append.ts';
import { announce } from '../events/notices.ts';
import { serverLimits } from '../limits.ts';
import type { Settles } from '../store/people-tables.ts';
import { countFailed, countStale, markOutdated, readSpecs } from '../store/sandboxes.ts';
import type { Store } from '../store/store.ts';
import { spanned } from '../tracing.ts';
import { type DeriveContext, deriveBatch, readInputs, type SignedStatement, statementKey } from './derive.ts';

/** What a drain did. */
export interface Drained {
	readonly derived: number;
	readonly failed: number;
}

export interface RecompilerOptions {
	readonly store: Store;
	readonly audit: Audit;
	readonly context: DeriveContext;
	/** Unix milliseconds. */
	readonly now: () => number;
	readonly log?: (event: { readonly msg: string; readonly org_id: OrgId; readonly [field: string]: unknown }) => void;
	/** Told of each batch, for metrics. */
	readonly onDerived?: (signed: number, failed: number) => void;
	readonly batch?: number;
}

/**
 * Derives whatever is stale, batch by batch. Each batch is one transaction that also announces it, so a crash loses at
 * most the batch that was under way; replicas share the work, each passing over what another has taken.
 */
export class Recompiler {
	readonly #options: RecompilerOptions;
	#stopped = false;
	#timer: NodeJS.Timeout | undefined;
	#sweeping: Promise<void> = Promise.resolve();

	constructor(options: RecompilerOptions) {
		this.#options = options;
	}

	/** Derives until nothing of the org is stale, waiting for batches that other replicas have taken. */
	drain(orgId: OrgId): Promise<Drained> {
		return spanned('recompile', { org_id: orgId }, () => this.#drain(orgId));
	}

	async #drain(orgId: OrgId): Promise<Drained> {
		let [derived, failed] = [0, 0];
		const { store, audit, context, now, log, onDerived, batch } = this.#options;
		while (!this.#stopped) {
			const done = await store.withOrg(orgId, async (transaction) => {
				const result = await deriveBatch(transaction, orgId, context, now(), batch ?? serverLimits.recompileBatch);
				await audit.appendIn(
					transaction,
					result.signed.map((each) => audit.event(signedEvent(orgId, each))),
				);
				if (result.derived.length > 0)
					await announce(transaction, { kind: 'policy', org_id: orgId, sandbox_ids: result.derived });
				return { ...result, left: result.taken === 0 ? await countStale(transaction) : null };
			});
			derived += done.derived.length;
			failed += done.failed.length;
			onDerived?.(done.derived.length, done.failed.length);
			if (done.failed.length > 0) this.#report(orgId, done.failed);
			if (done.taken > 0)
				log?.({ msg: 'derived a batch', org_id: orgId, taken: done.taken, signed: done.derived.length });
			if (done.left === 0) break;
			// Another replica holds what is left.
			if (done.left !== null) await new Promise((resolve) => setTimeout(resolve, 20));
		}
		return { derived, failed };
	}

	/**
	 * Derives until nothing of the org is stale, and says how it went for the sandboxes of some specs, whoever derived
	 * them: this call, the sweep, or another replica.
	 */
	async settle(orgId: OrgId, { specs, stale }: Settles): Promise<{ readonly signed: number; readonly failed: number }> {
		await this.drain(orgId);
		const all = await this.#options.store.withOrg(orgId, (transaction) => countFailed(transaction, specs));
		// Others of these specs may deny everything since before this change.
		const failed = Math.min(all, stale);
		return { signed: stale - failed, failed };
	}

	/**
	 * Marks what was derived from other inputs than those of this program and configuration: after an upgrade, a changed
	 * address, or a new epoch.
	 */
	async markOutdated(orgId: OrgId): Promise<number> {
		const { store, context } = this.#options;
		return store.withOrg(orgId, async (transaction) => {
			const inputs = await readInputs(transaction, context);
			let marked = 0;
			for (const spec of await readSpecs(transaction))
				marked += await markOutdated(transaction, spec.id, statementKey(inputs, spec, context.terms), inputs.epoch);
			return marked;
		});
	}

	/** Looks now and then for what a crash, or another replica, left behind. @param onError told of a sweep that failed */
	start(everyMs: number, onError: (error: unknown) => void): void {
		const tick = (): void => {
			this.#sweeping = this.#sweep()
				.catch(onError)
				.finally(() => {
					if (!this.#stopped) this.#timer = setTimeout(tick, everyMs).unref();
				});
		};
		tick();
	}

	/** Finishes the batch under way and begins no other. */
	async stop(): Promise<void> {
		this.#stopped = true;
		clearTimeout(this.#timer);
		await this.#sweeping;
	}

	async #sweep(): Promise<void> {
		const { store } = this.#options;
		for (const orgId of await store.orgIds()) {
			if (this.#stopped) return;
			if ((await store.withOrg(orgId, countStale)) > 0) await this.drain(orgId);
		}
	}

	#report(orgId: OrgId, failed: readonly SandboxId[]): void {
		const { log } = this.#options;
		log?.({
			msg: 'a policy does not compile; its sandboxes deny everything',
			org_id: orgId,
			count: failed.length,
			sandbox_id: failed[0],
		});
	}
}

// One for each version, with the key that signed it: when a key turns out to be compromised, these are what it has signed.
function signedEvent(
	org_id: OrgId,
	{ sandbox_id, policy_version, project, agent, error, ...payload }: SignedStatement,
): Omit<ServerEvent, 'id' | 'at'> {
	return {
		type: 'policy.signed',
		org_id,
		actor: { kind: 'server', id: 'recompiler' },
		decision: error === null ? 'none' : 'block',
		sandbox_id,
		policy_version,
		project,
		agent,
		...(error === null ? {} : { code: 'policy_invalid' }),
		payload: { ...payload, error },
	};
}
