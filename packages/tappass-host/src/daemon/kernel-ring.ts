import type { Egress, EgressOptions } from '../egress/types.ts';
import type { Sandbox, SandboxOptions, Weakness } from '../launch/types.ts';

/** What the daemon asks of the kernel ring; the real one is `bubblewrapRing`. */
export interface KernelRing {
	/** Providers of the kernel ring that can be launched here. */
	readonly providers: readonly string[];
	/** Ends what a daemon that died left behind below `root`. @returns names of the sandboxes */
	readonly sweep: (root: string) => Promise<readonly string[]>;
	/** Makes the directory of one run, which the agent's user may pass through and not write to. */
	readonly prepareRunDirectory: (path: string, user: { readonly uid: number; readonly gid: number }) => Promise<void>;
	readonly startEgress: (options: EgressOptions) => Promise<Egress>;
	readonly launch: (options: SandboxOptions) => Promise<Sandbox>;
	/** What is weaker here than it could be. */
	readonly weaknesses: () => Promise<readonly Weakness[]>;
}
