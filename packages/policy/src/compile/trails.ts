import { type Because, type BecauseTrail, jsonPointer } from '@tappass/core';
import type { Chain, Stated } from '../resolve/contribution.ts';

/** Collects the Because trail of each value while an Aspect is compiled. */
export class Trails {
	readonly #found = new Map<string, BecauseTrail>();

	/** @param path the place in the Compiled Policy or effective pipeline; entries of lists by value */
	add(path: readonly string[], value: string, chains: readonly Chain[]): void {
		const pointer = jsonPointer(path);
		this.#found.set(pointer, { path: pointer, value, chains: once(chains) });
	}
	/** The entries of a list. */
	list(path: readonly string[], items: readonly Stated<string>[]): readonly string[] {
		const name = path.join('.');
		for (const item of items) this.add([...path, item.value], `${item.value} (${name})`, item.chains);
		return items.map(({ value }) => value);
	}
	/** A value that nobody stated. */
	byDefault(path: readonly string[], value: string, note: string): void {
		this.add(path, value, [[{ kind: 'default', note }]]);
	}
	/** All trails, by pointer, sorted. */
	all(): Readonly<Record<string, BecauseTrail>> {
		return Object.fromEntries([...this.#found].sort(([a], [b]) => (a < b ? -1 : 1)));
	}
}

/** A chain with links before it. */
export function behind(links: readonly Because[], chains: readonly Chain[]): readonly Chain[] {
	return chains.map((chain) => [...links, ...chain]);
}

function once(chains: readonly Chain[]): readonly Chain[] {
	const seen = new Set<string>();
	return chains.filter((chain) => {
		const key = JSON.stringify(chain);
		if (seen.has(key)) return false;
		seen.add(key);
		return true;
	});
}
