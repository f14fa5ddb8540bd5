import { canonicalBytes, type ErrorCode, type Json, parseJson, TapPassError } from '@tappass/core';
import {
	type Acceptance,
	createState,
	decide,
	type Held,
	parseFloor,
	pinRoot,
	type Rejection,
	remaining,
	type State,
	serializeFloor,
	spendRootRefresh,
} from '@tappass/trust';
import type { Clock } from '../clock.ts';
import type { Enrolment } from '../state/documents.ts';
import type { Files } from '../state/files.ts';
import type { SandboxPlaces } from '../state/places.ts';

/** What became of a payload. */
export type Receipt =
	| { readonly kind: 'keyring' | 'root' }
	| { readonly kind: 'rejected'; readonly rejection: Rejection }
	| { readonly kind: 'write_failed'; readonly error: TapPassError };

export interface KeyringStoreOptions {
	readonly files: Files;
	readonly places: SandboxPlaces;
	readonly enrolment: Enrolment;
	readonly clock: Clock;
}

/**
 * What one sandbox believes, in memory and on disk. The disk comes first, floor before keyring: whatever a crash cuts
 * short, the floor that is read back is never below the keyring.
 */
export class KeyringStore {
	readonly #options: KeyringStoreOptions;
	#state: State;
	#quarantined: boolean;

	private constructor(options: KeyringStoreOptions, state: State, quarantined: boolean) {
		this.#options = options;
		this.#state = state;
		this.#quarantined = quarantined;
	}

	/**
	 * Reads what is on disk. A missing floor is never a first run: enrolment has made one.
	 * @throws {TapPassError} floor_unreadable, state_unreadable, root_rollback, audience_mismatch
	 */
	static async open(options: KeyringStoreOptions): Promise<KeyringStore> {
		const { enrolment, files, places } = options;
		const [root, floor, quarantine] = await Promise.all([
			files.read(places.root),
			files.read(places.floor).catch((cause: unknown) => {
				throw new TapPassError('floor_unreadable', { detail: places.floor, cause });
			}),
			files.read(places.quarantine),
		]);
		if (floor === undefined) throw new TapPassError('floor_unreadable', { detail: `${places.floor} is missing` });
		const { org_id, sandbox_id } = enrolment;
		const state = createState({
			root: trusted(places.root, root),
			audience: { org_id, sandbox_id },
			floor: parseFloor(floor),
		});
		return new KeyringStore(options, state, quarantine !== undefined);
	}

	get state(): State {
		return this.#state;
	}

	/** The keyring in force, if one is. */
	get held(): Held | null {
		return this.#state.held;
	}

	/** Two policies were signed under one version: until the epoch is raised, none but the one in force is taken. */
	get quarantined(): boolean {
		return this.#quarantined;
	}

	/** Milliseconds that the keyring in force may still be used. */
	remaining(): number {
		return remaining(this.#state, this.#options.clock.now());
	}

	/** Drops the keyring in force: a revocation ends everything at once. */
	drop(): void {
		this.#state = { ...this.#state, held: null };
	}

	/** Notes that newer root documents are being fetched for an unknown key. */
	spendRootRefresh(): void {
		this.#state = spendRootRefresh(this.#state);
	}

	/** Decides about a payload and stores what it believes; calls must not overlap. */
	async receive(bytes: Uint8Array): Promise<Receipt> {
		const decision = decide(this.#state, bytes, this.#options.clock.now());
		if (!decision.accept) return this.#refuse(decision);
		if (this.#quarantined && contradicts(this.#state, decision.state)) return this.#refuse(conflict);
		// Before anything is written: what may already be on disk must bound what is accepted from here on.
		this.#state = { ...this.#state, floor: decision.state.floor };
		try {
			await this.#store(decision, bytes);
		} catch (error) {
			const told = error instanceof TapPassError ? error : new TapPassError('file_unwritable', { cause: error });
			return { kind: 'write_failed', error: told };
		}
		this.#state = decision.state;
		return { kind: decision.kind };
	}

	async #store({ kind, state }: Acceptance, bytes: Uint8Array): Promise<void> {
		const { files, places } = this.#options;
		if (state.floor === 'none') throw new TapPassError('internal');
		// A root older than its floor is a rollback, a floor older than its root is raised when it is read.
		if (kind === 'root') await files.write(places.root, lastRoot(bytes), 0o644);
		await files.write(places.floor, serializeFloor(state.floor));
		if (kind === 'keyring') await files.write(places.keyring, bytes, 0o644);
		if (kind === 'root' && this.#quarantined && state.floor.policy_version === 0) {
			await files.remove(places.quarantine);
			this.#quarantined = false;
		}
	}

	async #refuse(rejection: Rejection): Promise<Receipt> {
		if (rejection.quarantine && !this.#quarantined) {
			this.#quarantined = true;
			const { files, places } = this.#options;
			// In memory it holds already; a disk that is full must not let the answer be lost.
			await files.write(places.quarantine, '{"schema":"tappass.host-quarantine/1"}\n').catch(() => undefined);
		}
		return { kind: 'rejected', rejection };
	}
}

const conflict: Rejection = Object.freeze({
	accept: false,
	code: 'version_conflict' satisfies ErrorCode,
	detail: 'the sandbox is in quarantine since two policies came under one version',
	fields: {},
	alarm: true,
	quarantine: true,
	refresh_root: false,
});

function contradicts(before: State, after: State): boolean {
	return (
		after.held !== null &&
		before.floor !== 'none' &&
		before.floor.policy_sha256 !== null &&
		after.held.policy_sha256 !== before.floor.policy_sha256
	);
}

function trusted(path: string, bytes: Buffer | undefined): ReturnType<typeof pinRoot> {
	if (bytes === undefined) throw new TapPassError('state_unreadable', { detail: `${path} is missing` });
	try {
		return pinRoot(bytes);
	} catch (cause) {
		throw new TapPassError('state_unreadable', { detail: path, cause });
	}
}

function lastRoot(chain: Uint8Array): Uint8Array {
	const { roots } = parseJson(chain) as { readonly roots: readonly Json[] };
	return canonicalBytes(roots.at(-1)!);
}
