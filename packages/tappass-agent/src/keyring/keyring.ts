import { EventEmitter } from 'node:events';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { type CompiledPolicy, canonicalJson, type Identity, instantMs, TapPassError } from '@tappass/core';
import { pinRoot, type VerifiedKeyring, verifyKeyring } from '@tappass/trust';
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
	readonly root_version: number;
	readonly expires_ms: number;
	/** By the monotonic clock: a wall clock that is set back gains nothing. */
	readonly deadline_ms: number;
	/** The files it was read from. */
	readonly files: readonly [root: Buffer, keyring: Buffer];
}

interface Events {
	/** Another keyring is in force: freshness was renewed, or the policy changed. */
	change: [keyring: Keyring];
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
		// The directory, since a file that is replaced leaves a watch behind; and a poll, since watches miss events.
		const watcher = watch(directory, { persistent: false }, () => void this.reload());
		watcher.on('error', () => {
			// The poll goes on.
		});
		const timer = setInterval(() => void this.reload(), options.pollMs).unref();
		this.#stop = () => {
			watcher.close();
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
	/** What the agent may do, by Aspect. */
	get compiled_policy(): CompiledPolicy {
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
		if (this.#reading !== undefined) {
			this.#again = true;
			return this.#reading;
		}
		this.#reading = this.#readOnce();
		await this.#reading;
		this.#reading = undefined;
		if (this.#again) {
			this.#again = false;
			await this.reload();
		}
	}

	/** Ends the watch. */
	async close(): Promise<void> {
		this.#stop();
		await this.#reading;
		this.removeAllListeners();
	}

	async #readOnce(): Promise<void> {
		try {
			const next = await readHeld(this.directory, this.#options, this.#held);
			this.#refusal = undefined;
			this.#broken = undefined;
			if (next === this.#held) return;
			this.#held = next;
			this.emit('change', this);
		} catch (error) {
			const told = error instanceof TapPassError ? error : new TapPassError('internal', { cause: error });
			if (leavesNothing.has(told.code)) this.#broken = told;
			// Said once for each cause, not with every look.
			if (this.#refusal === told.message) return;
			this.#refusal = told.message;
			this.emit('refused', told);
		}
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
	const verified = verifyKeyring({ keyring, root, now: wall });
	const root_version = pinRoot(root).document.version;
	if (before !== undefined) {
		assertFollows({ ...verified, root_version }, before);
		if (verified.epoch === before.epoch && verified.seq === before.seq) return before;
	}
	const expires_ms = instantMs(verified.expires_at)!;
	return {
		...verified,
		files: [root, keyring],
		root_version,
		expires_ms,
		deadline_ms: monotonicMs() + (expires_ms - wall),
	};
}

/** What this process once believed is never taken back: a copy of yesterday's files is refused. */
function assertFollows(next: VerifiedKeyring & { readonly root_version: number }, before: Held): void {
	const { sandbox_id, org_id } = before.identity;
	if (next.identity.sandbox_id !== sandbox_id || next.identity.org_id !== org_id)
		throw new TapPassError('audience_mismatch', { detail: 'a keyring of another sandbox' });
	if (next.root_version < before.root_version) throw new TapPassError('root_rollback');
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
