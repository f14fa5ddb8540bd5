import type { TapPassError } from '@tappass/core';
import type { Freshness } from '@tappass/trust';
import type { Clock } from '../clock.ts';
import type { EgressPolicy, PlaneDoor } from '../egress/types.ts';
import type { KeyringStore } from './keyring-store.ts';
import type { PolicyInForce } from './policy-in-force.ts';
import { goodPostures, type Standing, standingOf } from './posture.ts';
import { finalCodes } from './sync-loop.ts';

export interface SandboxStandingOptions {
	readonly clock: Clock;
	readonly policy: PolicyInForce;
	/** What is believed; undefined before it was read. */
	readonly store: () => KeyringStore | undefined;
}

/**
 * What one sandbox stands on: what happened to it, and when. Asked on every connection what may go through; that is nothing
 * that a keyring in force does not allow.
 */
export class SandboxStanding {
	readonly #options: SandboxStandingOptions;
	/** Why it could not be opened; it denies everything then. */
	#fault: TapPassError | undefined;
	/** An operator ended it, or two hosts hold it. */
	#ended: TapPassError | undefined;
	#lost: TapPassError | undefined;
	#acceptedAt: number | undefined;
	#serverAheadMs = 0;
	/** Of the last keyring before a revocation: with them the gateway says so itself, for as long as they last. */
	#last: Freshness | undefined;

	constructor(options: SandboxStandingOptions) {
		this.#options = options;
	}

	/** Whether the control plane ended it: nothing that comes later counts. */
	get isEnded(): boolean {
		return this.#ended !== undefined;
	}

	/** Notes that its state cannot be believed. */
	unbelievable(error: TapPassError): void {
		this.#fault = error;
	}

	/** Notes the server's clock less this machine's. */
	serverAhead(ms: number): void {
		this.#serverAheadMs = ms;
	}

	/** Notes that a keyring was accepted now. */
	accepted(freshness: Freshness): void {
		this.#acceptedAt = this.#options.clock.now().monotonic_ms;
		this.#last = freshness;
	}

	/** Notes that the control plane can be reached. */
	connected(): void {
		this.#lost = undefined;
	}

	/** Notes why it cannot be reached. @returns whether that ends the sandbox now */
	disconnected(error: TapPassError): boolean {
		this.#lost = error;
		if (!finalCodes.has(error.code) || this.#ended !== undefined) return false;
		this.#ended = error;
		return true;
	}

	/** What may go through now, and why not more. */
	now(): Standing {
		const { clock, policy } = this.#options;
		const store = this.#options.store();
		return standingOf({
			now: clock.now(),
			fault: this.#fault,
			ended: this.#ended,
			lost: this.#lost,
			believed:
				store === undefined
					? undefined
					: { state: store.state, remainingMs: store.remaining(), quarantined: store.quarantined },
			acceptedAt: this.#acceptedAt,
			policy,
			serverAheadMs: this.#serverAheadMs,
		});
	}

	/** What the egress proxy may let through now; the same object while nothing changed. */
	egressPolicy(): EgressPolicy | null {
		const { posture } = this.now();
		if (goodPostures.has(posture)) return this.#options.policy.egress;
		return posture === 'revoked' && this.#lastToken('gateway') !== undefined ? planeAlone : null;
	}

	/** The token in force for a door of the agent plane. */
	token(door: PlaneDoor): string | undefined {
		if (this.#ended !== undefined) return this.#lastToken(door);
		const store = this.#options.store();
		if (store === undefined || store.remaining() <= 0 || store.held === null) return undefined;
		return tokenOf(store.held.freshness, door);
	}

	#lastToken(door: PlaneDoor): string | undefined {
		if (this.#ended?.code !== 'sandbox_revoked' || this.#last === undefined) return undefined;
		return Date.parse(this.#last.expires_at) > this.#options.clock.now().wall_ms
			? tokenOf(this.#last, door)
			: undefined;
	}
}

const planeAlone: EgressPolicy = { rules: { schema: 'tappass.egress-rules/1', allow: [], deny: [] }, cidrs: [] };

function tokenOf({ tokens }: Freshness, door: PlaneDoor): string {
	return door === 'gateway' ? tokens.gateway_token : tokens.mcp_session_token;
}
