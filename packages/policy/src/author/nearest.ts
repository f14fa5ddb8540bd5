import { nearest } from '@tappass/core';

/** The candidate that a wrong name most likely meant, or undefined when none is near; among equals the first by alphabet. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
	return nearest(name, [...candidates].sort());
}

/** A hint for an unknown name: the nearest valid one, or all of them when they are few. */
export function nameHint(name: string, candidates: Iterable<string>): string | undefined {
	const all = [...candidates].sort();
	const near = nearest(name, all);
	if (near !== undefined) return `did you mean ${near}?`;
	return all.length > 0 && all.length <= 16 ? `expected one of: ${all.join(', ')}` : undefined;
}
