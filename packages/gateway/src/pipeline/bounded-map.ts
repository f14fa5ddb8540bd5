/** A map that forgets what was used longest ago. */
export class BoundedMap<V> {
	readonly #entries = new Map<string, V>();
	readonly #max: number;
	readonly #forgotten: ((value: V) => void) | undefined;

	/** @param forgotten told of what there was no more room for */
	constructor(max: number, forgotten?: (value: V) => void) {
		this.#max = max;
		this.#forgotten = forgotten;
	}

	get(key: string): V | undefined {
		const found = this.#entries.get(key);
		if (found === undefined) return undefined;
		// A Map keeps the order of insertion: what is used goes to the end.
		this.#entries.delete(key);
		this.#entries.set(key, found);
		return found;
	}
	set(key: string, value: V): void {
		this.#entries.delete(key);
		this.#entries.set(key, value);
		if (this.#entries.size <= this.#max) return;
		const [[oldest, held]] = this.#entries as unknown as readonly [readonly [string, V]];
		this.#entries.delete(oldest);
		this.#forgotten?.(held);
	}
	delete(key: string): void {
		this.#entries.delete(key);
	}
	get size(): number {
		return this.#entries.size;
	}
}
