import { type OrgId, TapPassError } from '@tappass/core';
import type { OrgTransaction, Store } from '../store/store.ts';

/** Work on an org's rows that other calls' work may share a transaction with: it stands by itself, and may run twice. */
export type Work<T> = (transaction: OrgTransaction) => Promise<T>;

/** Questions of one kind that few statements can answer together, however many there are. */
export interface Kind<Asked, Answer> {
	/**
	 * Work of one transaction runs in the order of these names, so that two transactions that lock rows never wait for one
	 * another. A kind locks the rows of one table, in the order of their keys.
	 */
	readonly name: string;
	/** The answers, one for each question in their order; all or none are what becomes of the transaction. */
	readonly answer: (transaction: OrgTransaction, asked: readonly Asked[]) => Promise<readonly Answer[]>;
}

interface Waiting {
	readonly kind: Kind<unknown, unknown>;
	readonly asked: unknown;
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
	 * One piece of work by itself.
	 * @param name as of a kind, for work that locks rows
	 * @throws whatever the work throws; store_unavailable
	 */
	run<T>(orgId: OrgId, work: Work<T>, name = ''): Promise<T> {
		return this.ask(orgId, { name, answer: async (transaction) => [await work(transaction)] }, undefined);
	}

	/** @throws whatever answering throws; store_unavailable */
	ask<Asked, Answer>(orgId: OrgId, kind: Kind<Asked, Answer>, asked: Asked): Promise<Answer> {
		return new Promise<Answer>((resolve, reject) => {
			const line = this.#lines.get(orgId) ?? { waiting: [], flushes: 0 };
			this.#lines.set(orgId, line);
			line.waiting.push({ kind: kind as unknown as Kind<unknown, unknown>, asked, resolve, reject });
			this.#pump(orgId, line);
		});
	}

	#pump(orgId: OrgId, line: Line): void {
		while (line.waiting.length > 0 && line.flushes < flushesMax) {
			line.flushes += 1;
			void this.#flush(orgId, line.waiting.splice(0, worksMax)).finally(() => {
				line.flushes -= 1;
				if (line.waiting.length === 0 && line.flushes === 0) this.#lines.delete(orgId);
				else this.#pump(orgId, line);
			});
		}
	}

	async #flush(orgId: OrgId, batch: readonly Waiting[]): Promise<void> {
		const kinds = [...Map.groupBy(batch, ({ kind }) => kind)].sort(byName);
		try {
			const answers = await this.#store.withOrg(orgId, async (transaction) => {
				const all = new Map<Waiting, unknown>();
				for (const [kind, waiting] of kinds) {
					const answered = await kind.answer(
						transaction,
						waiting.map(({ asked }) => asked),
					);
					for (const [at, each] of waiting.entries()) all.set(each, answered[at]);
				}
				return all;
			});
			for (const each of batch) each.resolve(answers.get(each) as never);
		} catch (error) {
			// All of it was undone. One that fails must not take the others with it; without a database all do.
			const isGone = error instanceof TapPassError && error.code === 'store_unavailable';
			if (batch.length > 1 && !isGone) for (const each of batch) await this.#flush(orgId, [each]);
			else for (const { reject } of batch) reject(error);
		}
	}
}

function byName([a]: readonly [Waiting['kind'], unknown], [b]: readonly [Waiting['kind'], unknown]): number {
	return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/**
 * Transactions of one org at once. One is best on any machine that was measured: what waits meanwhile is answered by the same few
 * statements, and several small groups cost more than a large one.
 */
const flushesMax = 1;
/** Pieces of work in one transaction: rows stay locked until it commits. */
const worksMax = 256;
