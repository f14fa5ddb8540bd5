import { type OrgId, TapPassError } from '@tappass/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OrgTransaction, Store } from '../store/store.ts';
import type { ServerEvent } from './append.ts';
import { Committer } from './committer.ts';
import { auditLimits } from './limits.ts';

const org = 'org_acme01' as OrgId;
const event = (id: string): ServerEvent => ({ id, org_id: org }) as ServerEvent;

/** A committer over a store that says which events each transaction had; `fails` names those that no log takes. */
function recorder(fails: readonly string[] = []): { readonly committer: Committer; readonly ran: string[][] } {
	const ran: string[][] = [];
	const withOrg = async <T>(_: OrgId, work: (transaction: OrgTransaction) => Promise<T>): Promise<T> =>
		work(undefined as unknown as OrgTransaction);
	const append = async (_: OrgTransaction, __: OrgId, events: readonly ServerEvent[]): Promise<void> => {
		ran.push(events.map(({ id }) => id));
		if (events.some(({ id }) => fails.includes(id))) throw new TapPassError('audit_event_invalid');
	};
	const store = { withOrg } as Pick<Store, 'withOrg'>;
	return { committer: new Committer({ store, appender: { append }, onAppended: () => {} }), ran };
}

beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	vi.useRealTimers();
});

describe('events that can wait', () => {
	it('share the transaction of the next that cannot, in the order they came', async () => {
		const { committer, ran } = recorder();

		const settled = [committer.append(org, [event('a')], true), committer.append(org, [event('b')], true)];
		await Promise.resolve();
		expect(ran).toEqual([]);
		await Promise.all([...settled, committer.append(org, [event('c')])]);

		expect(ran).toEqual([['a', 'b', 'c']]);
		expect(committer.outstanding).toBe(0);
	});

	it('are written by themselves when nothing comes', async () => {
		const { committer, ran } = recorder();

		const settled = committer.append(org, [event('a')], true);
		await vi.advanceTimersByTimeAsync(auditLimits.sharingMs);
		await settled;
		await committer.append(org, [event('b')]);
		await vi.advanceTimersByTimeAsync(auditLimits.sharingMs);

		expect(ran).toEqual([['a'], ['b']]);
		expect(vi.getTimerCount()).toBe(0);
	});

	it('count as outstanding until they are durable, and are refused with the rest when too many are', async () => {
		const { committer } = recorder();
		const many = Array.from({ length: auditLimits.outstandingMax }, (_, at) => event(String(at)));

		const settled = committer.append(org, many, true);
		await expect(committer.append(org, [event('b')])).rejects.toMatchObject({ code: 'audit_unavailable' });
		await vi.advanceTimersByTimeAsync(auditLimits.sharingMs);
		await settled;

		expect(committer.outstanding).toBe(0);
	});

	it('hold nothing else up when no log takes them', async () => {
		const { committer, ran } = recorder(['a']);

		const settled = committer.append(org, [event('a')], true);
		const refused = expect(settled).rejects.toMatchObject({ code: 'audit_event_invalid' });
		await committer.append(org, [event('b')]);
		await refused;

		expect(ran).toEqual([['a', 'b'], ['a'], ['b']]);
	});
});
