import { join } from 'node:path';
import { type ErrorCode, instant, type Json, parseWith, TapPassError } from '@tappass/core';
import type { EgressRules } from '@tappass/providers';
import type { Freshness, PolicyStatement, RingStatus, SessionAnswer, StatusReport } from '@tappass/trust';
import type { Logger } from 'pino';
import { z } from 'zod';
import { capabilitiesOf } from '../apply/capabilities.ts';
import { probeHarnessFiles, writeHarnessFiles } from '../apply/harness-files.ts';
import { type Applied, assertEnforced, kernelOutput, needsRestart, renderRuntime } from '../apply/render-runtime.ts';
import { writeRendered } from '../apply/rendered-directory.ts';
import type { Clock } from '../clock.ts';
import { HostPlane } from '../connection/host-plane.ts';
import type { Denial, EgressPolicy, PlaneDoor } from '../egress/types.ts';
import type { SandboxExit, Spawnable } from '../launch/types.ts';
import { limits } from '../limits.ts';
import {
	type Credentials,
	credentialsSchema,
	documentText,
	type Enrolment,
	enrolmentSchema,
	type RunRequest,
	readDocument,
	runRequestSchema,
} from '../state/documents.ts';
import { type Files, sweepTemporaries } from '../state/files.ts';
import type { SandboxPlaces } from '../state/places.ts';
import { AgentRun, type Launched } from './agent-run.ts';
import { coalesced } from './coalesced.ts';
import { EventSpool } from './event-spool.ts';
import type { KernelRing } from './kernel-ring.ts';
import { KeyringStore } from './keyring-store.ts';
import { launchAgent } from './launch-agent.ts';
import { renewalTime, renewCertificate } from './renewal.ts';
import { finalCodes, SyncLoop } from './sync-loop.ts';
import type { Posture, SandboxView } from './view.ts';

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

/** What a sandbox that was opened works with. */
interface Parts {
	readonly enrolment: Enrolment;
	readonly store: KeyringStore;
	readonly plane: HostPlane;
	readonly loop: SyncLoop;
	readonly spool: EventSpool;
}

/**
 * One sandbox under the daemon: it keeps in step with the control plane, applies what it believes, supervises the agent and
 * reports. Nothing is let through that a keyring in force does not allow; `egressPolicy` is asked on every connection.
 */
export class GovernedSandbox {
	readonly agent: AgentRun;
	readonly #options: GovernedSandboxOptions;
	#parts: Parts | undefined;
	#credentials: Credentials | undefined;
	/** Why it could not be opened; it denies everything then. */
	#fault: TapPassError | undefined;
	/** An operator ended it, or two hosts hold it. */
	#ended: TapPassError | undefined;
	#applied: (Applied & { readonly egress: EgressPolicy | null }) | undefined;
	/** Why the newest policy is not enforced; everything is denied then. */
	#refusal: TapPassError | undefined;
	/** Why what is on disk is behind what is enforced. */
	#unwritten: TapPassError | undefined;
	#lost: TapPassError | undefined;
	#acceptedAt: number | undefined;
	#serverAheadMs = 0;
	/** Of the last keyring before a revocation: with them the gateway says so itself, for as long as they last. */
	#last: Freshness | undefined;
	#renewAt = 0;
	#renewing = false;
	#renewAfter = 0;
	#shown = '';
	/** Tells the control plane what is loaded; what changes meanwhile is told after. */
	readonly #report: () => void;
	#refreshEgress: (() => void) | undefined;
	#harnessDirectory: string | undefined;
	#workspace: string | undefined;

	constructor(options: GovernedSandboxOptions) {
		this.#options = options;
		this.#report = coalesced(async () => {
			if (this.#ended !== undefined) return;
			await this.#parts?.plane.post('/v1/sync/status', 200, this.#statusReport());
		});
		this.agent = new AgentRun({
			clock: options.clock,
			launch: (run, onExit) => this.#launch(run, onExit),
			persist: (run) => options.files.write(options.places.run, documentText(run)),
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
		if (posture !== this.#shown) {
			this.#shown = posture;
			this.#refreshEgress?.();
			this.#changed();
			this.#report();
		}
		this.#renewWhenDue();
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
	posture(): { readonly posture: Posture; readonly error?: TapPassError } {
		const error = this.#fault ?? this.#ended;
		if (error !== undefined) {
			const posture =
				error.code === 'sandbox_revoked' ? 'revoked' : error.code === 'sandbox_locked' ? 'locked' : 'failed';
			return { posture, error };
		}
		const { store } = this.#parts ?? {};
		if (store === undefined || this.#acceptedAt === undefined)
			return { posture: 'waiting', ...this.#connectionError() };
		if (store.remaining() <= 0) return { posture: 'denied', error: this.#expiry() };
		if (this.#refusal !== undefined) return { posture: 'denied', error: this.#refusal };
		if (store.quarantined) return { posture: 'quarantined', error: new TapPassError('version_conflict') };
		const age = this.#options.clock.now().monotonic_ms - this.#acceptedAt;
		if (age >= limits.staleMs) return { posture: 'stale', ...this.#connectionError() };
		return this.#unwritten === undefined ? { posture: 'fresh' } : { posture: 'fresh', error: this.#unwritten };
	}

	/** What the egress proxy may let through now; the same object while nothing changed. */
	egressPolicy(): EgressPolicy | null {
		const { posture } = this.posture();
		if (posture === 'fresh' || posture === 'stale' || posture === 'quarantined') return this.#applied?.egress ?? null;
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
		const { error, posture } = this.posture();
		const { enrolment, loop, spool, store } = this.#parts ?? {};
		const held = store?.held ?? null;
		const applied = this.#applied;
		const check = applied?.rendering.check;
		return {
			name: this.name,
			org_id: enrolment?.org_id ?? null,
			sandbox_id: enrolment?.sandbox_id ?? null,
			posture,
			code: error?.code ?? null,
			why: error?.message ?? null,
			connected: loop?.streaming ?? false,
			loaded_version: applied?.statement.policy_version ?? null,
			wanted_version: held?.policy.policy_version ?? applied?.statement.policy_version ?? null,
			epoch: applied?.statement.epoch ?? null,
			keyring_seconds_left: Math.floor((store?.remaining() ?? 0) / 1_000),
			runtime: applied?.statement.runtime.id ?? null,
			rings: this.#rings(posture),
			inactive: (check?.inactive ?? []).map(({ position, why }) => ({ position, why })),
			accepted_gaps: (check?.gaps ?? [])
				.filter(({ accepted, covered_by }) => accepted !== undefined && covered_by === undefined)
				.map(({ accepted, aspect, provider, value }) => ({
					rule: `${provider} ${aspect} ${value}`,
					reason: accepted!,
				})),
			agent: this.agent.view(),
			events_waiting: spool?.waiting ?? 0,
			certificate_expires_at: this.#credentials?.certificate.expires_at ?? null,
		};
	}

	/** Notes a denial of the kernel ring; it goes to the audit log. */
	denied({ address, at, code, count, host, port, reason }: Denial): void {
		const place = {
			...(host !== undefined && { host }),
			...(port !== undefined && { port }),
			...(address !== undefined && { address }),
		};
		const { statement } = this.#applied ?? {};
		const policy_version = statement?.policy_version ?? 0;
		const session_id = this.agent.view().session_id;
		const body = { code, reason: reason.slice(0, 500), ...place, count, policy_version, session_id, at: instant(at) };
		this.#parts?.spool.add('egress_denied', body);
	}

	async #open(): Promise<Parts> {
		const { clock, files, places, random } = this.#options;
		await sweepTemporaries(files, places.directory);
		await sweepTemporaries(files, places.keyringDirectory);
		await files.remove(join(places.directory, 'enrolling.json'));
		const enrolment = await needed(files, places.enrolment, enrolmentSchema);
		const credentials = await needed(files, places.credentials, credentialsSchema);
		const store = await KeyringStore.open({ files, places, enrolment, clock });
		this.#credentials = credentials;
		this.#renewAt = renewalTime(credentials, random());
		const plane = new HostPlane(enrolment, credentials, (serverMs) => {
			this.#serverAheadMs = serverMs - clock.now().wall_ms;
		});
		const spool = new EventSpool({
			files,
			path: places.spool,
			clock,
			send: async (events) => {
				await plane.post('/v1/sync/events', 200, { schema: 'tappass.events/1', events });
			},
		});
		await spool.open();
		const loop = new SyncLoop({
			source: { get: (path) => plane.get(path), stream: (onEvent) => plane.stream(onEvent) },
			clock,
			random,
			rootVersion: () => store.state.root.document.version,
			receive: (bytes) => this.#receive(bytes),
			connected: () => this.#connected(),
			lost: (error) => this.#disconnected(error),
		});
		return { enrolment, store, plane, loop, spool };
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
				this.#unwritten = receipt.error;
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

	/** Renders and puts in force what was accepted; the same policy again only when something is missing. */
	async #apply(statement: PolicyStatement, workspace = this.agent.run?.workspace): Promise<void> {
		const before = this.#applied;
		const isSame = before?.statement === statement && workspace === this.#workspace;
		if (isSame && this.#unwritten === undefined && this.#refusal === undefined) return;
		const { places, user } = this.#options;
		try {
			const ground = { ...user, workspace: workspace ?? join(places.directory, 'workspace'), path: this.#options.path };
			const rendering = renderRuntime(statement, await capabilitiesOf(statement, ground));
			assertEnforced(rendering);
			const after = { statement, rendering, egress: egressOf(statement, rendering) };
			this.#applied = after;
			this.#workspace = workspace;
			this.#refusal = undefined;
			this.#refreshEgress?.();
			await this.#store(after);
			this.#unwritten = undefined;
			if (before !== undefined && this.agent.isRunning && !isSame && needsRestart(before, after)) {
				this.agent.restart('filesystem, interpreter or Runtime changed').catch((error: unknown) => {
					this.#log('error', 'the agent could not be restarted', asTapPassError(error));
				});
			}
			this.agent.resumeHeld();
			this.#log('info', 'policy loaded', { policy_version: statement.policy_version });
		} catch (error) {
			this.#notApplied(asTapPassError(error));
		}
		this.#report();
	}
	#notApplied(error: TapPassError): void {
		this.#log('error', 'the policy is not in force', error);
		if (error.code === 'file_unwritable') {
			// The proxy has the new rules; what is read from disk is behind, and written again with the next keyring.
			this.#unwritten = error;
			return;
		}
		this.#refusal = error;
		this.#refreshEgress?.();
		this.agent.hold(error.message).catch(() => undefined);
	}

	async #store({ rendering, statement }: Applied): Promise<void> {
		const { files, places } = this.#options;
		await writeRendered(files, places.rendered, statement, rendering);
		if (this.#harnessDirectory === undefined) return;
		await writeHarnessFiles(files, this.#harnessDirectory, statement, rendering);
		const wrong = await probeHarnessFiles(files, this.#harnessDirectory, statement, rendering);
		if (wrong.length > 0)
			throw new TapPassError('runtime_unenforced', { detail: `not as rendered: ${wrong.join(', ')}` });
	}

	async #launch(run: RunRequest, onExit: (exit: SandboxExit) => void): Promise<Launched> {
		const { files, log, places, ring, runtime, user } = this.#options;
		await this.#untilGood();
		const { loop, plane } = this.#parts!;
		const detail = { agent: run.agent.slice(0, 200) };
		const answer = await plane.post('/v1/sync/sessions', 201, { schema: 'tappass.session/1', detail });
		const { keyring, session_id } = answer as unknown as SessionAnswer;
		const closeSession = async (): Promise<void> => {
			await plane.post(`/v1/sync/sessions/${session_id}/close`, 200, {}).catch(() => undefined);
		};
		try {
			await loop.inTurn(async () => {
				await this.#receive(Buffer.from(JSON.stringify(keyring)));
				await this.#apply(this.#parts!.store.held?.policy ?? this.#applied!.statement, run.workspace);
			});
			const { error } = this.posture();
			if (this.egressPolicy() === null) throw error ?? new TapPassError('keyring_expired');
			const applied = this.#applied!;
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
				onExit,
				log,
			});
			this.#refreshEgress = launched.refreshEgress;
			this.#harnessDirectory = launched.harnessDirectory;
			return {
				sandbox: launched.sandbox,
				session_id: String(session_id),
				release: async () => {
					this.#refreshEgress = undefined;
					this.#harnessDirectory = undefined;
					await launched.release();
					await Promise.race([closeSession(), afterMs(1_000)]);
				},
			};
		} catch (error) {
			await Promise.race([closeSession(), afterMs(1_000)]);
			throw error;
		}
	}

	/** Waits for the first keyring of a daemon that has just begun. @throws {TapPassError} why there is none */
	async #untilGood(): Promise<void> {
		const { clock } = this.#options;
		const until = performance.now() + limits.firstKeyringMs;
		for (;;) {
			const { error, posture } = this.posture();
			if (posture === 'fresh' || posture === 'stale' || posture === 'quarantined') return;
			if (posture !== 'waiting' || performance.now() > until) throw error ?? new TapPassError('keyring_expired');
			await new Promise<void>((resolve) => void clock.after(50, resolve));
		}
	}

	#connected(): void {
		this.#lost = undefined;
		this.#report();
		void this.#parts!.spool.flush();
		this.#changed();
	}

	#disconnected(error: TapPassError): void {
		this.#lost = error;
		if (finalCodes.has(error.code) && this.#ended === undefined) {
			this.#ended = error;
			this.#parts?.store.drop();
			this.#refreshEgress?.();
			this.#log('warn', 'the sandbox was ended by the control plane', error);
		} else if (!finalCodes.has(error.code)) this.#log('info', 'the connection was lost', error);
		this.#changed();
	}

	#expiry(): TapPassError {
		const { store } = this.#parts!;
		const { wall_ms } = this.#options.clock.now();
		const mark = store.state.floor === 'none' ? 0 : Date.parse(store.state.floor.issued_at_max);
		if (wall_ms < mark - limits.clockAheadMaxMs) {
			const hint = 'set the clock: the time that a signed statement proves has already passed';
			return new TapPassError('clock_regressed', { hint });
		}
		if (this.#serverAheadMs < -limits.clockAheadMaxMs) {
			const detail = `${Math.round(-this.#serverAheadMs / 1_000)} s ahead of the server`;
			return new TapPassError('clock_ahead', { detail, hint: 'set the clock: everything looks expired to it' });
		}
		const { detail } = this.#lost ?? {};
		return new TapPassError('keyring_expired', detail === undefined ? {} : { detail });
	}

	#connectionError(): { readonly error?: TapPassError } {
		// Nothing was believed yet, and the clock may be why.
		if (this.#serverAheadMs < -limits.clockAheadMaxMs) return { error: new TapPassError('clock_ahead') };
		return this.#lost === undefined ? {} : { error: this.#lost };
	}

	#lastToken(door: PlaneDoor): string | undefined {
		if (this.#ended?.code !== 'sandbox_revoked' || this.#last === undefined) return undefined;
		return Date.parse(this.#last.expires_at) > this.#options.clock.now().wall_ms
			? tokenOf(this.#last, door)
			: undefined;
	}

	#renewWhenDue(): void {
		const { files, clock, places, random } = this.#options;
		const { monotonic_ms, wall_ms } = clock.now();
		if (this.#renewing || this.#parts === undefined || this.#ended !== undefined) return;
		if (wall_ms < this.#renewAt || monotonic_ms < this.#renewAfter) return;
		const { loop, plane, store } = this.#parts;
		this.#renewing = true;
		renewCertificate({
			files,
			path: places.credentials,
			root: store.state.root,
			post: (path, status, body) => plane.post(path, status, body),
		})
			.then((credentials) => {
				this.#credentials = credentials;
				this.#renewAt = renewalTime(credentials, random());
				plane.use(credentials);
				loop.reopen();
				this.#log('info', 'certificate renewed', { generation: credentials.certificate.generation });
			})
			.catch((error: unknown) => {
				const told = asTapPassError(error);
				if (finalCodes.has(told.code)) this.#disconnected(told);
				this.#log('warn', 'the certificate could not be renewed', told);
				this.#renewAfter = clock.now().monotonic_ms + limits.reconnectMaxMs;
			})
			.finally(() => {
				this.#renewing = false;
			});
	}

	#statusReport(): StatusReport {
		const { error, posture } = this.posture();
		const view = this.agent.view();
		const applied = this.#refusal === undefined ? this.#applied : undefined;
		const sha256 = this.#parts?.store.held?.policy_sha256;
		const detail: { [key: string]: Json } = {
			posture,
			code: error?.code ?? null,
			agent: view.state,
			agent_why: view.why === null ? null : view.why.slice(0, 200),
			inactive: (applied?.rendering.check.inactive ?? []).map(({ position }) => position),
		};
		return {
			schema: 'tappass.status/1',
			epoch: applied?.statement.epoch ?? 0,
			policy_version: applied?.statement.policy_version ?? 0,
			policy_sha256: applied === undefined ? null : (sha256 ?? null),
			rings: this.#rings(posture),
			detail,
		};
	}

	#rings(posture: Posture): Readonly<Record<string, RingStatus>> {
		const applied = this.#applied;
		if (applied === undefined) return {};
		const { rings } = applied.statement.runtime;
		const { policy_version } = applied.statement;
		const state = ringState(posture, this.agent.state, this.#unwritten);
		return Object.fromEntries(
			Object.entries(rings).map(([ring, provider]) => [
				ring,
				{
					provider,
					state: provider === null ? 'inactive' : state,
					policy_version: provider === null ? 0 : policy_version,
				},
			]),
		);
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

const rulesSchema = z.object({
	schema: z.literal('tappass.egress-rules/1'),
	allow: z.array(z.string()),
	deny: z.array(z.string()),
}) as unknown as z.ZodType<EgressRules>;

function egressOf(statement: PolicyStatement, rendering: Applied['rendering']): EgressPolicy | null {
	const file = kernelOutput(statement, rendering)?.files.find(({ path }) => path === 'egress-rules.json');
	if (file === undefined) return null;
	const rules = parseWith(rulesSchema, JSON.parse(file.content), 'egress-rules.json');
	return Object.freeze({ rules, cidrs: statement.runtime.cidrs });
}

function ringState(posture: Posture, agent: string, unwritten: TapPassError | undefined): RingStatus['state'] {
	if (posture === 'stale') return 'stale';
	if (posture !== 'fresh' && posture !== 'quarantined') return 'denied';
	if (agent === 'restarting' || agent === 'starting') return 'restarting';
	return unwritten === undefined ? 'active' : 'failed';
}

function tokenOf({ tokens }: Freshness, door: PlaneDoor): string {
	return door === 'gateway' ? tokens.gateway_token : tokens.mcp_session_token;
}

async function needed<T>(files: Files, path: string, schema: z.ZodType<T>): Promise<T> {
	const found = await readDocument(files, path, schema);
	if (found !== undefined) return found;
	throw new TapPassError('state_unreadable' satisfies ErrorCode, { detail: `${path} is missing` });
}

function asTapPassError(error: unknown): TapPassError {
	return error instanceof TapPassError ? error : new TapPassError('internal', { cause: error });
}

function afterMs(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
