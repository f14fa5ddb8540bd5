import type { OrgId, SandboxId } from '@tappass/core';
import { BoundedMap } from '../pipeline/bounded-map.ts';
import type { BudgetPort } from '../ports.ts';

interface Amount {
	readonly tokens: number;
	readonly dollars: number;
}
interface Reservation extends Amount {
	readonly day: string;
	readonly month: string;
}
/** Settled requests that are remembered, so that a reservation that comes late takes nothing. */
const settledKeptMax = 65_536;
type Who = { readonly org_id: OrgId; readonly sandbox_id: SandboxId };

/** Budgets of one process. Nothing is awaited between looking and taking, so no two calls take the same. */
export class MemoryBudgets implements BudgetPort {
	readonly #used = new Map<string, Amount>();
	readonly #reservations = new Map<string, Reservation>();
	readonly #settled = new BoundedMap<true>(settledKeptMax);
	readonly #minutes = new Map<string, { readonly minute: number; count: number }>();

	readonly reserve: BudgetPort['reserve'] = async (who, amount, ceilings, now) => {
		const day = `${who.org_id}/${who.sandbox_id}/${new Date(now).toISOString().slice(0, 10)}`;
		const month = day.slice(0, -3);
		if (this.#reservations.has(who.request_id) || this.#settled.get(who.request_id) !== undefined)
			return exhausted('tokens_per_day', 0);
		const tokensLeft = ceilings.tokens_per_day - this.#of(day).tokens;
		const dollarsLeft = ceilings.dollars_per_month - this.#of(month).dollars;
		if (!(amount.tokens <= tokensLeft)) return exhausted('tokens_per_day', tokensLeft);
		if (!(amount.dollars <= dollarsLeft)) return exhausted('dollars_per_month', dollarsLeft);
		this.#add({ ...amount, day, month });
		this.#reservations.set(who.request_id, { ...amount, day, month });
		return { effect: 'reserved' };
	};
	readonly settle: BudgetPort['settle'] = async ({ request_id }, used) => {
		const held = this.#reservations.get(request_id);
		this.#settled.set(request_id, true);
		this.#reservations.delete(request_id);
		if (held === undefined) return;
		const { day, month } = held;
		this.#add({ tokens: used.tokens - held.tokens, dollars: used.dollars - held.dollars, day, month });
	};
	readonly takeRate: BudgetPort['takeRate'] = async ({ org_id, sandbox_id }, kind, per_minute, now) => {
		const minute = Math.floor(now / 60_000);
		const name = `${org_id}/${sandbox_id}/${kind}`;
		const held = this.#minutes.get(name);
		// A clock that was set back opens no minute anew.
		const current = held !== undefined && held.minute >= minute ? held : { minute, count: 0 };
		if (current.count >= per_minute) return { effect: 'exceeded', retry_after_ms: (current.minute + 1) * 60_000 - now };
		current.count += 1;
		this.#minutes.set(name, current);
		return { effect: 'taken' };
	};

	/** What counts against the ceilings of a sandbox: what was used, and what is reserved. */
	used({ org_id, sandbox_id }: Who, now: number): Amount {
		const day = `${org_id}/${sandbox_id}/${new Date(now).toISOString().slice(0, 10)}`;
		return { tokens: this.#of(day).tokens, dollars: this.#of(day.slice(0, -3)).dollars };
	}
	/** Reservations that nobody settled. */
	get open(): number {
		return this.#reservations.size;
	}

	#of(period: string): Amount {
		return this.#used.get(period) ?? { tokens: 0, dollars: 0 };
	}
	#add({ tokens, dollars, day, month }: Amount & { readonly day: string; readonly month: string }): void {
		for (const period of [day, month]) {
			const held = this.#of(period);
			this.#used.set(period, { tokens: held.tokens + tokens, dollars: held.dollars + dollars });
		}
	}
}

function exhausted(which: 'tokens_per_day' | 'dollars_per_month', left: number) {
	return { effect: 'exhausted', which, left } as const;
}
