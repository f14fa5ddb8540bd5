/**
 * A memo for compiled patterns that never grows past its size: the oldest entry makes room.
 * Only for pure functions of the key, so that a hit and a miss cannot be told apart.
 */
export class BoundedCache<Compiled> {
	readonly #entries = new Map<string, Compiled>();
	readonly #entriesMax: number;

	constructor(entriesMax: number) {
		this.#entriesMax = entriesMax;
	}

	/** The value for `key`, computed by `make` when it is not held. What `make` throws is not kept. */
	get(key: string, make: () => Compiled): Compiled {
		const held = this.#entries.get(key);
		if (held !== undefined) return held;
		const made = make();
		if (this.#entries.size >= this.#entriesMax) {
			const oldest = this.#entries.keys().next();
			if (!oldest.done) this.#entries.delete(oldest.value);
		}
		this.#entries.set(key, made);
		return made;
	}

	/** How many entries are held. */
	get size(): number {
		return this.#entries.size;
	}
}
