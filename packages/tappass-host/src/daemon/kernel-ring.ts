import type { TapPassError } from '@tappass/core';
import type { Egress, EgressOptions } from '../egress/types.ts';
import type { Sandbox, SandboxOptions, Weakness } from '../launch/types.ts';

/** A sandbox as the daemon holds it, whichever program made it. */
export type HeldSandbox = Omit<Sandbox, 'innerPid'>;

/** What one Provider of the kernel ring is launched by. */
export interface KernelTarget {
	/**
	 * Who holds the network of a running agent. `ours`: the egress proxy, live. `theirs`: the program's own, as it was told at
	 * the start; a change of the policy starts the agent anew, and whatever ends the keyring ends the agent.
	 */
	readonly network: 'ours' | 'theirs';
	/** Why it cannot be launched on this machine; absent where `weaknesses` says it. */
	readonly missing?: (user: { readonly uid: number; readonly gid: number }) => Promise<TapPassError | undefined>;
	readonly launch: (options: SandboxOptions) => Promise<HeldSandbox>;
}

/** What the daemon asks of the kernel ring; the real one is `kernelRing`. */
export interface KernelRing {
	/** By Provider: what can be launched on this machine. */
	readonly targets: ReadonlyMap<string, KernelTarget>;
	/** Ends what a daemon that died left behind below `root`. @returns names of the sandboxes */
	readonly sweep: (root: string) => Promise<readonly string[]>;
	/** Makes the directory of one run, which the agent's user may pass through and not write to. */
	readonly prepareRunDirectory: (path: string, user: { readonly uid: number; readonly gid: number }) => Promise<void>;
	readonly startEgress: (options: EgressOptions) => Promise<Egress>;
	/** What is weaker here than it could be. */
	readonly weaknesses: () => Promise<readonly Weakness[]>;
}
