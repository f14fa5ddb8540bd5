/** Gathers an object document: entries at paths, sets at paths, and the conflicts between them. */
import type { LRule, RuleGroup } from '../compile/lowered.ts';
import { equal, isSet, keyOf, lookup, type MapKey, ObjectBuilder, SetBuilder, type Value } from '../value/index.ts';
import { addCause, type Evidence, type Machine, newEvidence } from './machine.ts';

type Part =
	| { readonly kind: 'value'; readonly value: Value }
	| { readonly kind: 'set'; readonly members: SetBuilder }
	| { readonly kind: 'object'; readonly entries: Map<MapKey, { readonly key: Value; part: Part }> };

/** One extent (full, or below given keys) of an object document while its rules run. */
export class ObjectSink {
	/** Evidence for the whole, when keys were given. */
	readonly evidence: Evidence | undefined;
	/** Evidence by first key, for a full extent. */
	readonly entries: Map<MapKey, Evidence> | undefined;
	/** From now on insert only where nothing is yet. */
	defaults = false;
	#root: Part | undefined;
	readonly #group: RuleGroup;

	constructor(m: Machine, group: RuleGroup, keys: readonly Value[]) {
		this.#group = group;
		if (m.trail === undefined) return;
		if (keys.length === 0) this.entries = new Map();
		else this.evidence = newEvidence(group, keys);
	}

	/** Puts a value (or a member of a set) at a path. */
	insert(m: Machine, path: readonly Value[], value: Value, isMember: boolean, rule: LRule, mark: number): void {
		m.instrument?.exitRule?.(rule, value);
		if (this.defaults && this.#has(path)) return;
		this.#root = place(m, this.#root, path, 0, value, isMember, rule);
		if (m.trail === undefined) return;
		const cause = m.cause(rule, mark);
		if (this.entries === undefined) addCause(this.evidence!, cause);
		else {
			const key = path[0]!;
			const id = keyOf(key);
			let evidence = this.entries.get(id);
			if (evidence === undefined) {
				evidence = newEvidence(this.#group, [key]);
				this.entries.set(id, evidence);
			}
			addCause(evidence, cause);
		}
	}

	/** What lies at `keys`, or undefined when no rule put anything there. */
	build(keys: readonly Value[]): Value | undefined {
		let part = this.#root;
		for (const [i, key] of keys.entries()) {
			if (part === undefined) return undefined;
			if (part.kind !== 'object') {
				let value: Value | undefined = finish(part);
				for (const rest of keys.slice(i)) value = value === undefined ? undefined : lookup(value, rest);
				return value;
			}
			part = part.entries.get(keyOf(key))?.part;
		}
		return part === undefined ? undefined : finish(part);
	}

	#has(path: readonly Value[]): boolean {
		let part = this.#root;
		for (const key of path) {
			if (part?.kind !== 'object') return part !== undefined;
			part = part.entries.get(keyOf(key))?.part;
		}
		return part !== undefined;
	}
}

function place(
	m: Machine,
	part: Part | undefined,
	path: readonly Value[],
	i: number,
	value: Value,
	isMember: boolean,
	rule: LRule,
): Part {
	if (i === path.length) {
		if (isMember) {
			const members = membersOf(m, part, rule);
			members.add(value);
			return part?.kind === 'set' ? part : { kind: 'set', members };
		}
		if (part === undefined) return { kind: 'value', value };
		if (!equal(finish(part), value)) conflict(m, rule);
		return part;
	}
	if (part !== undefined && part.kind !== 'object') conflict(m, rule);
	const object = part ?? { kind: 'object' as const, entries: new Map() };
	const key = path[i]!;
	const id = keyOf(key);
	const held = object.entries.get(id);
	if (held === undefined) {
		object.entries.set(id, { key, part: place(m, undefined, path, i + 1, value, isMember, rule) });
	} else held.part = place(m, held.part, path, i + 1, value, isMember, rule);
	return object;
}

function membersOf(m: Machine, part: Part | undefined, rule: LRule): SetBuilder {
	if (part === undefined) return new SetBuilder();
	if (part.kind === 'set') return part.members;
	const members = new SetBuilder();
	if (part.kind !== 'value' || !isSet(part.value)) conflict(m, rule);
	for (const member of part.value.values()) members.add(member);
	return members;
}

function conflict(m: Machine, rule: LRule): never {
	return m.fail('eval_conflict_error', 'object keys must be unique', rule.loc);
}

function finish(part: Part): Value {
	if (part.kind === 'value') return part.value;
	if (part.kind === 'set') return part.members.build();
	const builder = new ObjectBuilder();
	for (const { key, part: below } of part.entries.values()) builder.set(key, finish(below));
	return builder.build();
}
