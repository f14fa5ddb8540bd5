import { type OrgId, TapPassError } from '@tappass/core';
import { describe, expect, it } from 'vitest';
import type { OrgTransaction, Store } from '../store/store.ts';
import { Batches, type Kind } from './batch.ts';

const org = 'org_acme01' as OrgId;

/** A store whose transactions only say which work ran in which of them, and that fail when the work does. */
function recorder(): { readonly store: Pick<Store, 'withOrg'>; readonly ran: string[][] } {
	const ran: string[][] = [];
	const withOrg = async <T>(_orgId: OrgId, work: (transaction: OrgTransaction) => Promise<T>): Promise<T> => {
		const names: string[] = [];
		ran.push(names);
		await new Promise((resolve) => setImmediate(resolve));
		return work(names as never);
	};
	return { store: { withOrg }, ran };
}
const named =
	(name: string, fails = false) =>
	async (transaction: OrgTransaction): Promise<string> => {
		(transaction as unknown as string[]).push(name);
		if (fails) throw new RangeError(name);
		return name;
	};

describe('work that shares a transaction', () => {
	it('fails alone: what was with it is done again without it', async () => {
		const { ran, store } = recorder();
		const batches = new Batches(store);
		const first = [0].map((at) => batches.run(org, named(`first ${at}`)));

		const rest = await Promise.allSettled([
			batches.run(org, named('good')),
			batches.run(org, named('bad', true)),
			batches.run(org, named('late')),
		]);
		await Promise.all(first);

		expect(rest.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
		expect(ran.slice(1)).toEqual([['good', 'bad'], ['good'], ['bad'], ['late']]);
	});

	it('locks in one order, whatever the order it came in: no two transactions wait for one another', async () => {
		const { ran, store } = recorder();
		const batches = new Batches(store);
		const first = [0].map((at) => batches.run(org, named(`first ${at}`)));

		await Promise.all([
			...first,
			batches.run(org, named('session b'), 'session b'),
			batches.run(org, named('session a, 1'), 'session a'),
			batches.run(org, named('budget b'), 'budget b'),
			batches.run(org, named('session a, 2'), 'session a'),
			batches.run(org, named('reads')),
		]);

		expect(ran[1]).toEqual(['reads', 'budget b', 'session a, 1', 'session a, 2', 'session b']);
	});

	it('of one kind is answered together, each question by its own answer', async () => {
		const { ran, store } = recorder();
		const batches = new Batches(store);
		const first = [0].map((at) => batches.run(org, named(`first ${at}`)));
		const doubled: Kind<number, number> = {
			name: 'doubled',
			async answer(transaction, asked) {
				(transaction as unknown as string[]).push(`doubled ${asked.join()}`);
				if (asked.includes(3)) throw new RangeError('three');
				return asked.map((one) => one * 2);
			},
		};

		const good = await Promise.all([1, 2, 4].map((one) => batches.ask(org, doubled, one)));
		const more = [0].map((at) => batches.run(org, named(`more ${at}`)));
		const mixed = await Promise.allSettled([5, 3, 6].map((one) => batches.ask(org, doubled, one)));
		await Promise.all([...first, ...more]);

		expect(good).toEqual([2, 4, 8]);
		expect(ran[1]).toEqual(['doubled 1,2,4']);
		expect(mixed.map((one) => (one.status === 'fulfilled' ? one.value : 'failed'))).toEqual([10, 'failed', 12]);
	});

	it('is not tried again piece by piece when the database is gone', async () => {
		const tried: number[] = [];
		const withOrg = async (): Promise<never> => {
			tried.push(1);
			await new Promise((resolve) => setImmediate(resolve));
			throw new TapPassError('store_unavailable');
		};
		const batches = new Batches({ withOrg });

		const all = await Promise.allSettled([1, 2, 3, 4].map((at) => batches.run(org, named(`${at}`))));

		expect(all.map(({ status }) => status)).toEqual(Array.from({ length: 4 }, () => 'rejected'));
		expect(tried).toHaveLength(2);
	});
});
