import { chmod, chown } from 'node:fs/promises';
import { startEgress } from '../egress/start-egress.ts';
import type { EgressSpan } from '../egress/types.ts';
import { delegatedCgroup } from '../launch/cgroup.ts';
import { agentEnvironment } from '../launch/environment.ts';
import { launchSandbox } from '../launch/launch-sandbox.ts';
import { otherTargets } from '../launch/other-programs.ts';
import { prepareRunDirectory, sweepRuns } from '../launch/run-record.ts';
import type { SandboxLimits } from '../launch/types.ts';
import { weaknesses } from '../launch/weaknesses.ts';
import type { KernelRing, KernelTarget } from './kernel-ring.ts';
import { otherKernelTarget } from './other-kernel-target.ts';

/**
 * The kernel ring of this machine: bubblewrap, and the other programs that a Runtime may name, which are looked for when an
 * agent is started.
 * @param path `PATH` in which the others are looked for
 * @param onSpan told of each request that left a sandbox
 * @param bounds lower than ours, as the host owner sets them
 */
export function thisKernelRing(
	path: string,
	onSpan?: (span: EgressSpan) => void,
	bounds: SandboxLimits = {},
): KernelRing {
	let given: Promise<string | undefined> | undefined;
	const cgroup = (): Promise<string | undefined> => {
		given ??= delegatedCgroup();
		return given;
	};
	const others = otherTargets.map((name): [string, KernelTarget] => [name, otherKernelTarget(name, path)]);
	return {
		targets: new Map([['bubblewrap', bubblewrap(bounds, cgroup)], ...others]),
		sweep: async (root) => (await sweepRuns(root)).map(({ name }) => name),
		prepareRunDirectory: async (directory, { gid }) => {
			await prepareRunDirectory(directory);
			if (process.getuid?.() !== 0) return;
			// The socket in it stands for this sandbox: its own user comes this far, no other.
			await chown(directory, 0, gid);
			await chmod(directory, 0o710);
		},
		startEgress: (options) => startEgress({ ...options, ...(onSpan !== undefined && { onSpan }) }),
		weaknesses: async () => weaknesses((await cgroup()) !== undefined),
	};
}

function bubblewrap(bounds: SandboxLimits, cgroup: () => Promise<string | undefined>): KernelTarget {
	return {
		network: 'ours',
		launch: async (options) => {
			const group = await cgroup();
			const env = { ...agentEnvironment, ...options.env };
			return launchSandbox({ ...options, env, limits: bounds, ...(group !== undefined && { cgroup: group }) });
		},
	};
}
