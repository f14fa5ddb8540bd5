import type { OrgId } from '@tappass/core';
import { describe, expect, it } from 'vitest';
import type { OrgTransaction, Store } from '../store/store.ts';
import { Batches } from './batch.ts';

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
		const first = [0, 1, 2].map((at) => batches.run(org, named(`first ${at}`)));

		const rest = await Promise.allSettled([
			batches.run(org, named('good')),
			batches.run(org, named('bad', true)),
			batches.run(org, named('late')),
		]);
		await Promise.all(first);

		expect(rest.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
		expect(ran.slice(3)).toEqual([['good', 'bad'], ['good'], ['bad'], ['late']]);
	});

	it('locks in one order, whatever the order it came in: no two transactions wait for one another', async () => {
		const { ran, store } = recorder();
		const batches = new Batches(store);
		const first = [0, 1, 2].map((at) => batches.run(org, named(`first ${at}`)));

		await Promise.all([
			...first,
			batches.run(org, named('session b'), 'session b'),
			batches.run(org, named('session a, 1'), 'session a'),
			batches.run(org, named('budget b'), 'budget b'),
			batches.run(org, named('session a, 2'), 'session a'),
			batches.run(org, named('reads')),
		]);

		expect(ran[3]).toEqual(['reads', 'budget b', 'session a, 1', 'session a, 2', 'session b']);
	});
});
