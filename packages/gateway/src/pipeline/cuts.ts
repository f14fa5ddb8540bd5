import { type OrgId, type SandboxId, TapPassError } from '@tappass/core';
import { gatewayLimits } from '../limits.ts';
import type { GatewayPorts } from '../ports.ts';
import { BoundedMap } from './bounded-map.ts';

/** Why a running call is cut off. */
export interface Cut {
	readonly code: 'sandbox_revoked' | 'sandbox_locked' | 'session_killed' | 'session_closed' | 'call_too_long';
	readonly message: string;
}

/** A call that is under way. */
export interface Running {
	readonly signal: AbortSignal;
	readonly cut: () => Cut | undefined;
	readonly end: () => void;
}

/** Calls under way, so that a revocation or a kill reaches streams that were admitted before it. */
export class Cuts {
	readonly #ports: Pick<GatewayPorts, 'policies' | 'sessions'>;
	readonly #running = new Map<string, Set<{ readonly session_id: string; readonly abort: (cut: Cut) => void }>>();
	/** How often each sandbox changed since this process began to listen. */
	readonly #changes = new BoundedMap<number>(gatewayLimits.changesKeptMax);
	readonly #stop: () => void;

	constructor(ports: Pick<GatewayPorts, 'policies' | 'sessions'>) {
		this.#ports = ports;
		this.#stop = ports.policies.onChange((org_id, sandbox_id) => {
			const name = key(org_id, sandbox_id);
			this.#changes.set(name, (this.#changes.get(name) ?? 0) + 1);
			void this.look(org_id, sandbox_id);
		});
	}

	/** A number that is another one once something about the sandbox changed. */
	changes(org_id: OrgId, sandbox_id: SandboxId): number {
		return this.#changes.get(key(org_id, sandbox_id)) ?? 0;
	}

	/** @param lifeMs milliseconds after which the call is cut off whatever happens */
	start(org_id: OrgId, sandbox_id: SandboxId, session_id: string, lifeMs: number): Running {
		const controller = new AbortController();
		let why: Cut | undefined;
		const abort = (cut: Cut): void => {
			why ??= cut;
			// A door that never settles must not leave the call here for good.
			end();
			controller.abort(new TapPassError(why.code, { detail: why.message }));
		};
		const life = Math.min(lifeMs, gatewayLimits.streamLifeMs);
		const timer = setTimeout(
			() => abort({ code: 'call_too_long', message: `The call took longer than ${life / 1_000} seconds.` }),
			life,
		);
		timer.unref();
		const name = key(org_id, sandbox_id);
		const entry = { session_id, abort };
		const entries = this.#running.get(name) ?? new Set();
		entries.add(entry);
		this.#running.set(name, entries);
		const end = (): void => {
			clearTimeout(timer);
			entries.delete(entry);
			if (entries.size === 0 && this.#running.get(name) === entries) this.#running.delete(name);
		};
		return { signal: controller.signal, cut: () => why, end };
	}

	close(): void {
		this.#stop();
	}

	/** Asks anew whether the calls of a sandbox may go on, and cuts off those that may not. Never throws. */
	async look(org_id: OrgId, sandbox_id: SandboxId): Promise<void> {
		const name = key(org_id, sandbox_id);
		const entries = this.#running.get(name);
		if (entries === undefined) return;
		try {
			await this.#ask(org_id, sandbox_id, name, entries);
		} catch {
			// What cannot be asked about any more is not known to be allowed.
			const message = 'Whether the sandbox may go on could not be checked.';
			this.#abort(name, () => ({ code: 'session_closed', message }));
		}
	}

	async #ask(
		org_id: OrgId,
		sandbox_id: SandboxId,
		name: string,
		entries: ReadonlySet<{ readonly session_id: string }>,
	): Promise<void> {
		const policy = await this.#ports.policies.find(org_id, sandbox_id);
		const state = policy?.state ?? 'revoked';
		if (state === 'revoked' || state === 'locked') {
			const code = state === 'locked' ? 'sandbox_locked' : 'sandbox_revoked';
			this.#abort(name, () => ({ code, message: `The sandbox was ${state} while the call was under way.` }));
			return;
		}
		const sessions = new Map<string, Cut | undefined>();
		for (const id of new Set([...entries].map(({ session_id }) => session_id)))
			sessions.set(id, cutOfSession((await this.#ports.sessions.find(org_id, id))?.state));
		this.#abort(name, (id) => sessions.get(id));
	}

	#abort(name: string, why: (session_id: string) => Cut | undefined): void {
		for (const { session_id, abort } of this.#running.get(name) ?? []) {
			const cut = why(session_id);
			if (cut !== undefined) abort(cut);
		}
	}
}

function cutOfSession(state: 'open' | 'closed' | 'killed' | undefined): Cut | undefined {
	if (state === 'open') return undefined;
	return state === 'killed'
		? { code: 'session_killed', message: 'The session was killed while the call was under way.' }
		: { code: 'session_closed', message: 'The session was closed while the call was under way.' };
}

function key(org_id: OrgId, sandbox_id: SandboxId): string {
	return `${org_id}/${sandbox_id}`;
}
