/** Why a result is what it is: which rules made each part of it, and what those rules read. */
import type { Annotation, Location } from '../ast/ast.ts';
import type { LRule, RuleGroup, RuleNode } from '../compile/lowered.ts';
import { printPath } from '../compile/tree.ts';
import { equal, isObject, isSet, type JsonValue, keyOf, lookup, print, toJson, type Value } from '../value/index.ts';
import { Bundle, type Cause, type Evidence, type Machine, type Read } from './machine.ts';

/** The rule (or `else` branch) that made a value. Rows and columns count from 1; the end is exclusive. */
export interface Site {
	/** Number of the rule in the program, the same for the same sources. */
	readonly id: number;
	/** The document the rule belongs to: `data.agent.deny`. */
	readonly path: string;
	readonly file: string;
	readonly startRow: number;
	readonly startCol: number;
	readonly endRow: number;
	readonly endCol: number;
	/** The `# METADATA` block above the rule, if any. */
	readonly annotation?: Annotation;
}

/** One way in which a value came about. */
export interface Reason {
	readonly site: Site;
	/** The rule is a `default`: no body of the others held. */
	readonly default: boolean;
	/** The documents that the rule's body read on its way, each with its own reasons. */
	because(): readonly ProvenanceEntry[];
}

/** A part of the result (or of what it rests on) and the reasons for it. */
export interface ProvenanceEntry {
	/** The part as a reference: `data.agent.deny["no network"]`, `data.agent.allow`. */
	readonly path: string;
	/** The document it belongs to: `data.agent.deny`. */
	readonly document: string;
	/** The member of a set, or the key of an object's entry; absent for a whole document. */
	readonly key?: JsonValue;
	/** In the order of the rules. The first is sufficient; the rest are there when they were needed or asked for. */
	readonly reasons: readonly Reason[];
}

/** Everything known about the documents at and below `path` after an evaluation. */
export function provenanceOf(m: Machine, root: RuleNode, path: readonly Value[], value: Value): ProvenanceEntry[] {
	let node: RuleNode | undefined = root;
	let used = 0;
	while (node !== undefined && node.group === undefined && used < path.length) {
		node = node.children.get(keyOf(path[used]!));
		used++;
	}
	const found: Evidence[] = [];
	if (node !== undefined) gather(m, node, path.slice(used), value, found);
	return found.map(entryOf);
}

function gather(m: Machine, node: RuleNode, rest: readonly Value[], value: Value | undefined, into: Evidence[]): void {
	const { group } = node;
	if (group === undefined) {
		for (const child of node.children.values()) {
			const held = value === undefined ? undefined : lookup(value, child.key);
			if (held !== undefined) gather(m, child, [], held, into);
		}
		return;
	}
	const state = m.cache.get(group);
	if (state === undefined) return;
	if (state.full?.evidence !== undefined) {
		into.push(state.full.evidence);
		return;
	}
	if (state.entries !== undefined) {
		if (rest.length > 0) {
			const entry = state.entries.get(keyOf(rest[0]!));
			if (entry !== undefined) into.push(entry);
			return;
		}
		for (const evidence of inOrder(value, state.entries)) into.push(evidence);
		return;
	}
	// Other rules may have asked for other keys: only the one asked for here belongs to the result.
	for (const { evidence } of [...state.byKey.values(), ...state.byPath.values()]) {
		if (evidence === undefined || evidence.causes.length === 0) continue;
		const asked = rest.slice(0, evidence.keys.length);
		if (asked.length === evidence.keys.length && asked.every((key, i) => equal(key, evidence.keys[i]!))) {
			into.push(evidence);
		}
	}
}

function inOrder(value: Value | undefined, entries: ReadonlyMap<unknown, Evidence>): Evidence[] {
	if (value === undefined) return [];
	const keys = isSet(value) ? value.values() : isObject(value) ? undefined : [];
	if (keys === undefined) return [...entries.values()];
	return keys.flatMap((key) => entries.get(keyOf(key)) ?? []);
}

function entryOf(evidence: Evidence): ProvenanceEntry {
	const { group, keys, causes } = evidence;
	const path = group.name + keys.map((key) => `[${print(key)}]`).join('');
	const reasons = causes.map(reasonOf);
	const base = { path, document: group.name, reasons };
	return keys.length === 0 ? base : { ...base, key: toJson(keys[0]!) };
}

function reasonOf(cause: Cause): Reason {
	let below: readonly ProvenanceEntry[] | undefined;
	return {
		site: siteOf(cause.rule),
		default: cause.rule.default,
		because: () => {
			below ??= evidenceIn(cause.trail)
				.filter(({ causes }) => causes.length > 0)
				.map(entryOf);
			return below;
		},
	};
}

/** The documents of a trail in the order in which they were read, each once. */
function evidenceIn(trail: readonly Read[]): Evidence[] {
	const seen = new Set<Read>();
	const found: Evidence[] = [];
	const gatherFrom = (reads: readonly Read[]): void => {
		for (const read of reads) {
			if (seen.has(read)) continue;
			seen.add(read);
			if (read instanceof Bundle) gatherFrom(read.reads);
			else found.push(read);
		}
	};
	gatherFrom(trail);
	return found;
}

const sites = new WeakMap<LRule, Site>();

/** The site of a rule. */
export function siteOf(rule: LRule): Site {
	let site = sites.get(rule);
	if (site === undefined) {
		const { loc } = rule;
		const end = endOf(loc, rule.module.source);
		const path: Value[] = [];
		for (const part of rule.path) {
			if (part.kind !== 'const') break;
			path.push(part.value);
		}
		const [annotation] = rule.annotations;
		const base = {
			id: rule.id,
			path: printPath(path),
			file: loc.file,
			startRow: loc.row,
			startCol: loc.col,
			endRow: end.row,
			endCol: end.col,
		};
		site = annotation === undefined ? base : { ...base, annotation };
		sites.set(rule, site);
	}
	return site;
}

function endOf(loc: Location, source: string): { row: number; col: number } {
	const text = source.slice(loc.offset, loc.end);
	const lines = text.split('\n');
	const last = lines[lines.length - 1]!;
	const col = (lines.length === 1 ? loc.col : 1) + [...last].length;
	return { row: loc.row + lines.length - 1, col };
}

export type { RuleGroup };
