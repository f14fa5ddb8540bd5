import type { OrgId, SandboxId } from '@tappass/core';
import type { BudgetPort } from '@tappass/gateway';
import { sql } from 'kysely';
import type { OrgTransaction, Store } from '../store/store.ts';
import type { Batches, Kind } from './batch.ts';

type Who = { readonly org_id: OrgId; readonly sandbox_id: SandboxId };
type Request = Who & { readonly request_id: string };
type Amount = { readonly tokens: number; readonly dollars: number };
type Reserved = Awaited<ReturnType<BudgetPort['reserve']>>;
type Taken = Awaited<ReturnType<BudgetPort['takeRate']>>;
type Reserve = {
	readonly who: Request;
	readonly amount: Amount;
	readonly ceilings: Parameters<BudgetPort['reserve']>[2];
	readonly day: string;
	readonly month: string;
};
type Settle = { readonly who: Request; readonly used: Amount };
type Take = {
	readonly who: Who;
	readonly kind: Parameters<BudgetPort['takeRate']>[1];
	readonly per_minute: number;
	readonly now: number;
};

/**
 * Budgets as rows that are locked while they are looked at and taken from: parallel calls on any number of replicas never
 * take more than the ceiling.
 */
export class StoredBudgets implements BudgetPort {
	readonly #batches: Batches;
	readonly #store: Pick<Store, 'withOrg'>;
	readonly #onError: (error: unknown) => void;
	/** When reservations of an org were looked through, by this process's own clock. */
	readonly #swept = new Map<OrgId, number>();

	constructor(batches: Batches, store: Pick<Store, 'withOrg'>, onError: (error: unknown) => void) {
		this.#batches = batches;
		this.#store = store;
		this.#onError = onError;
	}

	readonly reserve: BudgetPort['reserve'] = async (who, { tokens, dollars }, ceilings, now) => {
		const [day, month] = periodsOf(now);
		const asked = { who, amount: { tokens: Math.ceil(tokens), dollars }, ceilings, day, month };
		const reserved = (await this.#batches.ask(who.org_id, budgets, asked)) ?? gone;
		this.#sweep(who.org_id);
		return reserved;
	};

	readonly settle: BudgetPort['settle'] = async (who, { tokens, dollars }) => {
		await this.#batches.ask(who.org_id, budgets, { who, used: { tokens: Math.ceil(tokens), dollars } });
	};

	readonly takeRate: BudgetPort['takeRate'] = (who, kind, per_minute, now) =>
		this.#batches.ask(who.org_id, rates, { who, kind, per_minute, now });

	/** Forgets reservations of calls that are over, whether or not they were settled: what was taken stays in its period. */
	#sweep(org_id: OrgId): void {
		const now = performance.now();
		if (now - (this.#swept.get(org_id) ?? Number.NEGATIVE_INFINITY) < sweptEveryMs) return;
		if (this.#swept.size >= orgsMax) this.#swept.clear();
		this.#swept.set(org_id, now);
		// By itself, so that no call waits for it; what is not forgotten now is the next time.
		this.#store.withOrg(org_id, forgetOld).catch(this.#onError);
	}
}

const sweptEveryMs = 60_000;
const orgsMax = 10_000;
/** Of one time; more are left for the next. */
const forgottenMax = 10_000;

// No call lives longer than minutes, so nothing comes late to what is an hour old. Another replica's share is left to it.
async function forgetOld(transaction: OrgTransaction): Promise<void> {
	await sql`
		delete from budget_reservations where request_id in (
			select request_id from budget_reservations where created_at < now() - interval '1 hour'
			order by created_at limit ${forgottenMax} for update skip locked)`.execute(transaction);
}

// Reservations and settlements lock the same rows, so they are one kind.
const budgets: Kind<Reserve | Settle, Reserved | undefined> = {
	name: 'budget',
	async answer(transaction, asked) {
		const settles = asked.filter((one) => 'used' in one);
		const reserves = asked.filter((one) => 'ceilings' in one);
		const changes: Change[] = [];
		for (const { who, used, held } of await settleAll(transaction, settles))
			for (const period of [held.day, held.month])
				changes.push({
					sandbox_id: who.sandbox_id,
					period,
					tokens: used.tokens - held.tokens,
					dollars: used.dollars - held.dollars,
				});
		const periods = await lockPeriods(transaction, asked[0]!.who.org_id, [
			...changes,
			...reserves.flatMap(({ who: { sandbox_id }, day, month }) => [
				{ sandbox_id, period: day },
				{ sandbox_id, period: month },
			]),
		]);
		for (const change of changes) periods.add(change);
		const answers = new Map<Reserve | Settle, Reserved>();
		const within: Reserve[] = [];
		for (const one of reserves) {
			const refused = periods.refuse(one);
			if (refused !== undefined) {
				answers.set(one, refused);
				continue;
			}
			periods.add(...changesOf(one));
			within.push(one);
		}
		const kept = await insertReservations(transaction, within);
		for (const one of within) {
			// It was settled before it came: whoever asked has given up.
			if (!kept.has(one)) periods.add(...changesOf(one).map(negated));
			answers.set(one, kept.has(one) ? { effect: 'reserved' } : gone);
		}
		await periods.write(transaction);
		return asked.map((one) => answers.get(one));
	},
};

const gone: Reserved = { effect: 'exhausted', which: 'tokens_per_day', left: 0 };

interface Change extends Amount {
	readonly sandbox_id: SandboxId;
	readonly period: string;
}

function changesOf({ who: { sandbox_id }, amount, day, month }: Reserve): readonly Change[] {
	return [day, month].map((period) => ({ sandbox_id, period, ...amount }));
}

function negated({ tokens, dollars, ...where }: Change): Change {
	return { ...where, tokens: -tokens, dollars: -dollars };
}

/** UTC: every replica means the same day. */
function periodsOf(now: number): readonly [day: string, month: string] {
	const date = new Date(now).toISOString();
	return [`day:${date.slice(0, 10)}`, `month:${date.slice(0, 7)}`];
}

interface Held extends Amount {
	readonly request_id: string;
	readonly day: string;
	readonly month: string;
}

/** Marks reservations as settled; answers those that were held. The second settlement of a request changes nothing. */
async function settleAll(
	transaction: OrgTransaction,
	settles: readonly Settle[],
): Promise<readonly (Settle & { readonly held: Held })[]> {
	const open = new Map(settles.toReversed().map((one) => [one.who.request_id, one]));
	if (open.size === 0) return [];
	const settled: (Settle & { readonly held: Held })[] = [];
	const settleHeld = async (): Promise<void> => {
		const rows = await transaction
			.updateTable('budget_reservations')
			.set({ settled: true })
			.where('request_id', '=', sql<string>`any(${[...open.keys()]}::text[])`)
			.where('settled', '=', false)
			.returning(['request_id', 'day', 'month', 'tokens', 'dollars'])
			.execute();
		for (const held of rows) {
			settled.push({ ...open.get(held.request_id)!, held });
			open.delete(held.request_id);
		}
	};
	await settleHeld();
	if (open.size === 0) return settled;
	// A mark for each reservation that has not come; one that came just now, in a transaction not seen before, is settled.
	const marks = [...open.values()].map(({ who }) => ({
		...who,
		day: '',
		month: '',
		tokens: 0,
		dollars: 0,
		settled: true,
	}));
	const marked = await transaction
		.insertInto('budget_reservations')
		.values(marks)
		.onConflict((conflict) => conflict.columns(['org_id', 'request_id']).doNothing())
		.returning('request_id')
		.execute();
	for (const { request_id } of marked) open.delete(request_id);
	if (open.size > 0) await settleHeld();
	return settled;
}

/** Of two for one request, the first. */
async function insertReservations(
	transaction: OrgTransaction,
	reserves: readonly Reserve[],
): Promise<ReadonlySet<Reserve>> {
	const first = new Map(reserves.toReversed().map((one) => [one.who.request_id, one]));
	if (first.size === 0) return new Set();
	const rows = await transaction
		.insertInto('budget_reservations')
		.values([...first.values()].map(({ who, amount, day, month }) => ({ ...who, day, month, ...amount })))
		.onConflict((conflict) => conflict.columns(['org_id', 'request_id']).doNothing())
		.returning('request_id')
		.execute();
	return new Set(rows.map(({ request_id }) => first.get(request_id)!));
}

type Period = { readonly sandbox_id: SandboxId; readonly period: string };

/** Locks rows in the order of their keys; those that are not there yet are made. */
async function lockPeriods(
	transaction: OrgTransaction,
	org_id: OrgId,
	wanted: readonly Period[],
): Promise<LockedPeriods> {
	const names = new Map(wanted.map((one) => [nameOf(one), one]));
	const column = (of: (one: Period) => string): string[] => [...names.values()].map(of);
	const select = async (): Promise<ReadonlyMap<string, Period & Amount>> => {
		const { rows } = await sql<Period & Amount>`
			select p.sandbox_id, p.period, p.tokens, p.dollars from budget_periods p
			join unnest(${column(({ sandbox_id }) => sandbox_id)}::text[], ${column(({ period }) => period)}::text[])
				as g(sandbox_id, period) on p.sandbox_id = g.sandbox_id and p.period = g.period
			order by p.sandbox_id, p.period for update of p`.execute(transaction);
		return new Map(rows.map((row) => [nameOf(row), row]));
	};
	if (names.size === 0) return new LockedPeriods(new Map());
	let rows = await select();
	if (rows.size < names.size) {
		// The first call of a day.
		await transaction
			.insertInto('budget_periods')
			.values([...names.values()].sort(byKey).map(({ sandbox_id, period }) => ({ org_id, sandbox_id, period })))
			.onConflict((conflict) => conflict.columns(['org_id', 'sandbox_id', 'period']).doNothing())
			.execute();
		rows = await select();
	}
	return new LockedPeriods(rows);
}

function nameOf({ sandbox_id, period }: Period): string {
	return `${sandbox_id} ${period}`;
}

function byKey(a: Period, b: Period): number {
	return nameOf(a) < nameOf(b) ? -1 : 1;
}

/** Rows that are locked: what is in them, and what this transaction changes. */
class LockedPeriods {
	readonly #rows: ReadonlyMap<string, Period & Amount>;
	readonly #changes = new Map<string, Change>();

	constructor(rows: ReadonlyMap<string, Period & Amount>) {
		this.#rows = rows;
	}

	add(...changes: readonly Change[]): void {
		for (const { sandbox_id, period, tokens, dollars } of changes) {
			const name = nameOf({ sandbox_id, period });
			const sum = this.#changes.get(name);
			this.#changes.set(name, {
				sandbox_id,
				period,
				tokens: tokens + (sum?.tokens ?? 0),
				dollars: dollars + (sum?.dollars ?? 0),
			});
		}
	}

	refuse({ who: { sandbox_id }, amount, ceilings, day, month }: Reserve): Reserved | undefined {
		const tokensLeft = ceilings.tokens_per_day - this.#used({ sandbox_id, period: day }).tokens;
		if (!(amount.tokens <= tokensLeft)) return { effect: 'exhausted', which: 'tokens_per_day', left: tokensLeft };
		const dollarsLeft = ceilings.dollars_per_month - this.#used({ sandbox_id, period: month }).dollars;
		if (!(amount.dollars <= dollarsLeft)) return { effect: 'exhausted', which: 'dollars_per_month', left: dollarsLeft };
		return undefined;
	}

	#used(period: Period): Amount {
		const [row, change] = [this.#rows.get(nameOf(period)), this.#changes.get(nameOf(period))];
		return {
			tokens: (row?.tokens ?? 0) + (change?.tokens ?? 0),
			dollars: (row?.dollars ?? 0) + (change?.dollars ?? 0),
		};
	}

	async write(transaction: OrgTransaction): Promise<void> {
		const changes = [...this.#changes.values()];
		if (changes.length === 0) return;
		const column = <T>(of: (change: Change) => T): T[] => changes.map(of);
		await sql`
			update budget_periods p set tokens = p.tokens + g.tokens, dollars = p.dollars + g.dollars
			from unnest(${column(({ sandbox_id }) => sandbox_id)}::text[], ${column(({ period }) => period)}::text[],
				${column(({ tokens }) => tokens)}::bigint[], ${column(({ dollars }) => dollars)}::float8[])
				as g(sandbox_id, period, tokens, dollars)
			where p.sandbox_id = g.sandbox_id and p.period = g.period`.execute(transaction);
	}
}

interface Window {
	readonly sandbox_id: SandboxId;
	readonly kind: Take['kind'];
	minute: number;
	count: number;
}

const rates: Kind<Take, Taken> = {
	name: 'rate',
	async answer(transaction, asked) {
		const windows = await lockWindows(transaction, asked);
		const answers = asked.map(({ who, kind, per_minute, now }): Taken => {
			const minute = Math.floor(now / 60_000);
			const window = windows.get(`${who.sandbox_id} ${kind}`)!;
			// A clock that lags counts in the minute of the one ahead: going back must not give a fresh allowance.
			const count = minute > window.minute ? 0 : window.count;
			if (!(count + 1 <= per_minute)) return { effect: 'exceeded', retry_after_ms: (minute + 1) * 60_000 - now };
			window.minute = Math.max(window.minute, minute);
			window.count = count + 1;
			return { effect: 'taken' };
		});
		const column = <T>(of: (window: Window) => T): T[] => [...windows.values()].map(of);
		await sql`
			update rate_windows r set minute = g.minute, count = g.count
			from unnest(${column(({ sandbox_id }) => sandbox_id)}::text[], ${column(({ kind }) => kind)}::text[],
				${column(({ minute }) => minute)}::bigint[], ${column(({ count }) => count)}::int[])
				as g(sandbox_id, kind, minute, count)
			where r.sandbox_id = g.sandbox_id and r.kind = g.kind`.execute(transaction);
		return answers;
	},
};

async function lockWindows(transaction: OrgTransaction, asked: readonly Take[]): Promise<Map<string, Window>> {
	const wanted = new Map(asked.map(({ who, kind }) => [`${who.sandbox_id} ${kind}`, { ...who, kind }]));
	const names = [...wanted].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
	const select = async (): Promise<Map<string, Window>> => {
		const { rows } = await sql<Window>`
			select r.sandbox_id, r.kind, r.minute, r.count from rate_windows r
			join unnest(${names.map(({ sandbox_id }) => sandbox_id)}::text[], ${names.map(({ kind }) => kind)}::text[])
				as g(sandbox_id, kind) on r.sandbox_id = g.sandbox_id and r.kind = g.kind
			order by r.sandbox_id, r.kind for update of r`.execute(transaction);
		return new Map(rows.map((row) => [`${row.sandbox_id} ${row.kind}`, { ...row }]));
	};
	const rows = await select();
	if (rows.size === names.length) return rows;
	await transaction
		.insertInto('rate_windows')
		.values(names.map(({ org_id, sandbox_id, kind }) => ({ org_id, sandbox_id, kind, minute: 0, count: 0 })))
		.onConflict((conflict) => conflict.columns(['org_id', 'sandbox_id', 'kind']).doNothing())
		.execute();
	return select();
}
