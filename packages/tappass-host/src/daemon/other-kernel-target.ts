import { TapPassError } from '@tappass/core';
import { launchWith } from '../launch/launch-with.ts';
import { type OtherTarget, otherProgram } from '../launch/other-programs.ts';
import { makeOwnedDirectory } from '../launch/owned-directory.ts';
import type { KernelTarget } from './kernel-ring.ts';

/** A kernel ring that another program makes; the daemon starts it, watches over it and ends it. */
export function otherKernelTarget(target: OtherTarget, path: string): KernelTarget {
	return {
		network: 'theirs',
		launch: async (options) => {
			const { keyringDirectory, rendered, uid, gid, workspaceHost } = options;
			if (workspaceHost === undefined) throw new TapPassError('internal', { detail: `${target} needs a workspace` });
			const { program } = await otherProgram(target, path, { uid, gid });
			// Where sandbox-runtime puts the sockets of its proxies.
			const sockets = rendered.env['TMPDIR'];
			if (sockets !== undefined) await makeOwnedDirectory(sockets, { uid, gid });
			const env = { HOME: workspaceHost, ...(keyringDirectory !== null && { TAPPASS_KEYRING: keyringDirectory }) };
			const sandbox = await launchWith(target, {
				...options,
				workspaceHost,
				program,
				env: { ...env, ...options.env },
			});
			return {
				...sandbox,
				enter: () => {
					throw new TapPassError('sandbox_failed', {
						detail: `${target} lets no second program into a sandbox that runs`,
						hint: 'use a Runtime with bubblewrap as kernel ring for a shell',
					});
				},
			};
		},
	};
}
