import type { OrgId, SandboxId } from '@tappass/core';
import type { TrustedRoot } from '@tappass/trust';
import type { BoundPolicy, PolicyPort } from '../ports.ts';

/** Policies of sandboxes and roots of orgs, set by hand. */
export class MemoryPolicies implements PolicyPort {
	readonly #policies = new Map<string, BoundPolicy>();
	readonly #roots = new Map<string, TrustedRoot>();
	readonly #listeners = new Set<(org_id: OrgId, sandbox_id: SandboxId) => void>();

	readonly find = async (org_id: OrgId, sandbox_id: SandboxId): Promise<BoundPolicy | undefined> =>
		this.#policies.get(`${org_id}/${sandbox_id}`);
	readonly root = async (org_id: OrgId): Promise<TrustedRoot | undefined> => this.#roots.get(org_id);
	readonly onChange = (listener: (org_id: OrgId, sandbox_id: SandboxId) => void): (() => void) => {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	};

	/** Puts a policy in force, in place of whatever the sandbox had. */
	set(policy: BoundPolicy): void {
		this.#policies.set(`${policy.org_id}/${policy.sandbox_id}`, policy);
		this.tell(policy.org_id, policy.sandbox_id);
	}
	setRoot(root: TrustedRoot): void {
		this.#roots.set(root.document.org_id, root);
	}
	/** Tells the listeners that something about a sandbox changed. */
	tell(org_id: OrgId, sandbox_id: SandboxId): void {
		for (const listener of this.#listeners) listener(org_id, sandbox_id);
	}
}
