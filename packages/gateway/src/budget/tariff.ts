import type { Json } from '@tappass/core';
import type { Usage } from '../pipeline/admission.ts';
import type { ModelCall } from '../pipeline/call.ts';
import { isList, isRecord } from '../stream/json-value.ts';

/**
 * What is charged above the list price: a faster tier, fast answers, answers of one country, and what a cache keeps for an
 * hour, of which the usage itself says how much.
 */
export type Rate = 'priority' | 'fast' | 'us' | 'hour';

/** Times the list price, where no list says less: the most that any vendor's list says. */
const factors: Readonly<Record<Exclude<Rate, 'hour'>, number>> = { priority: 2.5, fast: 6, us: 1.1 };

/** Times the price of a prompt for what is kept for an hour. */
const hourFactor = 2;
/** The same as a part of what five minutes cost, for a price that was stated by hand. */
const hourOfWrite = 1.6;

/** Times the list price where a prompt is so long that vendors charge it as another product. */
export const longFactors = { prompt: 2, answer: 1.5 } as const;

/** Tiers that cost no more than the list says; one that is not among them is taken for a dear one. */
const plainTiers: ReadonlySet<string> = new Set([
	'auto',
	'batch',
	'default',
	'flex',
	'on_demand',
	'scale',
	'standard',
	'standard_only',
]);

/** What all of a call costs times the list price. */
export function factorOf(rates: readonly Rate[], priority: number | undefined): number {
	const factor = (rate: Rate): number =>
		rate === 'hour' ? 1 : rate === 'priority' ? (priority ?? factors.priority) : factors[rate];
	return rates.reduce((product, rate) => product * factor(rate), 1);
}

/** The price of a token that is kept for an hour. */
export function hourPrice({ input, cache_write }: { readonly input: number; readonly cache_write: number }): number {
	return Math.max(input * hourFactor, cache_write * hourOfWrite);
}

/** What an upstream of the OpenAI wires says of the tier that served; undefined: it does not say. */
export function ratesOfTier(tier: Json | undefined): readonly Rate[] | undefined {
	if (typeof tier !== 'string') return undefined;
	return plainTiers.has(tier) ? [] : ['priority'];
}

/** What a request asks for that costs more. */
export function ratesAsked({ wire, body }: ModelCall): readonly Rate[] {
	if (!isRecord(body)) return [];
	const rates = [...(ratesOfTier(body['service_tier']) ?? [])];
	if (wire !== 'anthropic-messages') return rates;
	if ((body['speed'] ?? 'standard') !== 'standard') rates.push('fast');
	if (keepsHours(body)) rates.push('hour');
	return rates;
}

/** What is charged: as the upstream says, and where it does not, as it was asked. Speed is told apart from the rest. */
export function ratesOf(call: ModelCall, { rates }: Usage): readonly Rate[] {
	const asked = ratesAsked(call);
	if (rates === undefined) return asked;
	return call.wire === 'anthropic-messages' ? [...new Set([...rates, ...asked])] : rates;
}

// The vendor takes the mark at the top, at the system, at tools and at any block.
function keepsHours(value: Json): boolean {
	if (isList(value)) return value.some(keepsHours);
	if (!isRecord(value)) return false;
	const { cache_control: control } = value;
	if (isRecord(control) && (control['ttl'] ?? '5m') !== '5m') return true;
	return Object.values(value).some((below) => typeof below === 'object' && keepsHours(below));
}
