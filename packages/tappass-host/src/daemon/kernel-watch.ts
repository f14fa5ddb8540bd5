import type { TapPassError } from '@tappass/core';
import { limits } from '../limits.ts';
import type { KernelTarget } from './kernel-ring.ts';

export interface KernelWatchOptions {
	/** The agent's own user. */
	readonly user: { readonly uid: number; readonly gid: number };
	/** What the Runtime in force names; undefined when that is nothing that is launched here. */
	readonly target: () => KernelTarget | undefined;
	/** Told when something came to be missing, or to be there. */
	readonly changed: () => void;
}

/**
 * Keeps an eye on whether the program of a kernel ring is there, so that what is missing is shown before anybody starts an
 * agent. It decides nothing: a start looks for itself.
 */
export class KernelWatch {
	readonly #options: KernelWatchOptions;
	#missing: TapPassError | undefined;
	#lookedAtMs = Number.NEGATIVE_INFINITY;

	constructor(options: KernelWatchOptions) {
		this.#options = options;
	}

	/** What holds the network of the agent. */
	get target(): KernelTarget | undefined {
		return this.#options.target();
	}

	/** Why nothing can be launched, as far as was seen. */
	get missing(): TapPassError | undefined {
		return this.#missing;
	}

	/** Looks again. */
	async look(): Promise<void> {
		const { changed, user } = this.#options;
		const missing = await this.target?.missing?.(user);
		if (missing?.message === this.#missing?.message) return;
		this.#missing = missing;
		changed();
	}

	/** Looks again when the last look is long ago. @param nowMs on the monotonic clock */
	tick(nowMs: number): void {
		if (this.target?.missing === undefined || nowMs - this.#lookedAtMs < limits.kernelLookMs) return;
		this.#lookedAtMs = nowMs;
		void this.look();
	}
}
