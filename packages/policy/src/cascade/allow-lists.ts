import { limits } from '@tappass/core';
import { policyLimits } from '../limits.ts';
import {
	type AllowList,
	allowLists,
	type Contribution,
	type Origin,
	type Stated,
	type StatedList,
} from '../resolve/contribution.ts';
import { type Conflict, conflictOf } from './conflict.ts';
import { isAbove, isWritten } from './order.ts';
import { type PatternKind, patternKinds } from './patterns.ts';

/** What an allow-list allows after the cascade; `stated` is false when no operator said anything, and then nothing is. */
export interface MergedAllowList {
	readonly items: readonly Stated<string>[];
	readonly stated: boolean;
}

/**
 * Allow-lists: the highest level that states one is the ceiling, every list below narrows it. A function and a Pack narrow
 * too, but what only they state allows nothing.
 * @param contributions from the top
 */
export function mergeAllowLists(contributions: readonly Contribution[]): {
	readonly merged: Readonly<Record<AllowList, MergedAllowList>>;
	readonly conflicts: readonly Conflict[];
} {
	const conflicts: Conflict[] = [];
	const merged = Object.fromEntries(
		allowLists.map((list) => {
			const result = mergeAllowList(list, contributions);
			conflicts.push(...result.conflicts);
			return [list, result.merged];
		}),
	) as Record<AllowList, MergedAllowList>;
	return { merged, conflicts };
}

interface Source {
	readonly origin: Origin;
	readonly list: StatedList;
}

function mergeAllowList(
	what: AllowList,
	contributions: readonly Contribution[],
): { readonly merged: MergedAllowList; readonly conflicts: readonly Conflict[] } {
	const kind = patternKinds[what];
	const sources = contributions.flatMap(({ origin, allow }): readonly Source[] => {
		const list = allow[what];
		return list === undefined ? [] : [{ origin, list }];
	});
	const long = tooLong(what, kind, sources);
	if (long !== undefined) return { merged: { items: [], stated: true }, conflicts: [long] };
	const conflicts = sources.flatMap((source) => reachingOut(what, kind, source, sources));
	const granting = sources.filter(({ origin }) => isWritten(origin));
	const narrowing = sources.filter(({ origin }) => !isWritten(origin));
	const [ceiling, ...below] = [...granting, ...narrowing];
	if (granting.length === 0 || ceiling === undefined) return { merged: { items: [], stated: false }, conflicts };
	let items = minimal(kind, ceiling.list.items);
	for (const source of below) {
		const narrowed = intersectLists(kind, items, source);
		items = narrowed.items;
		if (items.filter(({ value }) => kind.isOpen(value)).length > policyLimits.wildcardEntriesMax) {
			conflicts.push(lengthy(what, source, ceiling, 'their intersection would be too many patterns'));
			return { merged: { items: [], stated: true }, conflicts };
		}
		for (const [a, b] of narrowed.inexpressible)
			conflicts.push({
				kind: 'refused',
				what,
				below: { origin: source.origin, text: b.value, place: b.place },
				above: { origin: ceiling.origin, text: a.value, place: a.place },
				fix: `their intersection would be more than ${limits.intersectionPatternsMax} patterns; use fewer wildcards`,
			});
	}
	return { merged: { items: minimal(kind, items), stated: true }, conflicts };
}

// Two lists that would take minutes to compare: nothing is allowed of them, and the compile is refused unless that is forced.
function tooLong(what: AllowList, kind: PatternKind, sources: readonly Source[]): Conflict | undefined {
	const open = ({ list }: Source): number => list.items.filter(({ value }) => kind.isOpen(value)).length;
	for (const [position, below] of sources.entries())
		for (const above of sources.slice(0, position)) {
			const pairs = above.list.items.length * below.list.items.length;
			const wild = what === 'tools.allow' ? open(above) * open(below) : 0;
			if (pairs > policyLimits.listPairsMax || wild > policyLimits.wildcardPairsMax)
				return lengthy(what, below, above, 'the two lists are too long to be compared');
		}
	return undefined;
}

function lengthy(what: AllowList, below: Source, above: Source, why: string): Conflict {
	return {
		kind: 'refused',
		what,
		below: { origin: below.origin, text: textOf(below.list), place: below.list.place },
		above: { origin: above.origin, text: textOf(above.list), place: above.list.place },
		fix: `${why}; use fewer entries, or name in one of them only what the other leaves open`,
	};
}

// Entries that an operator wrote and that another list above (or beside) does not hold.
function reachingOut(what: AllowList, kind: PatternKind, source: Source, all: readonly Source[]): readonly Conflict[] {
	if (!isWritten(source.origin)) return [];
	const others = all.filter((other) => other !== source && !isAbove(source.origin, other.origin));
	return source.list.items.flatMap((item) => {
		const outside = others.filter(({ list }) => !list.items.some(({ value }) => kind.covers(value, item.value)));
		// Beside a list of its own level an entry is narrowed without a word, unless nothing is left of it.
		const idle = outside.find(
			(other) =>
				(all.indexOf(other) < all.indexOf(source) || !isWritten(other.origin)) &&
				other.list.items.every(({ value }) => kind.intersect(value, item.value)?.length === 0),
		);
		const above = outside.find(({ origin }) => isAbove(origin, source.origin)) ?? idle;
		if (above === undefined) return [];
		return [
			conflictOf(
				what,
				{ origin: source.origin, stated: item, text: item.value },
				{ origin: above.origin, place: above.list.place, text: textOf(above.list) },
				`choose entries inside the list of ${above.origin.name}, or have that list extended`,
			),
		];
	});
}

function textOf(list: StatedList): string {
	const shown = list.items.slice(0, 4).map(({ value }) => value);
	const more = list.items.length > shown.length ? `, … ${list.items.length} entries` : '';
	return list.items.length === 0 ? 'the empty list' : `the list [${shown.join(', ')}${more}]`;
}

function intersectLists(
	kind: PatternKind,
	upper: readonly Stated<string>[],
	lower: Source,
): {
	readonly items: readonly Stated<string>[];
	readonly inexpressible: readonly (readonly [Stated<string>, Stated<string>])[];
} {
	const items: Stated<string>[] = [];
	const inexpressible: (readonly [Stated<string>, Stated<string>])[] = [];
	for (const a of upper) {
		for (const b of lower.list.items) {
			const both = kind.intersect(a.value, b.value);
			if (both === undefined) inexpressible.push([a, b]);
			for (const value of both ?? [])
				items.push({ value, chains: [...b.chains, ...a.chains], place: value === b.value ? b.place : a.place });
		}
	}
	return { items, inexpressible };
}

// Sorted, each pattern once, none that another one covers: equal permissions are equal bytes.
function minimal(kind: PatternKind, items: readonly Stated<string>[]): readonly Stated<string>[] {
	const once = new Map<string, Stated<string>>();
	for (const written of items) {
		const value = kind.canonical(written.value);
		const item = value === written.value ? written : { ...written, value };
		const before = once.get(value);
		once.set(value, before === undefined ? item : { ...before, chains: [...before.chains, ...item.chains] });
	}
	const all = [...once.values()].sort((a, b) => (a.value < b.value ? -1 : 1));
	const open = all.flatMap((item, position) => (kind.isOpen(item.value) ? [{ value: item.value, position }] : []));
	return all.filter(
		(item, position) =>
			!open.some(
				(other) =>
					other.position !== position &&
					kind.covers(other.value, item.value) &&
					!(kind.covers(item.value, other.value) && other.position > position),
			),
	);
}
