/** A map that forgets what was used longest ago. */
export class BoundedMap<V> {
	readonly #entries = new Map<string, V>();
	readonly #max: number;

	constructor(max: number) {
		this.#max = max;
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
		const [oldest] = this.#entries.keys();
		this.#entries.delete(oldest!);
	}
	delete(key: string): void {
		this.#entries.delete(key);
	}
	get size(): number {
		return this.#entries.size;
	}
}
