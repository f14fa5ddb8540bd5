import type { TapPassError } from '@tappass/core';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Denial, EgressPolicy, PlaneDoor } from '../egress/types.ts';
import type { Exhausted, Spawnable } from '../launch/types.ts';
import { documentText, enrolmentSchema, type RunRequest, readDocument, runRequestSchema } from '../state/documents.ts';
import type { Files } from '../state/files.ts';
import type { SandboxPlaces } from '../state/places.ts';
import { AgentRun } from './agent-run.ts';
import { afterMs } from './agent-session.ts';
import { asTapPassError } from './as-error.ts';
import { coalesced } from './coalesced.ts';
import { denialBody, type EventPlace, exhaustionBody } from './host-events.ts';
import type { KernelRing, KernelTarget } from './kernel-ring.ts';
import { KernelWatch } from './kernel-watch.ts';
import { withNextStep } from './next-step.ts';
import { PolicyInForce } from './policy-in-force.ts';
import { PolicyIntake } from './policy-intake.ts';
import { goodPostures, type Standing } from './posture.ts';
import { type SandboxLog, sandboxLog } from './sandbox-log.ts';
import { openParts, type SandboxParts } from './sandbox-parts.ts';
import { SandboxStanding } from './sandbox-standing.ts';
import { type SandboxFacts, sandboxView, statusReport } from './sandbox-view.ts';
import { startAgent } from './start-agent.ts';
import { finalCodes } from './sync-loop.ts';
import type { SandboxView } from './view.ts';

export interface GovernedSandboxOptions {
	readonly name: string;
	readonly places: SandboxPlaces;
	/** Directory for what lives as long as the daemon. */
	readonly runtime: string;
	readonly files: Files;
	readonly clock: Clock;
	readonly ring: KernelRing;
	readonly log: Logger;
	/** The agent's own user. */
	readonly user: { readonly uid: number; readonly gid: number };
	/** `PATH` in which programs are looked for. */
	readonly path: string;
	/** 0 to 1. */
	readonly random: () => number;
	/** Something that `view` shows has changed. */
	readonly changed: () => void;
}

/**
 * One sandbox under the daemon: it keeps in step with the control plane, applies what it believes, supervises the agent and
 * reports. Nothing is let through that a keyring in force does not allow; `egressPolicy` is asked on every connection.
 */
export class GovernedSandbox {
	readonly agent: AgentRun;
	readonly #options: GovernedSandboxOptions;
	readonly #log: SandboxLog;
	#parts: SandboxParts | undefined;
	readonly #policy: PolicyInForce;
	readonly #standing: SandboxStanding;
	readonly #kernel: KernelWatch;
	readonly #intake: PolicyIntake;
	/** Posture that was looked at last. */
	#shown = '';
	/** Tells the control plane what is loaded; what changes meanwhile is told after. */
	readonly #report: () => void;
	#refreshEgress: (() => void) | undefined;

	constructor(options: GovernedSandboxOptions) {
		this.#options = options;
		const { clock, files, path, places, user } = options;
		this.#log = sandboxLog(options.log, options.name);
		this.#policy = new PolicyInForce({ files, path, places, user, changed: () => this.#refreshEgress?.() });
		this.#standing = new SandboxStanding({ clock, policy: this.#policy, store: () => this.#parts?.store });
		this.#report = coalesced(async () => {
			if (this.#standing.isEnded || this.#parts === undefined) return;
			const { plane, store } = this.#parts;
			await plane.post('/v1/sync/status', 200, statusReport(this.#facts(), store.held?.policy_sha256));
		});
		this.#kernel = new KernelWatch({
			user,
			target: () => this.#holder,
			changed: () => {
				this.#changed();
				this.#report();
			},
		});
		this.agent = this.#agentRun();
		this.#intake = new PolicyIntake({
			parts: () => this.#parts!,
			agent: this.agent,
			policy: this.#policy,
			standing: this.#standing,
			kernel: this.#kernel,
			log: this.#log,
			refreshEgress: () => this.#refreshEgress?.(),
			changed: () => this.#changed(),
			report: this.#report,
		});
	}

	get name(): string {
		return this.#options.name;
	}

	/** Takes up what is on disk and begins to keep in step. Never throws: what cannot be believed denies, and is shown. */
	async open(): Promise<void> {
		try {
			this.#parts = await this.#open();
			this.#parts.loop.start();
			const run = await readDocument(this.#options.files, this.#options.places.run, runRequestSchema);
			if (run !== undefined) this.agent.resume(run);
		} catch (error) {
			const fault = asTapPassError(error);
			this.#standing.unbelievable(fault);
			this.#log('error', 'the state of a sandbox cannot be believed', fault);
		}
		this.#changed();
	}

	/** Whether what is on disk is still who this is: a sandbox may be enrolled anew under its name. */
	async isCurrent(): Promise<boolean> {
		const { files, places } = this.#options;
		const now = await readDocument(files, places.enrolment, enrolmentSchema).catch(() => undefined);
		// What could not be opened may have been mended since.
		const was = this.#parts?.enrolment;
		return was !== undefined && now?.sandbox_id === was.sandbox_id && now.enrolled_at === was.enrolled_at;
	}

	/** Ends everything of it that lives in this process; the next daemon takes up what was wanted. */
	async close(): Promise<void> {
		await this.agent.shutDown();
		if (this.#parts === undefined) return;
		const { loop, plane, spool } = this.#parts;
		await Promise.race([spool.flush(), afterMs(500)]);
		await loop.stop();
		await spool.close();
		plane.close();
	}

	/** Looks at the clocks: what has ended is acted on. */
	tick(): void {
		const posture = this.posture().posture;
		this.#holdUnreached();
		this.#kernel.tick(this.#options.clock.now().monotonic_ms);
		if (posture !== this.#shown) {
			this.#shown = posture;
			this.#refreshEgress?.();
			this.#changed();
			this.#report();
		}
		if (!this.#standing.isEnded) this.#parts?.certificate.tick();
	}

	/** Starts an agent. @throws {TapPassError} why it is not started */
	start(run: RunRequest): Promise<void> {
		return this.agent.start(run);
	}

	/** A shell or another program inside. @throws {TapPassError} not_found, keyring_expired */
	enter(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Spawnable {
		return this.agent.enter(command, args, env);
	}

	/** What may go through now, and why not more. */
	posture(): Standing {
		return this.#standing.now();
	}

	/** What the egress proxy may let through now; the same object while nothing changed. */
	egressPolicy(): EgressPolicy | null {
		return this.#standing.egressPolicy();
	}

	/** The token in force for a door of the agent plane. */
	token(door: PlaneDoor): string | undefined {
		return this.#standing.token(door);
	}

	view(): SandboxView {
		return sandboxView(this.#facts());
	}

	/** Notes a denial of the kernel ring; it goes to the audit log. */
	denied(denial: Denial): void {
		this.#parts?.spool.add('egress_denied', denialBody(denial, this.#eventPlace()));
	}

	/** Notes that the agent asked for more than its bounds give. */
	#exhausted(what: Exhausted): void {
		this.#parts?.spool.add('resource_denied', exhaustionBody(what, this.#eventPlace()));
		this.#log('warn', 'an agent met a bound', { what });
	}

	#eventPlace(): EventPlace {
		const policy_version = this.#policy.applied?.statement.policy_version ?? 0;
		return { policy_version, session_id: this.agent.view().session_id };
	}

	#open(): Promise<SandboxParts> {
		const { clock, files, places, random } = this.#options;
		return openParts({
			files,
			places,
			clock,
			random,
			serverAhead: (ms) => this.#standing.serverAhead(ms),
			receive: (bytes) => this.#intake.receive(bytes),
			connected: () => this.#connected(),
			lost: (error) => this.#disconnected(error),
			renewed: ({ certificate: { generation } }) => this.#log('info', 'certificate renewed', { generation }),
			renewalFailed: (error) => {
				const told = asTapPassError(error);
				if (finalCodes.has(told.code)) this.#disconnected(told);
				this.#log('warn', 'the certificate could not be renewed', told);
			},
		});
	}

	#agentRun(): AgentRun {
		const { clock, files, places } = this.#options;
		return new AgentRun({
			clock,
			launch: (run, onExit) =>
				startAgent(
					{
						...this.#options,
						parts: () => this.#parts!,
						policy: this.#policy,
						standing: this.#standing,
						intake: this.#intake,
						onDenied: (denial) => this.denied(denial),
						onExhausted: (what) => this.#exhausted(what),
						egressStarted: (refresh) => {
							this.#refreshEgress = refresh;
						},
					},
					run,
					onExit,
				),
			persist: (run) => files.write(places.run, documentText(run)),
			changed: () => this.#changed(),
		});
	}

	/** What holds the network of the agent. */
	get #holder(): KernelTarget | undefined {
		const { kernel } = this.#policy.applied?.statement.runtime.rings ?? {};
		return typeof kernel === 'string' ? this.#options.ring.targets.get(kernel) : undefined;
	}

	/** An agent whose network we do not hold cannot be cut off: it is ended for as long as nothing is allowed. */
	#holdUnreached(): void {
		if (this.#holder?.network !== 'theirs') return;
		const { error, posture } = this.posture();
		if (goodPostures.has(posture)) this.agent.resumeHeld();
		else if (this.agent.isRunning) this.agent.hold(error?.message ?? posture).catch(() => undefined);
	}

	#connected(): void {
		this.#standing.connected();
		this.#report();
		void this.#parts!.spool.flush();
		this.#changed();
	}

	#disconnected(cause: TapPassError): void {
		const error = withNextStep(cause, this.name);
		if (this.#standing.disconnected(error)) {
			this.#parts?.store.drop();
			this.#refreshEgress?.();
			this.#holdUnreached();
			this.#log('warn', 'the sandbox was ended by the control plane', error);
		} else if (!finalCodes.has(error.code)) this.#log('info', 'the connection was lost', error);
		this.#changed();
	}

	#facts(): SandboxFacts {
		const { error, posture } = this.posture();
		const { enrolment, loop, spool, store } = this.#parts ?? {};
		return {
			name: this.name,
			org_id: enrolment?.org_id ?? null,
			sandbox_id: enrolment?.sandbox_id ?? null,
			posture,
			error,
			connected: loop?.streaming ?? false,
			// What is refused leaves nothing in force.
			applied: this.#policy.refusal === undefined ? this.#policy.applied : undefined,
			accepted: store?.held?.policy.policy_version,
			remainingMs: store?.remaining() ?? 0,
			unwritten: this.#policy.unwritten !== undefined,
			network: this.#holder?.network ?? null,
			missing: this.#kernel.missing,
			agent: this.agent.view(),
			events_waiting: spool?.waiting ?? 0,
			certificate_expires_at: this.#parts?.certificate.credentials.certificate.expires_at ?? null,
		};
	}

	#changed(): void {
		this.#options.changed();
	}
}
