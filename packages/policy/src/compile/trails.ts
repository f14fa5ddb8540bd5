import { type Because, type BecauseTrail, jsonPointer } from '@tappass/core';
import type { Chain, Stated } from '../resolve/contribution.ts';

/**
 * Collects the Because trail of each value while an Aspect is compiled. Nothing is sorted or joined until the trails are
 * asked for: thousands of sandboxes are derived for each one that somebody explains.
 */
export class Trails {
	readonly #raw: {
		readonly path: readonly string[];
		readonly value: string;
		readonly chains: () => readonly Chain[];
	}[] = [];
	#all: Readonly<Record<string, BecauseTrail>> | undefined;

	/** @param path the place in the Compiled Policy or effective pipeline; entries of lists by value */
	add(path: readonly string[], value: string, chains: readonly Chain[] | (() => readonly Chain[])): void {
		this.#raw.push({ path, value, chains: typeof chains === 'function' ? chains : () => chains });
	}
	/** The entries of a list. */
	list(path: readonly string[], items: readonly Stated<string>[]): readonly string[] {
		const name = path.join('.');
		return items.map((item) => {
			this.add([...path, item.value], `${item.value} (${name})`, item.chains);
			return item.value;
		});
	}
	/** A value that nobody stated. */
	byDefault(path: readonly string[], value: string, note: string): void {
		this.add(path, value, [[{ kind: 'default', note }]]);
	}
	/** All trails, by pointer, sorted. */
	all(): Readonly<Record<string, BecauseTrail>> {
		this.#all ??= Object.fromEntries(
			this.#raw
				.map(({ path, value, chains }): readonly [string, BecauseTrail] => {
					const pointer = jsonPointer(path);
					return [pointer, { path: pointer, value, chains: once(chains()) }];
				})
				.sort(([a], [b]) => (a < b ? -1 : 1)),
		);
		return this.#all;
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
