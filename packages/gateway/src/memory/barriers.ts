import type { OrgId } from '@tappass/core';
import type { BarrierPort } from '../ports.ts';

type Levels = Readonly<Record<string, number>>;

/** Clearances and classifications, set by hand. */
export class MemoryBarriers implements BarrierPort {
	readonly #clearances = new Map<string, Levels>();
	readonly #classifications = new Map<string, Levels>();

	readonly clearance: BarrierPort['clearance'] = async (org_id, project, agent) =>
		this.#clearances.get(`${org_id}/${project}/${agent}`) ?? {};
	readonly classification: BarrierPort['classification'] = async (org_id, resource) =>
		this.#classifications.get(`${org_id} ${resource}`);

	clear(org_id: OrgId, project: string, agent: string, levels: Levels): void {
		this.#clearances.set(`${org_id}/${project}/${agent}`, levels);
	}
	classify(org_id: OrgId, resource: string, levels: Levels): void {
		this.#classifications.set(`${org_id} ${resource}`, levels);
	}
}
