import type { OrgId } from '@tappass/core';
import type { Notice } from '../events/notices.ts';
import type { Batches, Work } from './batch.ts';

interface Held {
	readonly value: Promise<unknown>;
	readonly until: number;
}

/**
 * What operators decide for an org (upstreams, servers, approved tools, clearances, keys), remembered for a few seconds and
 * forgotten at once when a replica says that it changed.
 */
export class Registry {
	readonly #batches: Batches;
	readonly #orgs = new Map<OrgId, Map<string, Held>>();

	constructor(batches: Batches) {
		this.#batches = batches;
	}

	/** @param name of what is loaded, unique in its org */
	read<T>(orgId: OrgId, name: string, load: Work<T>): Promise<T> {
		const org = this.#orgs.get(orgId) ?? new Map<string, Held>();
		this.#orgs.set(orgId, org);
		const now = performance.now();
		const held = org.get(name);
		if (held !== undefined && now < held.until) return held.value as Promise<T>;
		if (org.size >= entriesMax) org.clear();
		const value = this.#batches.run(orgId, load);
		org.set(name, { value, until: now + believedMs });
		// What could not be read is not remembered.
		value.catch(() => {
			if (org.get(name)?.value === value) org.delete(name);
		});
		return value;
	}

	forget(orgId: OrgId): void {
		this.#orgs.delete(orgId);
	}

	onNotice({ kind, org_id }: Notice): void {
		if (kind === 'registry' || kind === 'root') this.forget(org_id);
	}

	/** Notices may have been missed. */
	onGap(): void {
		this.#orgs.clear();
	}
}

const believedMs = 5_000;
const entriesMax = 10_000;
