import type { OrgId } from '@tappass/core';
import type { OrgTransaction, Store } from '../store/store.ts';

/** Work on an org's rows that other calls' work may share a transaction with: it stands by itself, and may run twice. */
export type Work<T> = (transaction: OrgTransaction) => Promise<T>;

interface Waiting {
	readonly locks: string;
	readonly work: Work<unknown>;
	readonly resolve: (value: never) => void;
	readonly reject: (error: unknown) => void;
}

interface Line {
	waiting: Waiting[];
	flushes: number;
}

/**
 * Runs the small transactions of many calls in few: while one commits, what comes meanwhile shares the next. Each piece
 * is answered after the commit that holds it.
 */
export class Batches {
	readonly #store: Pick<Store, 'withOrg'>;
	readonly #lines = new Map<OrgId, Line>();

	constructor(store: Pick<Store, 'withOrg'>) {
		this.#store = store;
	}

	/**
	 * @param locks names the rows that the work locks, if it does: work of one transaction runs in the order of these names,
	 * so that two transactions never wait for one another
	 * @throws whatever the work throws; store_unavailable
	 */
	run<T>(orgId: OrgId, work: Work<T>, locks = ''): Promise<T> {
		return new Promise<T>((resolve, reject) => {
			const line = this.#lines.get(orgId) ?? { waiting: [], flushes: 0 };
			this.#lines.set(orgId, line);
			line.waiting.push({ work, locks, resolve, reject });
			this.#pump(orgId, line);
		});
	}

	#pump(orgId: OrgId, line: Line): void {
		while (line.waiting.length > 0 && line.flushes < flushesMax) {
			line.flushes += 1;
			void this.#flush(orgId, line.waiting.splice(0, worksMax).sort(byLocks)).finally(() => {
				line.flushes -= 1;
				if (line.waiting.length === 0 && line.flushes === 0) this.#lines.delete(orgId);
				else this.#pump(orgId, line);
			});
		}
	}

	async #flush(orgId: OrgId, batch: readonly Waiting[]): Promise<void> {
		try {
			const values = await this.#store.withOrg(orgId, async (transaction) => {
				const done: unknown[] = [];
				for (const { work } of batch) done.push(await work(transaction));
				return done;
			});
			for (const [at, { resolve }] of batch.entries()) resolve(values[at] as never);
		} catch (error) {
			// All of it was undone. One that fails must not take the others with it.
			if (batch.length > 1) for (const each of batch) await this.#flush(orgId, [each]);
			else batch[0]?.reject(error);
		}
	}
}

function byLocks(a: Waiting, b: Waiting): number {
	return a.locks < b.locks ? -1 : a.locks > b.locks ? 1 : 0;
}

/** Transactions of one org at once: connections are shared with everything else that the server does. */
const flushesMax = 3;
/** Pieces of work in one transaction: rows stay locked until it commits. */
const worksMax = 64;
