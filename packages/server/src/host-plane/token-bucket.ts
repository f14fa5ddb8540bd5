/** How much may come at once, and how much comes back each second. */
export interface BucketSize {
	readonly burst: number;
	readonly perSecond: number;
}

interface Bucket {
	level: number;
	at: number;
}

/** A token bucket for each caller; the table of callers is bounded. */
export class TokenBuckets {
	readonly #size: BucketSize;
	readonly #bucketsMax: number;
	readonly #buckets = new Map<string, Bucket>();

	constructor(size: BucketSize, bucketsMax: number) {
		this.#size = size;
		this.#bucketsMax = bucketsMax;
	}

	/**
	 * Takes tokens of a caller, or none when there are too few.
	 * @param now milliseconds of a clock that only runs forwards
	 * @param cost at most `burst`
	 * @returns 0 when there were enough, else the whole seconds until there is
	 */
	take(caller: string, now: number, cost = 1): number {
		const { burst, perSecond } = this.#size;
		const bucket = this.#buckets.get(caller) ?? { level: burst, at: now };
		bucket.level = Math.min(burst, bucket.level + (Math.max(0, now - bucket.at) / 1_000) * perSecond);
		bucket.at = now;
		const wait = bucket.level < cost ? Math.max(1, Math.ceil((cost - bucket.level) / perSecond)) : 0;
		if (wait === 0) bucket.level -= cost;
		this.#buckets.set(caller, bucket);
		if (this.#buckets.size > this.#bucketsMax) this.#forget(now);
		return wait;
	}

	// Buckets that would be full again carry no memory of anything; when all are in use the oldest go.
	#forget(now: number): void {
		const { burst, perSecond } = this.#size;
		for (const [caller, { at, level }] of this.#buckets) {
			if (level + ((now - at) / 1_000) * perSecond >= burst) this.#buckets.delete(caller);
		}
		for (const caller of this.#buckets.keys()) {
			if (this.#buckets.size <= this.#bucketsMax) return;
			this.#buckets.delete(caller);
		}
	}
}
