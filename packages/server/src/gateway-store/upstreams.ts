import { type OrgId, TapPassError } from '@tappass/core';
import type { Route, UpstreamPort } from '@tappass/gateway';
import type { Selectable } from 'kysely';
import type { OrgKeys } from '../keys/org-keys.ts';
import type { UpstreamTable } from '../store/gateway-tables.ts';
import type { Batches } from './batch.ts';
import { isNamed, type ModelPrice, priceFrom } from './prices.ts';
import type { Registry } from './registry.ts';
import { useSecret } from './sealed.ts';

type Row = Pick<
	Selectable<UpstreamTable>,
	'name' | 'speaks' | 'base_url' | 'models' | 'region' | 'secret' | 'timeout_ms'
>;

/** Upstreams as rows; their credentials come out of the vault for the request that needs them, and stay nowhere. */
export class StoredUpstreams implements UpstreamPort {
	readonly #batches: Batches;
	readonly #registry: Registry;
	readonly #keys: OrgKeys;
	readonly #prices: readonly ModelPrice[];

	constructor(batches: Batches, registry: Registry, keys: OrgKeys, prices: readonly ModelPrice[]) {
		this.#batches = batches;
		this.#registry = registry;
		this.#keys = keys;
		this.#prices = prices;
	}

	readonly route: UpstreamPort['route'] = async (org_id, model, residency) => {
		const found = (await this.#list(org_id)).find(
			({ models, region }) =>
				models.some((pattern) => isNamed(pattern, model)) &&
				(residency === undefined || (region !== null && residency.includes(region))),
		);
		if (found === undefined) return undefined;
		const { name, speaks, base_url, timeout_ms } = found;
		return { upstream: name, speaks, base_url, timeout_ms, model };
	};

	readonly credential: UpstreamPort['credential'] = async (org_id, upstream) => {
		const found = (await this.#list(org_id)).find(({ name }) => name === upstream);
		if (found === undefined) throw new TapPassError('not_found', { detail: `no upstream ${upstream}` });
		const { secret, speaks } = found;
		if (secret === null) return {};
		const text = await this.#batches.run(org_id, (transaction) => useSecret(transaction, this.#keys, org_id, secret));
		return credentialHeaders(speaks, text);
	};

	readonly models: UpstreamPort['models'] = async (org_id) =>
		(await this.#list(org_id)).flatMap(({ models, name }) => models.map((id) => ({ id, upstream: name })));

	readonly price: UpstreamPort['price'] = async (org_id, model) => {
		const own = await this.#registry.read(org_id, 'prices', (transaction) =>
			transaction
				.selectFrom('model_prices')
				.select(['model', 'input', 'output', 'cache_read', 'cache_write'])
				.execute(),
		);
		return priceFrom(own, this.#prices, model);
	};

	#list(orgId: OrgId): Promise<readonly Row[]> {
		return this.#registry.read(orgId, 'upstreams', (transaction) =>
			transaction
				.selectFrom('upstreams')
				.select(['name', 'speaks', 'base_url', 'models', 'region', 'secret', 'timeout_ms'])
				.orderBy('position')
				.orderBy('name')
				.execute(),
		);
	}
}

/** The headers in which a vendor expects its credential. */
export function credentialHeaders(speaks: Route['speaks'], secret: string): Readonly<Record<string, string>> {
	if (speaks === 'anthropic') return { 'x-api-key': secret };
	if (speaks === 'google') return { 'x-goog-api-key': secret };
	return { authorization: `Bearer ${secret}` };
}
