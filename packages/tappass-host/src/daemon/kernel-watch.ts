import type { TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';
import type { KernelTarget } from './kernel-ring.ts';

/**
 * Keeps an eye on whether the program of a kernel ring is there, so that what is missing is shown before anybody starts an
 * agent. It decides nothing: a start looks for itself.
 */
export class KernelWatch {
	readonly #user: { readonly uid: number; readonly gid: number };
	readonly #changed: () => void;
	#missing: TapPassError | undefined;
	#lookedAtMs = Number.NEGATIVE_INFINITY;

	/** @param changed told when something came to be missing, or to be there */
	constructor(user: { readonly uid: number; readonly gid: number }, changed: () => void) {
		this.#user = user;
		this.#changed = changed;
	}

	/** Why nothing can be launched, as far as was seen. */
	get missing(): TapPassError | undefined {
		return this.#missing;
	}

	/** Looks again. @param target what the Runtime names; undefined when it names nothing that is launched here */
	async look(target: KernelTarget | undefined): Promise<void> {
		const missing = await target?.missing?.(this.#user);
		if (missing?.message === this.#missing?.message) return;
		this.#missing = missing;
		this.#changed();
	}

	/** Looks again when the last look is long ago. @param nowMs on the monotonic clock */
	tick(target: KernelTarget | undefined, nowMs: number): void {
		if (target?.missing === undefined || nowMs - this.#lookedAtMs < limits.kernelLookMs) return;
		this.#lookedAtMs = nowMs;
		void this.look(target);
	}
}
