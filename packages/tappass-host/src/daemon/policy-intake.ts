import type { PolicyStatement } from '@tappass/trust';
import type { RunRequest } from '../state/documents.ts';
import type { AgentRun } from './agent-run.ts';
import { asTapPassError } from './as-error.ts';
import type { KernelWatch } from './kernel-watch.ts';
import type { PolicyInForce } from './policy-in-force.ts';
import type { SandboxLog } from './sandbox-log.ts';
import type { SandboxParts } from './sandbox-parts.ts';
import type { SandboxStanding } from './sandbox-standing.ts';

export interface PolicyIntakeOptions {
	readonly parts: () => SandboxParts;
	readonly agent: AgentRun;
	readonly policy: PolicyInForce;
	readonly standing: SandboxStanding;
	readonly kernel: KernelWatch;
	readonly log: SandboxLog;
	/** The proxy must look again. */
	readonly refreshEgress: () => void;
	/** Something that is shown has changed. */
	readonly changed: () => void;
	/** The control plane is to be told what is loaded. */
	readonly report: () => void;
}

/** The only way in for a policy: believed or not, then put in force, then followed by the agent. Calls must not overlap. */
export class PolicyIntake {
	readonly #options: PolicyIntakeOptions;

	constructor(options: PolicyIntakeOptions) {
		this.#options = options;
	}

	/** Handles one payload. */
	async receive(bytes: Uint8Array): Promise<void> {
		const { changed, log, parts, policy, refreshEgress, standing } = this.#options;
		const { loop, spool, store } = parts();
		// What was under way when the sandbox was ended comes too late.
		if (standing.isEnded) return;
		const receipt = await store.receive(bytes);
		if (standing.isEnded) {
			store.drop();
			return;
		}
		switch (receipt.kind) {
			case 'rejected': {
				const { alarm, code, detail, fields, refresh_root } = receipt.rejection;
				log('warn', 'a payload was refused', { code, alarm, detail });
				spool.add('sync_rejected', { code, ...fields });
				if (refresh_root) {
					store.spendRootRefresh();
					loop.reconcile().catch(() => undefined);
				}
				break;
			}
			case 'write_failed':
				policy.notStored(receipt.error);
				log('error', 'what was received could not be stored', receipt.error);
				break;
			case 'root':
				break;
			case 'keyring':
				standing.accepted(store.held!.freshness);
				await this.apply(store.held!.policy);
				break;
		}
		refreshEgress();
		changed();
	}

	/**
	 * Puts in force what was accepted, and has the agent follow.
	 * @param anew look at the machine again: an agent is about to be started
	 */
	async apply(statement: PolicyStatement, run?: RunRequest, anew = false): Promise<void> {
		const { agent, kernel, log, policy, report } = this.#options;
		const outcome = await policy.apply(statement, run ?? agent.run, anew);
		// Beside what follows: the agent is not left under an older policy while a program is looked at.
		if (outcome.kind !== 'unchanged') void kernel.look();
		switch (outcome.kind) {
			case 'unchanged':
				return;
			case 'loaded':
				log('info', 'policy loaded', { policy_version: statement.policy_version });
				if (outcome.restart && agent.isRunning) this.#restart(statement);
				agent.resumeHeld();
				break;
			case 'unwritten':
				log('error', 'the policy is in force but not on disk', outcome.error);
				break;
			case 'refused':
				log('error', 'the policy cannot be enforced here', outcome.error);
				agent.hold(outcome.error.message).catch(() => undefined);
		}
		report();
	}

	#restart({ runtime }: PolicyStatement): void {
		const { agent, kernel, log } = this.#options;
		const why =
			kernel.target?.network === 'theirs'
				? `the policy changed, and ${runtime.rings.kernel} takes no change while it runs`
				: 'filesystem, interpreter or Runtime changed';
		agent.restart(why).catch((error: unknown) => {
			log('error', 'the agent could not be restarted', asTapPassError(error));
		});
	}
}
