import { join } from 'node:path';
import { TapPassError } from '@tappass/core';
import type { Freshness, PolicyStatement } from '@tappass/trust';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Denial, EgressPolicy, PlaneDoor } from '../egress/types.ts';
import { assertKeyringDirectory } from '../launch/keyring-mount.ts';
import type { Exhausted, SandboxExit, Spawnable } from '../launch/types.ts';
import { limits } from '../limits.ts';
import { documentText, enrolmentSchema, type RunRequest, readDocument, runRequestSchema } from '../state/documents.ts';
import type { Files } from '../state/files.ts';
import type { SandboxPlaces } from '../state/places.ts';
import { AgentRun, type Launched } from './agent-run.ts';
import { afterMs, openSession } from './agent-session.ts';
import { coalesced } from './coalesced.ts';
import { denialBody, type EventPlace, exhaustionBody } from './host-events.ts';
import type { KernelRing, KernelTarget } from './kernel-ring.ts';
import { KernelWatch } from './kernel-watch.ts';
import { launchAgent } from './launch-agent.ts';
import { withNextStep } from './next-step.ts';
import { PolicyInForce } from './policy-in-force.ts';
import { goodPostures, type Standing, standingOf } from './posture.ts';
import { openParts, type SandboxParts } from './sandbox-parts.ts';
import { type SandboxFacts, sandboxView, statusReport } from './sandbox-view.ts';
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
	#parts: SandboxParts | undefined;
	readonly #policy: PolicyInForce;
	/** Why it could not be opened; it denies everything then. */
	#fault: TapPassError | undefined;
	/** An operator ended it, or two hosts hold it. */
	#ended: TapPassError | undefined;
	#lost: TapPassError | undefined;
	#acceptedAt: number | undefined;
	#serverAheadMs = 0;
	/** Of the last keyring before a revocation: with them the gateway says so itself, for as long as they last. */
	#last: Freshness | undefined;
	#shown = '';
	/** Tells the control plane what is loaded; what changes meanwhile is told after. */
	readonly #report: () => void;
	#refreshEgress: (() => void) | undefined;
	readonly #kernel: KernelWatch;

	constructor(options: GovernedSandboxOptions) {
		this.#options = options;
		const { files, path, places, user } = options;
		this.#policy = new PolicyInForce({ files, path, places, user, changed: () => this.#refreshEgress?.() });
		this.#report = coalesced(async () => {
			if (this.#ended !== undefined || this.#parts === undefined) return;
			const { plane, store } = this.#parts;
			await plane.post('/v1/sync/status', 200, statusReport(this.#facts(), store.held?.policy_sha256));
		});
		this.#kernel = new KernelWatch(user, () => {
			this.#changed();
			this.#report();
		});
		this.agent = new AgentRun({
			clock: options.clock,
			launch: (run, onExit) => this.#launch(run, onExit),
			persist: (run) => files.write(places.run, documentText(run)),
			changed: () => this.#changed(),
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
			this.#fault = asTapPassError(error);
			this.#log('error', 'the state of a sandbox cannot be believed', this.#fault);
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
		this.#kernel.tick(this.#holder, this.#options.clock.now().monotonic_ms);
		if (posture !== this.#shown) {
			this.#shown = posture;
			this.#refreshEgress?.();
			this.#changed();
			this.#report();
		}
		if (this.#ended === undefined) this.#parts?.certificate.tick();
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
		const { store } = this.#parts ?? {};
		return standingOf({
			now: this.#options.clock.now(),
			fault: this.#fault,
			ended: this.#ended,
			lost: this.#lost,
			believed:
				store === undefined
					? undefined
					: { state: store.state, remainingMs: store.remaining(), quarantined: store.quarantined },
			acceptedAt: this.#acceptedAt,
			policy: this.#policy,
			serverAheadMs: this.#serverAheadMs,
		});
	}

	/** What the egress proxy may let through now; the same object while nothing changed. */
	egressPolicy(): EgressPolicy | null {
		const { posture } = this.posture();
		if (goodPostures.has(posture)) return this.#policy.egress;
		return posture === 'revoked' && this.#lastToken('gateway') !== undefined ? planeAlone : null;
	}

	/** The token in force for a door of the agent plane. */
	token(door: PlaneDoor): string | undefined {
		if (this.#ended !== undefined) return this.#lastToken(door);
		const { store } = this.#parts ?? {};
		if (store === undefined || store.remaining() <= 0 || store.held === null) return undefined;
		return tokenOf(store.held.freshness, door);
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
			serverAhead: (ms) => {
				this.#serverAheadMs = ms;
			},
			receive: (bytes) => this.#receive(bytes),
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

	/** Handles one payload: believed or not, it is the only way in. */
	async #receive(bytes: Uint8Array): Promise<void> {
		const { loop, store } = this.#parts!;
		// What was under way when the sandbox was ended comes too late.
		if (this.#ended !== undefined) return;
		const receipt = await store.receive(bytes);
		if (this.#ended !== undefined) {
			store.drop();
			return;
		}
		switch (receipt.kind) {
			case 'rejected': {
				const { alarm, code, detail, fields, refresh_root } = receipt.rejection;
				this.#log('warn', 'a payload was refused', { code, alarm, detail });
				this.#parts!.spool.add('sync_rejected', { code, ...fields });
				if (refresh_root) {
					store.spendRootRefresh();
					loop.reconcile().catch(() => undefined);
				}
				break;
			}
			case 'write_failed':
				this.#policy.notStored(receipt.error);
				this.#log('error', 'what was received could not be stored', receipt.error);
				break;
			case 'root':
				break;
			case 'keyring':
				this.#acceptedAt = this.#options.clock.now().monotonic_ms;
				this.#last = store.held!.freshness;
				await this.#apply(store.held!.policy);
				break;
		}
		this.#refreshEgress?.();
		this.#changed();
	}

	/** Puts in force what was accepted, and has the agent follow. */
	async #apply(statement: PolicyStatement, run = this.agent.run, anew = false): Promise<void> {
		const outcome = await this.#policy.apply(statement, run, anew);
		// Beside what follows: the agent is not left under an older policy while a program is looked at.
		if (outcome.kind !== 'unchanged') void this.#kernel.look(this.#holder);
		switch (outcome.kind) {
			case 'unchanged':
				return;
			case 'loaded':
				this.#log('info', 'policy loaded', { policy_version: statement.policy_version });
				if (outcome.restart && this.agent.isRunning) {
					const why =
						this.#holder?.network === 'theirs'
							? `the policy changed, and ${statement.runtime.rings.kernel} takes no change while it runs`
							: 'filesystem, interpreter or Runtime changed';
					this.agent.restart(why).catch((error: unknown) => {
						this.#log('error', 'the agent could not be restarted', asTapPassError(error));
					});
				}
				this.agent.resumeHeld();
				break;
			case 'unwritten':
				this.#log('error', 'the policy is in force but not on disk', outcome.error);
				break;
			case 'refused':
				this.#log('error', 'the policy cannot be enforced here', outcome.error);
				this.agent.hold(outcome.error.message).catch(() => undefined);
		}
		this.#report();
	}

	async #launch(run: RunRequest, onExit: (exit: SandboxExit) => void): Promise<Launched> {
		const { files, log, places, ring, runtime, user } = this.#options;
		await assertKeyringDirectory(places.keyringDirectory);
		await this.#untilGood();
		const { loop, plane } = this.#parts!;
		const session = await openSession(plane, run.agent);
		try {
			await loop.inTurn(async () => {
				await this.#receive(session.keyring);
				const held = this.#parts!.store.held;
				if (held !== null) await this.#apply(held.policy, run, true);
			});
			const { error } = this.posture();
			if (this.egressPolicy() === null) throw error ?? new TapPassError('keyring_expired');
			const applied = this.#policy.applied!;
			const launched = await launchAgent({
				name: this.name,
				run,
				applied,
				agentPlaneUrl: applied.statement.agent_plane_url,
				ring,
				files,
				user,
				directory: join(runtime, this.name),
				places,
				policy: () => this.egressPolicy(),
				token: (door) => this.token(door),
				onDenied: (denial) => this.denied(denial),
				onExhausted: (what) => this.#exhausted(what),
				onExit,
				log,
			});
			this.#refreshEgress = launched.refreshEgress;
			this.#policy.harnessDirectory = launched.harnessDirectory;
			return {
				sandbox: launched.sandbox,
				session_id: session.session_id,
				release: async () => {
					this.#refreshEgress = undefined;
					this.#policy.harnessDirectory = undefined;
					await launched.release();
					await session.close();
				},
			};
		} catch (error) {
			await session.close();
			throw error;
		}
	}

	/** Waits for the first keyring of a daemon that has just begun. @throws {TapPassError} why there is none */
	async #untilGood(): Promise<void> {
		const { clock } = this.#options;
		const until = performance.now() + limits.firstKeyringMs;
		for (;;) {
			const { error, posture } = this.posture();
			if (goodPostures.has(posture)) return;
			if (posture !== 'waiting' || performance.now() > until) throw error ?? new TapPassError('keyring_expired');
			await new Promise<void>((resolve) => void clock.after(50, resolve));
		}
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
		this.#lost = undefined;
		this.#report();
		void this.#parts!.spool.flush();
		this.#changed();
	}

	#disconnected(cause: TapPassError): void {
		const error = withNextStep(cause, this.name);
		this.#lost = error;
		if (finalCodes.has(error.code) && this.#ended === undefined) {
			this.#ended = error;
			this.#parts?.store.drop();
			this.#refreshEgress?.();
			this.#holdUnreached();
			this.#log('warn', 'the sandbox was ended by the control plane', error);
		} else if (!finalCodes.has(error.code)) this.#log('info', 'the connection was lost', error);
		this.#changed();
	}

	#lastToken(door: PlaneDoor): string | undefined {
		if (this.#ended?.code !== 'sandbox_revoked' || this.#last === undefined) return undefined;
		return Date.parse(this.#last.expires_at) > this.#options.clock.now().wall_ms
			? tokenOf(this.#last, door)
			: undefined;
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

	#log(
		level: 'info' | 'warn' | 'error',
		message: string,
		fields: TapPassError | Readonly<Record<string, unknown>>,
	): void {
		const told = fields instanceof TapPassError ? { code: fields.code, detail: fields.detail } : fields;
		this.#options.log[level]({ sandbox: this.name, ...told }, message);
	}
}

const planeAlone: EgressPolicy = { rules: { schema: 'tappass.egress-rules/1', allow: [], deny: [] }, cidrs: [] };

function tokenOf({ tokens }: Freshness, door: PlaneDoor): string {
	return door === 'gateway' ? tokens.gateway_token : tokens.mcp_session_token;
}

function asTapPassError(error: unknown): TapPassError {
	return error instanceof TapPassError ? error : new TapPassError('internal', { cause: error });
}
