import type { Gap, Provider, Rendered } from '@tappass/core';

/**
 * What a target folder exports: the Provider, and the check of its output against the target's native format. Rendering is
 * total; `check` is what a host runs on the files before it installs them, since several targets drop or ignore a file
 * that they cannot read.
 */
export interface Target extends Provider {
	/** Problems of rendered output against the target's own schema; empty when it is well formed. */
	readonly check: (rendered: Rendered) => readonly string[];
}

/** Sorted by aspect and value, without repeats: the same policy gives the same gaps in the same order. */
export function sortedGaps(gaps: readonly Gap[]): readonly Gap[] {
	const unique = new Map(gaps.map((gap) => [`${gap.aspect}\u0000${gap.value}\u0000${gap.why}`, gap]));
	return [...unique.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, gap]) => gap);
}

/** Pretty JSON with a final newline, as every JSON file we render is written. */
export function jsonFile(value: unknown): string {
	return `${JSON.stringify(value, null, 2)}\n`;
}
