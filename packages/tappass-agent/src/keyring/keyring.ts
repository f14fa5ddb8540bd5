import { EventEmitter } from 'node:events';
import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import { type CompiledPolicy, canonicalJson, type Identity, instantMs, TapPassError } from '@tappass/core';
import { laterRoot, pinRoot, type TrustedRoot, type VerifiedKeyring, verifyKeyring } from '@tappass/trust';
import { agentLimits } from '../limits.ts';
import { readMounted } from './read-mounted.ts';

/** Where a keyring is, and how it is read. */
export interface KeyringOptions {
	/** The mounted directory; `TAPPASS_KEYRING`, else `/run/tappass`. */
	readonly directory?: string;
	/** Accept files that this process may write: for development outside a sandbox, where nothing protects them. */
	readonly allowWritable?: boolean;
	/** Milliseconds between looks, at most a second. */
	readonly pollMs?: number;
	/** Unix milliseconds. */
	readonly now?: () => number;
	/** Milliseconds of a clock that only runs forwards. */
	readonly monotonicMs?: () => number;
}

interface Held extends VerifiedKeyring {
	readonly root: TrustedRoot;
	readonly expires_ms: number;
	/** By the monotonic clock: a wall clock that is set back gains nothing. */
	readonly deadline_ms: number;
	/** The files it was read from. */
	readonly files: readonly [root: Buffer, keyring: Buffer];
}

interface Events {
	/** Another keyring is in force: freshness was renewed, or the policy changed. */
	change: [keyring: Keyring];
	/** Another policy is in force: what the broker showed of tools before may be wrong now. Told after `change`. */
	policy: [keyring: Keyring];
	/**
	 * What is on disk now is not believed. One that is merely not newer leaves the one before in force until its own end;
	 * one that cannot be read as a keyring at all leaves nothing.
	 */
	refused: [error: TapPassError];
}

/**
 * What was signed for this agent, verified here and kept up to date: signatures, freshness, and that it never goes back.
 * Reads only; there is nothing to ask for and nothing to write.
 */
export class Keyring extends EventEmitter<Events> {
	readonly directory: string;
	readonly #options: Required<Omit<KeyringOptions, 'directory'>>;
	readonly #stop: () => void;
	#held: Held;
	#refusal: string | undefined;
	/** Why nothing is in force, though something was. */
	#broken: TapPassError | undefined;
	#reading: Promise<void> | undefined;
	#again = false;

	private constructor(directory: string, options: Required<Omit<KeyringOptions, 'directory'>>, held: Held) {
		super();
		this.directory = directory;
		this.#options = options;
		this.#held = held;
		const watcher = watched(directory, () => void this.reload());
		const timer = setInterval(() => void this.reload(), options.pollMs).unref();
		this.#stop = () => {
			watcher?.close();
			clearInterval(timer);
		};
	}

	/**
	 * Reads and verifies the keyring that the host mounted, and goes on watching it.
	 * @throws {TapPassError} file_unreadable, and the code of the first check that fails
	 */
	static async load(options: KeyringOptions = {}): Promise<Keyring> {
		const directory = options.directory ?? process.env['TAPPASS_KEYRING'] ?? agentLimits.directory;
		const all = {
			allowWritable: options.allowWritable ?? false,
			pollMs: Math.min(options.pollMs ?? agentLimits.pollMs, 1_000),
			now: options.now ?? Date.now,
			monotonicMs: options.monotonicMs ?? (() => performance.now()),
		};
		return new Keyring(directory, all, await readHeld(directory, all, undefined));
	}

	/** Whom it is for. */
	get identity(): Identity {
		return this.#held.identity;
	}
	get epoch(): number {
		return this.#held.epoch;
	}
	get policy_version(): number {
		return this.#held.policy_version;
	}
	/** What the agent may do now, by Aspect. @throws {TapPassError} what `assertFresh` throws: nothing is allowed then */
	get compiled_policy(): CompiledPolicy {
		this.assertFresh();
		return this.#held.statement.compiled_policy;
	}
	/** The Runtime that the sandbox was rendered by. */
	get runtime_id(): string {
		return this.#held.identity.runtime_id;
	}
	get expires_at(): string {
		return this.#held.expires_at;
	}
	/** Milliseconds until nothing is allowed unless a newer one arrives; 0 when that is now. */
	get remaining_ms(): number {
		const { now, monotonicMs } = this.#options;
		return Math.max(0, Math.min(this.#held.expires_ms - now(), this.#held.deadline_ms - monotonicMs()));
	}

	/** @throws {TapPassError} keyring_expired; file_unreadable, payload_malformed while what is on disk is no keyring */
	assertFresh(): void {
		if (this.#broken !== undefined) throw this.#broken;
		if (this.remaining_ms > 0) return;
		throw new TapPassError('keyring_expired', {
			detail: `since ${this.#held.expires_at}`,
			hint: 'the host renews it; tappass-host status says why it does not',
		});
	}

	/** Looks at the files now. Never throws: what is not believed is told by `refused`. */
	async reload(): Promise<void> {
		this.#again = true;
		this.#reading ??= this.#readAll();
		await this.#reading;
	}

	/** Ends the watch. What is in force stays so until its end, and is renewed no more. */
	async close(): Promise<void> {
		this.#stop();
		this.removeAllListeners();
		await this.#reading;
	}

	/** Reads until nobody has asked meanwhile. */
	async #readAll(): Promise<void> {
		while (this.#again) {
			this.#again = false;
			await this.#readOnce();
		}
		this.#reading = undefined;
	}

	async #readOnce(): Promise<void> {
		const before = this.#held;
		const wasBroken = this.#broken !== undefined;
		try {
			this.#held = await readHeld(this.directory, this.#options, before);
		} catch (error) {
			this.#refuse(error instanceof TapPassError ? error : new TapPassError('internal', { cause: error }));
			return;
		}
		this.#refusal = undefined;
		this.#broken = undefined;
		const { epoch, policy_version, seq } = this.#held;
		if (epoch === before.epoch && seq === before.seq && !wasBroken) return;
		this.#tell('change', this);
		if (epoch !== before.epoch || policy_version !== before.policy_version) this.#tell('policy', this);
	}

	#refuse(error: TapPassError): void {
		if (leavesNothing.has(error.code)) this.#broken = error;
		// Said once for each cause, not with every look.
		if (this.#refusal === error.message) return;
		this.#refusal = error.message;
		this.#tell('refused', error);
	}

	/** A listener that throws is the agent's own fault, and is told as such; it must not end the watch. */
	#tell<Name extends keyof Events>(name: Name, ...what: Events[Name]): void {
		queueMicrotask(() => (this.emit as (name: string, ...what: unknown[]) => boolean).call(this, name, ...what));
	}
}

/**
 * The directory, since a file that is replaced leaves a watch behind. Undefined where the machine has no watch left to
 * give: the poll goes on, and covers what a watch misses as well.
 */
function watched(directory: string, look: () => void): FSWatcher | undefined {
	try {
		return watch(directory, { persistent: false }, look).on('error', () => {
			// The poll goes on.
		});
	} catch {
		// Somebody used up the watches; nothing is lost but half a second.
		return undefined;
	}
}

/** A host replaces whole files at once: what is cut off or unreadable is no moment in between, but somebody's work. */
const leavesNothing: ReadonlySet<string> = new Set([
	'file_unreadable',
	'payload_malformed',
	'payload_too_large',
	'json_malformed',
	'internal',
]);

/** The verified keyring on disk, or `before` when it is that very one. */
async function readHeld(
	directory: string,
	{ allowWritable, now, monotonicMs }: Pick<Required<KeyringOptions>, 'allowWritable' | 'now' | 'monotonicMs'>,
	before: Held | undefined,
): Promise<Held> {
	const root = await readMounted(join(directory, 'root.json'), allowWritable);
	const keyring = await readMounted(join(directory, 'keyring.json'), allowWritable);
	// Looked at twice a second, changed once a minute.
	if (before?.files[0].equals(root) === true && before.files[1].equals(keyring)) return before;
	const wall = now();
	const trusted = before === undefined ? pinRoot(root) : laterRoot(before.root, root);
	const verified = verifyKeyring({ keyring, root, now: wall });
	if (before !== undefined) {
		assertFollows(verified, before);
		// The same freshness beside other bytes, such as the next root document.
		if (verified.epoch === before.epoch && verified.seq === before.seq)
			return { ...before, files: [root, keyring], root: trusted };
	}
	const expires_ms = instantMs(verified.expires_at)!;
	return {
		...verified,
		statement: frozen(verified.statement),
		files: [root, keyring],
		root: trusted,
		expires_ms,
		deadline_ms: monotonicMs() + (expires_ms - wall),
	};
}

/** What this process once believed is never taken back: a copy of yesterday's files is refused. */
function assertFollows(next: VerifiedKeyring, before: Held): void {
	const { sandbox_id, org_id } = before.identity;
	if (next.identity.sandbox_id !== sandbox_id || next.identity.org_id !== org_id)
		throw new TapPassError('audience_mismatch', { detail: 'a keyring of another sandbox' });
	if (next.epoch < before.epoch)
		throw new TapPassError('epoch_mismatch', { detail: `${next.epoch}, had ${before.epoch}` });
	if (next.epoch > before.epoch) return;
	if (next.policy_version < before.policy_version)
		throw new TapPassError('version_rollback', { detail: `got ${next.policy_version}, have ${before.policy_version}` });
	if (next.policy_version === before.policy_version && !isSamePolicy(next, before))
		throw new TapPassError('version_conflict', { detail: `two policies are signed as version ${next.policy_version}` });
	if (next.seq < before.seq) throw new TapPassError('seq_replay', { detail: `got ${next.seq}, have ${before.seq}` });
}

function isSamePolicy(a: VerifiedKeyring, b: VerifiedKeyring): boolean {
	return canonicalJson(a.statement as never) === canonicalJson(b.statement as never);
}

/** All the way down: no part of the agent widens it for another by mistake. */
function frozen<T>(value: T): T {
	if (typeof value !== 'object' || value === null) return value;
	for (const item of Object.values(value)) frozen(item);
	return Object.freeze(value);
}
