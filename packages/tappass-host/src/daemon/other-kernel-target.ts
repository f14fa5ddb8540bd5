import { TapPassError } from '@tappass/core';
import { aroundNono, nonoHome } from '../launch/around-nono.ts';
import { type LaunchWithOptions, launchWith } from '../launch/launch-with.ts';
import { assertVersion, type OtherProgram, type OtherTarget, otherProgram } from '../launch/other-programs.ts';
import { makeOwnedDirectory } from '../launch/owned-directory.ts';
import type { Principal } from '../launch/reachable.ts';
import type { SandboxOptions } from '../launch/types.ts';
import { asTapPassError } from './as-error.ts';
import type { KernelTarget } from './kernel-ring.ts';

/** A kernel ring that another program makes; the daemon starts it, watches over it and ends it. */
export function otherKernelTarget(target: OtherTarget, path: string): KernelTarget {
	return {
		network: 'theirs',
		missing: (user) => triedProgram(target, path, user).then(() => undefined, asTapPassError),
		launch: async (options) => {
			const { keyringDirectory, uid, gid, workspaceHost } = options;
			if (workspaceHost === undefined) throw new TapPassError('internal', { detail: `${target} needs a workspace` });
			const { program } = await triedProgram(target, path, { uid, gid });
			const start = await startOf[target]({ ...options, workspaceHost }, program);
			const keyring = keyringDirectory === null ? {} : { TAPPASS_KEYRING: keyringDirectory };
			const sandbox = await launchWith(target, {
				...options,
				...start,
				workspaceHost,
				env: { HOME: start.home, ...keyring, ...options.env },
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

async function triedProgram(target: OtherTarget, path: string, user: Principal): Promise<OtherProgram> {
	const found = await otherProgram(target, path, user);
	await assertVersion(target, found, user);
	return found;
}

/** How a target's program is started. */
interface Start extends Pick<LaunchWithOptions, 'program' | 'rehearsal'> {
	/** `HOME` of the program; the agent's too, where its profile says nothing else. */
	readonly home: string;
}

type StartOf = (
	options: SandboxOptions & { readonly workspaceHost: string },
	program: readonly [string, ...string[]],
) => Promise<Start>;

const startOf: Readonly<Record<OtherTarget, StartOf>> = {
	'sandbox-runtime': async ({ gid, rendered, uid, workspaceHost }, program) => {
		// Where it puts the sockets of its proxies.
		const sockets = rendered.env['TMPDIR'];
		if (sockets !== undefined) await makeOwnedDirectory(sockets, { uid, gid });
		return { program, home: workspaceHost };
	},
	nono: async (options, [nono]) => ({
		program: aroundNono({ ...options, nono }),
		rehearsal: ['--dry-run'],
		home: await nonoHome(options.runDirectory, options),
	}),
	openshell: async ({ workspaceHost }, program) => ({ program, home: workspaceHost }),
};
