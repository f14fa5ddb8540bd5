import {
	coversDomain,
	coversPath,
	coversTool,
	type DomainPattern,
	domainText,
	intersectDomains,
	intersectPaths,
	intersectTools,
	type PathPattern,
	parseDomainPattern,
	parsePathPattern,
	parseToolPattern,
	pathText,
	type ToolPattern,
	toolText,
} from '@tappass/core';
import type { AllowList } from '../resolve/contribution.ts';

/** How entries of one allow-list relate, as texts; all are valid patterns of their kind. */
export interface PatternKind {
	/** The one text of a pattern that can be written in several ways: lower case, ASCII. */
	readonly canonical: (text: string) => string;
	readonly covers: (outer: string, inner: string) => boolean;
	/** Whether a pattern may name more than one thing: only then can it cover another text. */
	readonly isOpen: (text: string) => boolean;
	/** Patterns that name exactly what both name; undefined when there would be too many to say. */
	readonly intersect: (a: string, b: string) => readonly string[] | undefined;
}

/** The kind of pattern in each allow-list. */
export const patternKinds: Readonly<Record<AllowList, PatternKind>> = {
	'network.allow_domains': kindOf<DomainPattern>({
		parse: (text) => parseDomainPattern(text, 'deny').pattern,
		covers: coversDomain,
		intersect: (a, b) => optional(intersectDomains(a, b)),
		text: domainText,
		isOpen: hasStar,
	}),
	'filesystem.read_only': kindOf<PathPattern>({
		parse: (text) => parsePathPattern(text).pattern,
		covers: coversPath,
		intersect: (a, b) => optional(intersectPaths(a, b)),
		text: pathText,
		isOpen: () => true,
	}),
	'tools.allow': kindOf<ToolPattern>({
		parse: (text) => parseToolPattern(text).pattern,
		covers: coversTool,
		intersect: intersectTools,
		text: toolText,
		isOpen: hasStar,
	}),
	'interpreter.host_functions': {
		canonical: (text) => text,
		covers: (outer, inner) => outer === inner,
		isOpen: () => false,
		intersect: (a, b) => (a === b ? [a] : []),
	},
	'models.allow': {
		canonical: (text) => text,
		covers: coversModel,
		isOpen: hasStar,
		intersect: (a, b) => (coversModel(a, b) ? [b] : coversModel(b, a) ? [a] : []),
	},
};

function hasStar(text: string): boolean {
	return text.includes('*');
}

function coversModel(outer: string, inner: string): boolean {
	return outer.endsWith('*') ? inner.replace(/\*$/, '').startsWith(outer.slice(0, -1)) : outer === inner;
}

function optional<T>(value: T | undefined): readonly T[] {
	return value === undefined ? [] : [value];
}

// Patterns are parsed over and over while thousands of sandboxes are derived: each text once.
const cacheEntriesMax = 20_000;

function kindOf<T>(kind: {
	readonly parse: (text: string) => T | undefined;
	readonly covers: (outer: T, inner: T) => boolean;
	readonly intersect: (a: T, b: T) => readonly T[] | undefined;
	readonly text: (pattern: T) => string;
	readonly isOpen: (text: string) => boolean;
}): PatternKind {
	const cache = new Map<string, T | undefined>();
	const parse = (text: string): T | undefined => {
		if (cache.has(text)) return cache.get(text);
		if (cache.size >= cacheEntriesMax) cache.clear();
		const pattern = kind.parse(text);
		cache.set(text, pattern);
		return pattern;
	};
	return {
		isOpen: kind.isOpen,
		canonical: (text) => {
			const pattern = parse(text);
			return pattern === undefined ? text : kind.text(pattern);
		},
		covers: (outer, inner) => {
			if (outer === inner) return true;
			const [a, b] = [parse(outer), parse(inner)];
			return a !== undefined && b !== undefined && kind.covers(a, b);
		},
		intersect: (left, right) => {
			if (left === right) return [left];
			const [a, b] = [parse(left), parse(right)];
			return a === undefined || b === undefined ? [] : kind.intersect(a, b)?.map(kind.text);
		},
	};
}
