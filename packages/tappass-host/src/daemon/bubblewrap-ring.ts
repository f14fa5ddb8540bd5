import { chmod, chown } from 'node:fs/promises';
import { startEgress } from '../egress/start-egress.ts';
import type { EgressSpan } from '../egress/types.ts';
import { delegatedCgroup } from '../launch/cgroup.ts';
import { agentEnvironment } from '../launch/environment.ts';
import { launchSandbox } from '../launch/launch-sandbox.ts';
import { prepareRunDirectory, sweepRuns } from '../launch/run-record.ts';
import { weaknesses } from '../launch/weaknesses.ts';
import type { KernelRing } from './kernel-ring.ts';

/** The kernel ring of this machine, made with bubblewrap. @param onSpan told of each request that left a sandbox */
export function bubblewrapRing(onSpan?: (span: EgressSpan) => void): KernelRing {
	let cgroup: Promise<string | undefined> | undefined;
	return {
		providers: ['bubblewrap'],
		sweep: async (root) => (await sweepRuns(root)).map(({ name }) => name),
		prepareRunDirectory: async (path, { gid }) => {
			await prepareRunDirectory(path);
			if (process.getuid?.() !== 0) return;
			// The socket in it stands for this sandbox: its own user comes this far, no other.
			await chown(path, 0, gid);
			await chmod(path, 0o710);
		},
		startEgress: (options) => startEgress({ ...options, ...(onSpan !== undefined && { onSpan }) }),
		launch: async (options) => {
			cgroup ??= delegatedCgroup();
			const group = await cgroup;
			const env = { ...agentEnvironment, ...options.env };
			return launchSandbox({ ...options, env, ...(group !== undefined && { cgroup: group }) });
		},
		weaknesses,
	};
}
