import type { OrgId, SandboxId } from '@tappass/core';
import type { BudgetPort } from '@tappass/gateway';
import { sql } from 'kysely';
import type { OrgTransaction } from '../store/store.ts';
import type { Batches } from './batch.ts';

type Who = { readonly org_id: OrgId; readonly sandbox_id: SandboxId };
type Request = Who & { readonly request_id: string };

/**
 * Budgets as rows that are locked while they are looked at and taken from: parallel calls on any number of replicas never
 * take more than the ceiling.
 */
export class StoredBudgets implements BudgetPort {
	readonly #batches: Batches;

	constructor(batches: Batches) {
		this.#batches = batches;
	}

	readonly reserve: BudgetPort['reserve'] = (who, amount, ceilings, now) =>
		this.#batches.run(
			who.org_id,
			async (transaction) => {
				const [day, month] = periodsOf(now);
				const tokens = Math.ceil(amount.tokens);
				const held = await lockPeriods(transaction, who, [day, month]);
				const tokensLeft = ceilings.tokens_per_day - (held.get(day)?.tokens ?? 0);
				const dollarsLeft = ceilings.dollars_per_month - (held.get(month)?.dollars ?? 0);
				if (!(tokens <= tokensLeft)) return { effect: 'exhausted', which: 'tokens_per_day', left: tokensLeft } as const;
				if (!(amount.dollars <= dollarsLeft))
					return { effect: 'exhausted', which: 'dollars_per_month', left: dollarsLeft } as const;
				const reserved = await transaction
					.insertInto('budget_reservations')
					.values({ ...who, day, month, tokens, dollars: amount.dollars })
					.onConflict((conflict) => conflict.columns(['org_id', 'request_id']).doNothing())
					.returning('request_id')
					.executeTakeFirst();
				// It was settled before it came: whoever asked has given up.
				if (reserved === undefined) return { effect: 'exhausted', which: 'tokens_per_day', left: 0 } as const;
				await add(transaction, who, [day, month], tokens, amount.dollars);
				return { effect: 'reserved' } as const;
			},
			`budget ${who.sandbox_id}`,
		);

	readonly settle: BudgetPort['settle'] = (who, used) =>
		this.#batches.run(
			who.org_id,
			async (transaction) => {
				const held = (await settleHeld(transaction, who)) ?? (await settleUnheld(transaction, who));
				if (held === undefined) return;
				const periods = [held.day, held.month] as const;
				await lockPeriods(transaction, who, periods);
				await add(transaction, who, periods, Math.ceil(used.tokens) - held.tokens, used.dollars - held.dollars);
			},
			`budget ${who.sandbox_id}`,
		);

	readonly takeRate: BudgetPort['takeRate'] = (who, kind, per_minute, now) =>
		this.#batches.run(
			who.org_id,
			async (transaction) => {
				const minute = Math.floor(now / 60_000);
				const retry_after_ms = (minute + 1) * 60_000 - now;
				if (per_minute < 1) return { effect: 'exceeded', retry_after_ms } as const;
				// A clock that lags counts in the minute of the one ahead: going back must not give a fresh allowance.
				const { rows } = await sql<{ readonly taken: boolean }>`
				insert into rate_windows as r (org_id, sandbox_id, kind, minute, count)
				values (${who.org_id}, ${who.sandbox_id}, ${kind}, ${minute}, 1)
				on conflict (org_id, sandbox_id, kind) do update set
					count = case when excluded.minute > r.minute then 1 else r.count + 1 end,
					minute = greatest(r.minute, excluded.minute)
				where excluded.minute > r.minute or r.count < ${per_minute}
				returning true as taken`.execute(transaction);
				return rows.length > 0 ? ({ effect: 'taken' } as const) : ({ effect: 'exceeded', retry_after_ms } as const);
			},
			`rate ${who.sandbox_id} ${kind}`,
		);
}

/** UTC: every replica means the same day. */
function periodsOf(now: number): readonly [day: string, month: string] {
	const date = new Date(now).toISOString();
	return [`day:${date.slice(0, 10)}`, `month:${date.slice(0, 7)}`];
}

type Held = { readonly day: string; readonly month: string; readonly tokens: number; readonly dollars: number };

/** Marks a reservation as settled; undefined: there is none, or it was settled before. */
function settleHeld(transaction: OrgTransaction, { request_id }: Request): Promise<Held | undefined> {
	return transaction
		.updateTable('budget_reservations')
		.set({ settled: true })
		.where('request_id', '=', request_id)
		.where('settled', '=', false)
		.returning(['day', 'month', 'tokens', 'dollars'])
		.executeTakeFirst();
}

/** Leaves a mark for a reservation that has not come; one that came just now, in a transaction not seen before, is settled. */
async function settleUnheld(transaction: OrgTransaction, who: Request): Promise<Held | undefined> {
	const inserted = await transaction
		.insertInto('budget_reservations')
		.values({ ...who, day: '', month: '', tokens: 0, dollars: 0, settled: true })
		.onConflict((conflict) => conflict.columns(['org_id', 'request_id']).doNothing())
		.returning('request_id')
		.executeTakeFirst();
	return inserted === undefined ? settleHeld(transaction, who) : undefined;
}

async function lockPeriods(
	transaction: OrgTransaction,
	{ org_id, sandbox_id }: Who,
	periods: readonly string[],
): Promise<ReadonlyMap<string, { readonly tokens: number; readonly dollars: number }>> {
	const select = () =>
		transaction
			.selectFrom('budget_periods')
			.select(['period', 'tokens', 'dollars'])
			.where('sandbox_id', '=', sandbox_id)
			.where('period', 'in', [...periods])
			.orderBy('period')
			.forUpdate()
			.execute();
	let rows = await select();
	if (rows.length < periods.length) {
		// The first call of a day.
		await transaction
			.insertInto('budget_periods')
			.values(periods.map((period) => ({ org_id, sandbox_id, period })))
			.onConflict((conflict) => conflict.columns(['org_id', 'sandbox_id', 'period']).doNothing())
			.execute();
		rows = await select();
	}
	return new Map(rows.map((row) => [row.period, row]));
}

async function add(
	transaction: OrgTransaction,
	{ sandbox_id }: Who,
	periods: readonly string[],
	tokens: number,
	dollars: number,
): Promise<void> {
	await transaction
		.updateTable('budget_periods')
		.set({ tokens: sql`tokens + ${tokens}`, dollars: sql`dollars + ${dollars}` })
		.where('sandbox_id', '=', sandbox_id)
		.where('period', 'in', [...periods])
		.execute();
}
