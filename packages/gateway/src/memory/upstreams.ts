import { type OrgId, TapPassError } from '@tappass/core';
import type { Price } from '../budget/estimate.ts';
import type { Route } from '../pipeline/admission.ts';
import type { McpServer, McpServerPort, UpstreamPort } from '../ports.ts';

/** A model that is served, by a pattern like those of `models.allow`. */
export interface ServedModel {
	readonly model: string;
	readonly route: Omit<Route, 'model'>;
	readonly regions?: readonly string[];
	readonly price?: Price;
}

/** Upstreams of one process; every org sees the same. */
export class MemoryUpstreams implements UpstreamPort {
	readonly #served: ServedModel[] = [];

	readonly route: UpstreamPort['route'] = async (_org_id, model, residency) => {
		const served = this.#served.find(
			(one) =>
				names(one.model, model) &&
				(residency === undefined || (one.regions ?? []).some((region) => residency.includes(region))),
		);
		if (served === undefined) return undefined;
		const { headers: _, ...route } = served.route;
		return { ...route, model };
	};
	readonly credential: UpstreamPort['credential'] = async (_org_id, upstream) => {
		const served = this.#served.find(({ route }) => route.upstream === upstream);
		if (served === undefined) throw new TapPassError('not_found', { detail: `no upstream ${upstream}` });
		return served.route.headers;
	};
	readonly models: UpstreamPort['models'] = async () =>
		this.#served.map(({ model, route }) => ({ id: model, upstream: route.upstream }));
	readonly price: UpstreamPort['price'] = async (_org_id, model) =>
		this.#served.find((one) => names(one.model, model))?.price;

	serve(model: ServedModel): void {
		this.#served.unshift(model);
	}
}

function names(pattern: string, model: string): boolean {
	return pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : pattern === model;
}

/** Registered MCP servers and the secrets they need, set by hand. */
export class MemoryMcpServers implements McpServerPort {
	readonly #servers = new Map<string, McpServer>();
	readonly #secrets = new Map<string, string>();

	readonly list: McpServerPort['list'] = async (org_id) =>
		[...this.#servers].filter(([key]) => key.startsWith(`${org_id}/`)).map(([, server]) => server);
	readonly secret: McpServerPort['secret'] = async (org_id, reference) => {
		const secret = this.#secrets.get(`${org_id} ${reference}`);
		if (secret === undefined) throw new TapPassError('not_found', { detail: reference });
		return secret;
	};

	register(org_id: OrgId, server: McpServer): void {
		this.#servers.set(`${org_id}/${server.name}`, server);
	}
	remove(org_id: OrgId, name: string): void {
		this.#servers.delete(`${org_id}/${name}`);
	}
	keep(org_id: OrgId, reference: string, secret: string): void {
		this.#secrets.set(`${org_id} ${reference}`, secret);
	}
}
