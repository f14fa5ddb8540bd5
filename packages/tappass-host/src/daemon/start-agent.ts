import { join } from 'node:path';
import { TapPassError } from '@tappass/core';
import type { Clock } from '../clock.ts';
import { assertKeyringDirectory } from '../launch/keyring-mount.ts';
import type { SandboxExit } from '../launch/types.ts';
import { limits } from '../limits.ts';
import type { RunRequest } from '../state/documents.ts';
import type { Launched } from './agent-run.ts';
import { openSession } from './agent-session.ts';
import { type LaunchAgentOptions, launchAgent } from './launch-agent.ts';
import type { PolicyInForce } from './policy-in-force.ts';
import type { PolicyIntake } from './policy-intake.ts';
import { goodPostures } from './posture.ts';
import type { SandboxParts } from './sandbox-parts.ts';
import type { SandboxStanding } from './sandbox-standing.ts';

export interface StartAgentOptions
	extends Pick<LaunchAgentOptions, 'name' | 'ring' | 'files' | 'user' | 'places' | 'log' | 'onDenied' | 'onExhausted'> {
	/** Directory for what lives as long as the daemon. */
	readonly runtime: string;
	readonly clock: Clock;
	readonly parts: () => SandboxParts;
	readonly policy: PolicyInForce;
	readonly standing: SandboxStanding;
	readonly intake: PolicyIntake;
	/** Handed how the proxy of the agent is made to look again, and nothing when the agent is gone. */
	readonly egressStarted: (refresh: (() => void) | undefined) => void;
}

/**
 * Starts an agent of one sandbox: in a session of its own, under the keyring that came with that, and never while nothing
 * may go through.
 * @throws {TapPassError} why it is not started
 */
export async function startAgent(
	options: StartAgentOptions,
	run: RunRequest,
	onExit: (exit: SandboxExit) => void,
): Promise<Launched> {
	const { egressStarted, name, policy, runtime, standing } = options;
	await assertKeyringDirectory(options.places.keyringDirectory);
	await untilGood(options);
	const session = await openSession(options.parts().plane, run.agent);
	try {
		await takeKeyring(options, session.keyring, run);
		const { error } = standing.now();
		if (standing.egressPolicy() === null) throw error ?? new TapPassError('keyring_expired');
		const applied = policy.applied!;
		const launched = await launchAgent({
			...options,
			run,
			applied,
			agentPlaneUrl: applied.statement.agent_plane_url,
			directory: join(runtime, name),
			policy: () => standing.egressPolicy(),
			token: (door) => standing.token(door),
			onExit,
		});
		egressStarted(launched.refreshEgress);
		policy.harnessDirectory = launched.harnessDirectory;
		return {
			sandbox: launched.sandbox,
			session_id: session.session_id,
			release: async () => {
				egressStarted(undefined);
				policy.harnessDirectory = undefined;
				await launched.release();
				await session.close();
			},
		};
	} catch (error) {
		await session.close();
		throw error;
	}
}

/** Believes, or not, the keyring that came with the session, and puts in force what is believed then. */
function takeKeyring({ intake, parts }: StartAgentOptions, keyring: Uint8Array, run: RunRequest): Promise<void> {
	const { loop, store } = parts();
	return loop.inTurn(async () => {
		await intake.receive(keyring);
		if (store.held !== null) await intake.apply(store.held.policy, run, true);
	});
}

/** Waits for the first keyring of a daemon that has just begun. @throws {TapPassError} why there is none */
async function untilGood({ clock, standing }: StartAgentOptions): Promise<void> {
	const until = performance.now() + limits.firstKeyringMs;
	for (;;) {
		const { error, posture } = standing.now();
		if (goodPostures.has(posture)) return;
		if (posture !== 'waiting' || performance.now() > until) throw error ?? new TapPassError('keyring_expired');
		await new Promise<void>((resolve) => void clock.after(50, resolve));
	}
}
