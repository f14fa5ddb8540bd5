import { instant, TapPassError } from '@tappass/core';
import type { Clock } from '../clock.ts';
import type { SandboxExit, Spawnable } from '../launch/types.ts';
import { limits } from '../limits.ts';
import type { RunRequest } from '../state/documents.ts';
import type { HeldSandbox } from './kernel-ring.ts';
import type { AgentState, AgentView } from './view.ts';

/** A launch that stands: the process, its session, and how all that came with it is taken down. */
export interface Launched {
	readonly sandbox: HeldSandbox;
	readonly session_id: string;
	readonly release: () => Promise<void>;
}

export interface AgentRunOptions {
	readonly clock: Clock;
	/** Opens a session, prepares and launches; `onExit` is called once when the agent has ended by itself or was killed. */
	readonly launch: (run: RunRequest, onExit: (exit: SandboxExit) => void) => Promise<Launched>;
	/** Keeps what is wanted, for the next daemon. */
	readonly persist: (run: RunRequest) => Promise<void>;
	readonly changed: () => void;
}

/**
 * Supervises the agent of one sandbox. One that fails comes back with growing waits; one that ends well is finished; one
 * that was stopped stays so. Everything happens in turn: a stop that comes during a start waits for it.
 */
export class AgentRun {
	readonly #options: AgentRunOptions;
	#run: RunRequest | undefined;
	#launched: Launched | undefined;
	#state: AgentState = 'none';
	#why: string | null = null;
	#since: number | undefined;
	#starts = 0;
	#failures = 0;
	/** How it ended last, and when it came back. */
	#ended: string | undefined;
	#cameBackMs = 0;
	#cancel: (() => void) | undefined;
	#turn: Promise<unknown> = Promise.resolve();

	constructor(options: AgentRunOptions) {
		this.#options = options;
	}

	get run(): RunRequest | undefined {
		return this.#run;
	}

	get isRunning(): boolean {
		return this.#launched !== undefined;
	}

	get state(): AgentState {
		return this.#state;
	}

	/** Starts it, or says why not. @throws {TapPassError} already_exists when another one runs; what `launch` throws */
	start(run: RunRequest): Promise<void> {
		return this.#inTurn(async () => {
			if (this.#launched !== undefined) {
				if (isSame(this.#run, run)) return;
				const hint = 'stop it first, or start it as it runs';
				throw new TapPassError('already_exists', { detail: `${this.#run?.agent} runs in this sandbox`, hint });
			}
			this.#cancel?.();
			this.#run = { ...run, wanted: true };
			this.#failures = 0;
			try {
				await this.#launch('starting');
			} catch (error) {
				// The person who asked is told, and asks again; only what once ran is brought back by itself.
				this.#run = { ...run, wanted: false };
				this.#set('stopped', said(error));
				throw error;
			}
			await this.#options.persist(this.#run);
		});
	}

	/** Brings back what an earlier daemon ran; failures are retried. */
	resume(run: RunRequest): void {
		this.#run = run;
		if (run.wanted) void this.#inTurn(() => this.#relaunch('starting'));
		else this.#set('stopped', null);
	}

	/** Ends it for good. */
	stop(why: string | null = null): Promise<void> {
		return this.#inTurn(async () => {
			this.#cancel?.();
			await this.#takeDown();
			if (this.#run === undefined) return;
			this.#run = { ...this.#run, wanted: false };
			this.#set('stopped', why);
			await this.#options.persist(this.#run);
		});
	}

	/** Ends it, and starts it again under what is in force now. */
	restart(why: string): Promise<void> {
		return this.#inTurn(async () => {
			if (this.#run === undefined) throw new TapPassError('not_found', { detail: 'no agent was started here' });
			this.#cancel?.();
			this.#run = { ...this.#run, wanted: true };
			this.#set('restarting', why);
			await this.#takeDown();
			await this.#relaunch('restarting');
		});
	}

	/** Ends it until the sandbox can run it again; `resumeHeld` brings it back. */
	hold(why: string): Promise<void> {
		return this.#inTurn(async () => {
			if (this.#run?.wanted !== true || this.#state === 'held') return;
			this.#cancel?.();
			await this.#takeDown();
			this.#set('held', why);
		});
	}

	resumeHeld(): void {
		if (this.#state === 'held') void this.#inTurn(() => this.#relaunch('restarting'));
	}

	/** Ends the process and leaves what is wanted as it is: the daemon goes, the next one brings it back. */
	shutDown(): Promise<void> {
		return this.#inTurn(async () => {
			this.#cancel?.();
			await this.#takeDown();
		});
	}

	/** How to start a second program inside. @throws {TapPassError} not_found when nothing runs */
	enter(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Spawnable {
		if (this.#launched !== undefined) return this.#launched.sandbox.enter(command, args, env);
		throw new TapPassError('not_found', { detail: 'no agent runs in this sandbox', hint: 'tappass-host start first' });
	}

	view(): AgentView {
		return {
			state: this.#state,
			agent: this.#run?.agent ?? null,
			pid: this.#launched?.sandbox.pid ?? null,
			since: this.#since === undefined ? null : instant(this.#since),
			starts: this.#starts,
			why: this.#isShaky()
				? `${this.#ended}, and came back; ended ${this.#failures} × without a minute in between`
				: this.#why,
			session_id: this.#launched?.session_id ?? null,
		};
	}

	// Running again says little of an agent that ends a moment after each start.
	#isShaky(): boolean {
		const ran = this.#options.clock.now().monotonic_ms - this.#cameBackMs;
		return this.#state === 'running' && this.#failures > 0 && ran <= limits.restartForgiveMs;
	}

	async #launch(state: AgentState): Promise<void> {
		const run = this.#run!;
		this.#set(state, this.#why);
		const startedAt = this.#options.clock.now().monotonic_ms;
		let mine: Launched | undefined;
		mine = await this.#options.launch(run, (exit) => {
			const ranMs = this.#options.clock.now().monotonic_ms - startedAt;
			// In its turn, so after this launch; one that was taken down meanwhile is no longer ours to judge.
			const judge = async (): Promise<void> => {
				if (mine !== undefined && this.#launched === mine) await this.#exited(exit, ranMs);
			};
			void this.#inTurn(judge);
		});
		this.#launched = mine;
		this.#starts += 1;
		this.#cameBackMs = startedAt;
		this.#set('running', null);
	}

	async #relaunch(state: AgentState): Promise<void> {
		if (this.#run?.wanted !== true || this.#launched !== undefined) return;
		await this.#launch(state).catch((error: unknown) => this.#again(said(error)));
	}

	async #exited({ code, signal, why }: SandboxExit, ranMs: number): Promise<void> {
		await this.#takeDown();
		if (code === 0) {
			this.#run = { ...this.#run!, wanted: false };
			this.#set('finished', 'it ended by itself, with code 0');
			await this.#options.persist(this.#run).catch(() => undefined);
			return;
		}
		if (ranMs > limits.restartForgiveMs) this.#failures = 0;
		this.#again(why === 'workspace_full' ? 'its workspace held more than it may' : `it ended with ${signal ?? code}`);
	}

	#again(why: string): void {
		const wait = Math.min(limits.restartFirstMs * 2 ** this.#failures, limits.restartMaxMs);
		this.#failures += 1;
		this.#ended = why;
		this.#set(
			'failing',
			`${why}; tried again ${this.#failures === 1 ? 'soon' : `after ${Math.round(wait / 1_000)} s`}`,
		);
		this.#cancel = this.#options.clock.after(wait, () => void this.#inTurn(() => this.#relaunch('restarting')));
	}

	async #takeDown(): Promise<void> {
		const launched = this.#launched;
		this.#launched = undefined;
		if (launched === undefined) return;
		await launched.sandbox.kill();
		await launched.release();
	}

	#set(state: AgentState, why: string | null): void {
		this.#state = state;
		this.#why = why;
		this.#since = this.#options.clock.now().wall_ms;
		this.#options.changed();
	}

	#inTurn<T>(run: () => Promise<T>): Promise<T> {
		const turn = this.#turn.then(run);
		this.#turn = turn.catch(() => undefined);
		return turn;
	}
}

function isSame(a: RunRequest | undefined, b: RunRequest): boolean {
	const key = ({ args, program, workspace }: RunRequest): string => JSON.stringify([program, args, workspace]);
	return a !== undefined && key(a) === key(b);
}

function said(error: unknown): string {
	return error instanceof TapPassError ? error.message : 'an unexpected fault';
}
