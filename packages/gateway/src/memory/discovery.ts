import type { OrgId, ToolFacts } from '@tappass/core';
import type { DiscoveryPort } from '../ports.ts';

type Found = Parameters<DiscoveryPort['report']>[1];

/** The review queue of one process. */
export class MemoryDiscovery implements DiscoveryPort {
	readonly #facts = new Map<string, ToolFacts>();
	readonly #pins = new Map<string, string>();
	readonly #queue = new Map<string, Found>();

	readonly facts: DiscoveryPort['facts'] = async (org_id, tool) => this.#facts.get(`${org_id}/${tool}`);
	readonly report: DiscoveryPort['report'] = async (org_id, found) => {
		this.#queue.set(`${org_id}/${found.tool}/${found.definition_sha256}`, found);
	};
	readonly pin: DiscoveryPort['pin'] = async (org_id, tool) => this.#pins.get(`${org_id}/${tool}`);
	readonly setPin: DiscoveryPort['setPin'] = async (org_id, tool, sha256) => {
		const held = this.#pins.get(`${org_id}/${tool}`) ?? sha256;
		this.#pins.set(`${org_id}/${tool}`, held);
		return held;
	};

	/** An operator's act. */
	approve(org_id: OrgId, facts: ToolFacts, sha256?: string): void {
		this.#facts.set(`${org_id}/${facts.name}`, facts);
		if (sha256 !== undefined) this.#pins.set(`${org_id}/${facts.name}`, sha256);
	}
	get queue(): readonly Found[] {
		return [...this.#queue.values()];
	}
}
