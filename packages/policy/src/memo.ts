import { sha256Hex } from '@tappass/core';
import type { SourceFile } from './author/input.ts';

/**
 * What has been worked out before, by a key of everything it depends on. A caller that derives many sandboxes passes the
 * same memo each time: levels that are the same for all of them are resolved once. Holds the latest entries only.
 */
export class PolicyMemo {
	readonly #entries = new Map<string, unknown>();
	readonly #entriesMax: number;
	readonly #digests = new WeakMap<Uint8Array, string>();
	readonly #identities = new WeakMap<object, number>();
	#next = 1;
	/** How often something was found, and how often it had to be worked out. */
	readonly counts: { found: number; made: number } = { found: 0, made: 0 };

	constructor(entriesMax = 20_000) {
		this.#entriesMax = entriesMax;
	}

	/** The value of `key`, made now if it is not there. */
	get<T>(key: string, make: () => T): T {
		if (this.#entries.has(key)) {
			this.counts.found += 1;
			return this.#entries.get(key) as T;
		}
		const value = make();
		this.counts.made += 1;
		if (this.#entries.size >= this.#entriesMax) this.#entries.delete(this.#entries.keys().next().value!);
		this.#entries.set(key, value);
		return value;
	}

	/** A text that is the same for the same file, content, time and author. */
	fileKey(source: SourceFile & { readonly author?: string; readonly at?: string }): string {
		let digest = this.#digests.get(source.bytes);
		if (digest === undefined) {
			digest = sha256Hex(source.bytes);
			this.#digests.set(source.bytes, digest);
		}
		return JSON.stringify([source.file, digest, source.mtime ?? null, source.author ?? null, source.at ?? null]);
	}

	/** A number that stands for one object (a library) while it lives. */
	identity(object: object): number {
		let number = this.#identities.get(object);
		if (number === undefined) {
			number = this.#next;
			this.#next += 1;
			this.#identities.set(object, number);
		}
		return number;
	}
}
