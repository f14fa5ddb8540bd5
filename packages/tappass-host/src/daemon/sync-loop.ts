import { type ErrorCode, type Json, TapPassError } from '@tappass/core';
import type { Clock } from '../clock.ts';
import type { StreamEvent } from '../connection/event-reader.ts';
import type { OpenStream } from '../connection/host-plane.ts';
import { limits } from '../limits.ts';
import { asTapPassError } from './as-error.ts';

/** What the loop needs of the connection. */
export interface SyncSource {
	readonly get: (path: string) => Promise<Json>;
	readonly stream: (onEvent: (event: StreamEvent) => void) => Promise<OpenStream>;
}

export interface SyncLoopOptions {
	readonly source: SyncSource;
	readonly clock: Clock;
	/** Version of the root document that is held. */
	readonly rootVersion: () => number;
	/** Handed everything that came, one at a time: keyrings as they were sent, chains of roots. */
	readonly receive: (bytes: Uint8Array) => Promise<void>;
	/** All is fetched: the connection works. */
	readonly connected: () => void;
	/** The connection was refused or lost; retried unless the code is final. */
	readonly lost: (error: TapPassError) => void;
	/** 0 to 1. */
	readonly random: () => number;
}

/** No connection helps any more: an operator has ended the sandbox, or two hosts hold its identity. */
export const finalCodes: ReadonlySet<ErrorCode> = new Set(['sandbox_revoked', 'sandbox_locked']);

/**
 * Keeps one sandbox in step: a stream for what is new, a snapshot when it opens and every minute for what was missed.
 * Lost connections come back by themselves, with growing waits.
 */
export class SyncLoop {
	readonly #options: SyncLoopOptions;
	#stream: OpenStream | undefined;
	#stopped = false;
	#wake: (() => void) | undefined;
	#running: Promise<void> | undefined;
	#queue: Promise<void> = Promise.resolve();
	#fetching: Promise<void> | undefined;
	#next: Promise<void> | undefined;

	constructor(options: SyncLoopOptions) {
		this.#options = options;
	}

	/** Whether a stream is open. */
	get streaming(): boolean {
		return this.#stream !== undefined;
	}

	start(): void {
		this.#running ??= this.#run();
	}

	async stop(): Promise<void> {
		this.#stopped = true;
		this.#stream?.close();
		this.#wake?.();
		await this.#running;
	}

	/** Opens the stream anew, with the certificate that is shown now. */
	reopen(): void {
		this.#stream?.close();
		this.#wake?.();
	}

	/**
	 * Fetches all that is in force, root documents first. What is asked for while an answer is under way is asked once more
	 * after it: that answer may be from before.
	 * @throws {TapPassError} what `get` throws
	 */
	reconcile(): Promise<void> {
		const under = this.#fetching;
		if (under === undefined) {
			this.#fetching = this.#fetch().finally(() => {
				this.#fetching = undefined;
			});
			return this.#fetching;
		}
		this.#next ??= under
			.catch(() => undefined)
			.then(() => {
				this.#next = undefined;
				return this.reconcile();
			});
		return this.#next;
	}

	/** Handles something in its turn, between two payloads. */
	inTurn<T>(run: () => Promise<T>): Promise<T> {
		const turn = this.#queue.then(run);
		this.#queue = turn.then(
			() => undefined,
			() => undefined,
		);
		return turn;
	}

	async #run(): Promise<void> {
		let wait: number = limits.reconnectFirstMs;
		while (!this.#stopped) {
			const before = this.#options.clock.now().monotonic_ms;
			const error = await this.#session().catch(asTapPassError);
			if (this.#stopped) return;
			if (error !== undefined) this.#options.lost(error);
			if (error !== undefined && finalCodes.has(error.code)) return;
			const lasted = this.#options.clock.now().monotonic_ms - before;
			wait = lasted > limits.reconnectMaxMs ? limits.reconnectFirstMs : wait;
			await this.#sleep(wait * (0.5 + this.#options.random()));
			wait = Math.min(wait * 2, limits.reconnectMaxMs);
		}
	}

	/** One connection, until it ends. */
	async #session(): Promise<TapPassError | undefined> {
		let ended: TapPassError | undefined;
		const stream = await this.#options.source.stream((event) => {
			ended ??= this.#event(event);
			if (ended !== undefined) stream.close();
		});
		this.#stream = stream;
		const cancel = this.#everyMinute();
		try {
			if (this.#stopped) stream.close();
			else {
				await this.reconcile();
				this.#options.connected();
			}
			return (await stream.ended) ?? ended;
		} finally {
			cancel();
			stream.close();
			this.#stream = undefined;
		}
	}

	#everyMinute(): () => void {
		let cancel = (): void => undefined;
		const again = (): void => {
			cancel = this.#options.clock.after(limits.reconcileMs, () => {
				// A stream over which nothing can be fetched is of no use: it is opened anew, and that tells why.
				this.reconcile().then(
					() => this.#options.connected(),
					(error: unknown) => {
						this.#options.lost(asTapPassError(error));
						this.#stream?.close();
					},
				);
				again();
			});
		};
		again();
		return () => cancel();
	}

	/** @returns why the stream ends, if it does */
	#event({ data, event }: StreamEvent): TapPassError | undefined {
		if (event === 'keyring') void this.inTurn(() => this.#options.receive(data));
		else if (event === 'root') this.reconcile().catch(() => this.#stream?.close());
		else if (event === 'revoked') return this.#final(codeOf(data, 'sandbox_revoked'));
		else if (event === 'end') return this.#final(codeOf(data, 'server_unreachable'));
		return undefined;
	}

	// Told at once: what is in the queue behind a slow disk must not hold a revocation up.
	#final(error: TapPassError): TapPassError {
		if (finalCodes.has(error.code)) this.#options.lost(error);
		return error;
	}

	async #fetch(): Promise<void> {
		const answer = await this.#options.source.get(`/v1/sync/snapshot?root_version=${this.#options.rootVersion()}`);
		const { keyring, roots } = (answer ?? {}) as { readonly keyring?: Json; readonly roots?: Json };
		if (Array.isArray(roots) && roots.length > 0) await this.#take({ schema: 'tappass.root-chain/1', roots });
		if (keyring !== null && keyring !== undefined) await this.#take(keyring);
	}

	#take(document: Json): Promise<void> {
		const bytes = Buffer.from(JSON.stringify(document));
		return this.inTurn(() => this.#options.receive(bytes));
	}

	#sleep(ms: number): Promise<void> {
		const { promise, resolve } = Promise.withResolvers<void>();
		const cancel = this.#options.clock.after(ms, resolve);
		this.#wake = () => {
			cancel();
			resolve();
		};
		return promise;
	}
}

function codeOf(data: Buffer, otherwise: ErrorCode): TapPassError {
	const text = data.toString('utf8');
	const known = (['sandbox_locked', 'sandbox_revoked', 'certificate_expired', 'certificate_superseded'] as const).find(
		(code) => text.includes(`"${code}"`),
	);
	return new TapPassError(known ?? otherwise, known === undefined ? { detail: 'the server ended the stream' } : {});
}
