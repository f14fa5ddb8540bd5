import type { BarrierPort } from '@tappass/gateway';
import type { Registry } from './registry.ts';

/** Clearances and classifications as rows. */
export class StoredBarriers implements BarrierPort {
	readonly #registry: Registry;

	constructor(registry: Registry) {
		this.#registry = registry;
	}

	readonly clearance: BarrierPort['clearance'] = (org_id, project, agent) =>
		this.#registry.read(org_id, `clearance ${project}/${agent}`, async (transaction) =>
			levelsOf(
				await transaction
					.selectFrom('clearances')
					.select(['framework', 'level'])
					.where('project', '=', project)
					.where('agent', '=', agent)
					.execute(),
			),
		);

	readonly classification: BarrierPort['classification'] = (org_id, resource) =>
		this.#registry.read(org_id, `classification ${resource}`, async (transaction) => {
			const rows = await transaction
				.selectFrom('classifications')
				.select(['framework', 'level'])
				.where('resource', '=', resource)
				.execute();
			return rows.length === 0 ? undefined : levelsOf(rows);
		});
}

function levelsOf(
	rows: readonly { readonly framework: string; readonly level: number }[],
): Readonly<Record<string, number>> {
	return Object.fromEntries(rows.map(({ framework, level }) => [framework, level]));
}
