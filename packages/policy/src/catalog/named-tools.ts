import { matchTool, parseToolPattern } from '@tappass/core';
import type { Catalog } from './catalog.ts';

type Tools = Pick<Catalog, 'tools' | 'names'>;
const cache = new WeakMap<Tools['tools'], Map<string, readonly string[]>>();

/** The tools of the catalog that a pattern names, sorted. Asked often for few patterns: each is worked out once a catalog. */
export function namedTools(pattern: string, catalog: Tools): readonly string[] {
	if (!pattern.includes('*')) return catalog.tools.has(pattern) ? [pattern] : [];
	let known = cache.get(catalog.tools);
	if (known === undefined) {
		known = new Map();
		cache.set(catalog.tools, known);
	}
	let found = known.get(pattern);
	if (found === undefined) {
		found = match(pattern, catalog.names);
		if (known.size < patternsKeptMax) known.set(pattern, found);
	}
	return found;
}

const patternsKeptMax = 4_096;

function match(text: string, names: readonly string[]): readonly string[] {
	const { pattern } = parseToolPattern(text);
	if (pattern === undefined) return [];
	const prefix = text.slice(0, text.indexOf('*'));
	return names.filter((name) => name.startsWith(prefix) && matchTool(pattern, name));
}
