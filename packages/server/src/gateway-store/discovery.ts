import { canonicalJson } from '@tappass/core';
import type { DiscoveryPort } from '@tappass/gateway';
import { sql } from 'kysely';
import type { Audit } from '../audit-store/append.ts';
import { announce } from '../events/notices.ts';
import { storableJson, storableText } from '../store/storable.ts';
import type { Batches } from './batch.ts';
import type { Registry } from './registry.ts';

/** The review queue, approved tools and pins as rows. */
export class StoredDiscovery implements DiscoveryPort {
	readonly #batches: Batches;
	readonly #registry: Registry;
	readonly #audit: Audit;

	constructor(batches: Batches, registry: Registry, audit: Audit) {
		this.#batches = batches;
		this.#registry = registry;
		this.#audit = audit;
	}

	readonly facts: DiscoveryPort['facts'] = (org_id, tool) =>
		this.#registry.read(org_id, `facts ${tool}`, async (transaction) => {
			const row = await transaction
				.selectFrom('approved_tools')
				.select('facts')
				.where('tool', '=', tool)
				.executeTakeFirst();
			return row?.facts;
		});

	readonly report: DiscoveryPort['report'] = (org_id, found) =>
		this.#batches.run(org_id, async (transaction) => {
			const { tool, server, sandbox_id, kind, description } = found;
			const row = await transaction
				.insertInto('discovered_tools')
				.values({
					org_id,
					tool,
					server,
					sandbox_id,
					kind,
					description: storableText(description),
					definition_sha256: found.definition_sha256 ?? '',
					definition: storableJson(canonicalJson(found.definition)),
				})
				.onConflict((conflict) =>
					conflict
						.columns(['org_id', 'tool', 'definition_sha256'])
						.doUpdateSet({ seen: sql`discovered_tools.seen + 1`, last_seen: sql`now()` }),
				)
				.returning('seen')
				.executeTakeFirstOrThrow();
			if (row.seen > 1) return;
			const event = this.#audit.event({
				type: kind === 'changed' ? 'tool.changed' : 'tool.discovered',
				org_id,
				actor: sandbox_id === null ? { kind: 'server', id: 'broker' } : { kind: 'agent', id: sandbox_id },
				decision: 'block',
				...(sandbox_id === null ? {} : { sandbox_id }),
				payload: { tool, server, kind, definition_sha256: found.definition_sha256 },
			});
			await this.#audit.appendIn(transaction, [event]);
		});

	readonly pin: DiscoveryPort['pin'] = (org_id, tool) =>
		this.#registry.read(org_id, `pin ${tool}`, async (transaction) => {
			const row = await transaction
				.selectFrom('tool_pins')
				.select('sha256')
				.where('tool', '=', tool)
				.executeTakeFirst();
			return row?.sha256;
		});

	readonly setPin: DiscoveryPort['setPin'] = async (org_id, tool, sha256, definition) => {
		const pinned = await this.#batches.run(org_id, async (transaction) => {
			await transaction
				.insertInto('tool_pins')
				.values({ org_id, tool, sha256, definition: storableJson(canonicalJson(definition)) })
				.onConflict((conflict) => conflict.columns(['org_id', 'tool']).doNothing())
				.execute();
			await announce(transaction, { kind: 'registry', org_id, sandbox_ids: [] });
			return transaction.selectFrom('tool_pins').select('sha256').where('tool', '=', tool).executeTakeFirstOrThrow();
		});
		this.#registry.forget(org_id);
		return pinned.sha256;
	};
}
