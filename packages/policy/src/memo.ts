import { sha256Hex } from '@tappass/core';
import type { SourceFile } from './author/input.ts';

/** Compiled Policies that a memo holds. */
const derivedMax = 256;

/**
 * What has been worked out before, by a key of everything it depends on. A caller that derives many sandboxes passes the
 * same memo each time: levels that are the same for all of them are resolved once. Holds the latest entries only.
 */
export class PolicyMemo {
	readonly #entries = new Map<string, unknown>();
	readonly #derived = new Map<string, unknown>();
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
		return this.#lookUp(this.#entries, this.#entriesMax, key, make);
	}

	/** The same for whole Compiled Policies, which are large: only the latest few are held, for sandboxes that are alike. */
	derived<T>(key: string, make: () => T): T {
		return this.#lookUp(this.#derived, derivedMax, key, make);
	}

	#lookUp<T>(entries: Map<string, unknown>, entriesMax: number, key: string, make: () => T): T {
		if (entries.has(key)) {
			this.counts.found += 1;
			return entries.get(key) as T;
		}
		const value = make();
		this.counts.made += 1;
		if (entries.size >= entriesMax) entries.delete(entries.keys().next().value!);
		entries.set(key, value);
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
