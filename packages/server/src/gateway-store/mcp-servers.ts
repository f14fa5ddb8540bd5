import { TapPassError } from '@tappass/core';
import type { McpServerPort } from '@tappass/gateway';
import type { OrgKeys } from '../keys/org-keys.ts';
import type { Batches } from './batch.ts';
import type { Registry } from './registry.ts';
import { useSecret } from './sealed.ts';

/** Registered MCP servers as rows. */
export class StoredMcpServers implements McpServerPort {
	readonly #batches: Batches;
	readonly #registry: Registry;
	readonly #keys: OrgKeys;

	constructor(batches: Batches, registry: Registry, keys: OrgKeys) {
		this.#batches = batches;
		this.#registry = registry;
		this.#keys = keys;
	}

	readonly list: McpServerPort['list'] = (org_id) =>
		this.#registry.read(org_id, 'mcp servers', (transaction) =>
			transaction
				.selectFrom('mcp_servers')
				.select(['name', 'transport', 'credentials', 'auto_approve', 'revision'])
				.orderBy('name')
				.execute(),
		);

	readonly secret: McpServerPort['secret'] = (org_id, reference) => {
		const name = /^vault:\/\/([A-Za-z0-9_.-]{1,64})$/.exec(reference)?.[1];
		if (name === undefined)
			return Promise.reject(new TapPassError('not_found', { detail: 'expected a reference like vault://name' }));
		return this.#batches.run(org_id, (transaction) => useSecret(transaction, this.#keys, org_id, name));
	};
}
