/** Types of lowered terms, and matching terms with types. */
import type { LComprehension, Local, LTerm } from '../compile/lowered.ts';
import { vars } from '../compile/safety.ts';
import {
	any,
	holdsUnknown,
	isAnything,
	itemAt,
	propertyAt,
	select,
	type Type,
	typeOfValue,
	unifies,
	union,
	valuesOf,
} from '../types/index.ts';
import { equal, isArray, isObject, isSet, keyOf, objectEntries, type Value } from '../value/index.ts';
import { extentOf, isLeaf, objectOf, type RuleTypes, type TypeNode, type TypeScope } from './environment.ts';

/** What the type of a term depends on. */
export interface Inference {
	readonly rules: RuleTypes;
	readonly scope: TypeScope;
	/** The type of a comprehension seen from `scope`; `unknown` when its body has errors. */
	readonly comprehension: (term: LComprehension, scope: TypeScope) => Type;
	/** True for paths below `data` that a `with` may replace: their type is not that of the rules. */
	readonly replaced: (path: readonly LTerm[]) => boolean;
}

type Reference = Extract<LTerm, { kind: 'ref' }>;

/** The type of a term as far as it is known. */
export function typeOf(term: LTerm, at: Inference): Type {
	switch (term.kind) {
		case 'const':
			return typeOfValue(term.value);
		case 'var':
			return at.scope.get(term.local);
		case 'ref':
			return typeOfReference(term, at);
		case 'array':
			return term.items.length === 0
				? { type: 'array', dynamic: any }
				: { type: 'array', static: term.items.map((item) => typeOf(item, at)) };
		case 'set':
			return {
				type: 'set',
				of: term.items.length === 0 ? any : term.items.map((item) => typeOf(item, at)).reduce(union),
			};
		case 'object': {
			const properties: { readonly key: Value; readonly value: Type }[] = [];
			let dynamic: { readonly key: Type; readonly value: Type } | undefined;
			for (const [key, value] of term.entries) {
				if (key.kind === 'const') properties.push({ key: key.value, value: typeOf(value, at) });
				else dynamic = { key: typeOf(key, at), value: typeOf(value, at) };
			}
			return objectOf(properties, dynamic);
		}
		case 'comprehension':
			return at.comprehension(term, at.scope);
	}
}

function typeOfReference(ref: Reference, at: Inference): Type {
	if (ref.head === 'input') return any;
	if (ref.head !== 'data') return selectAll(at.scope.get(ref.head.local), ref.path);
	return at.replaced(ref.path) ? any : typeBelow(at.rules.root, ref.path);
}

function typeBelow(node: TypeNode, path: readonly LTerm[]): Type {
	const [first, ...rest] = path;
	if (first === undefined) return extentOf(node);
	const child = first.kind === 'const' ? node.children.get(keyOf(first.value)) : undefined;
	if (isLeaf(node)) return child === undefined ? selectAll(node.type, path) : typeBelow(child, rest);
	if (first.kind !== 'const') return selectAll(extentOf(node), path);
	return child === undefined ? any : typeBelow(child, rest);
}

/** The type at the end of a path into a value; iterating gives a union of what is there. */
function selectAll(type: Type, path: readonly LTerm[]): Type {
	let at = type;
	for (const operand of path) {
		at = operand.kind === 'const' && isScalar(operand.value) ? select(at, operand.value) : valuesOf(at);
	}
	return at;
}

/** Whether a constant has no parts. */
export function isScalar(value: Value): boolean {
	return !isArray(value) && !isSet(value) && !isObject(value);
}

/**
 * Matches a term with a type and gives variables in it their types. The variables in `widened` are being matched with
 * each member of a union: their types grow with each, and nothing fails for them.
 */
export function matchType(term: LTerm, type: Type, at: Inference, widened?: ReadonlySet<Local>): boolean {
	switch (term.kind) {
		case 'var': {
			const held = at.scope.get(term.local);
			if (widened?.has(term.local)) {
				at.scope.set(term.local, union(held, type));
				return true;
			}
			if (held.type !== 'unknown') return unifies(held, type);
			at.scope.set(term.local, type);
			return true;
		}
		case 'ref':
		case 'comprehension':
			return unifies(typeOf(term, at), type);
		case 'const':
			if (isScalar(term.value)) return unifies(typeOfValue(term.value), type);
	}
	const parts = partsOf(term);
	if (type.type === 'any') {
		if (!isAnything(type)) {
			const open = widened ?? openIn(term, at);
			let matched = false;
			for (const member of type.of!) if (matchType(term, member, at, open)) matched = true;
			return matched;
		}
		for (const part of parts.all) matchType(part, any, at, widened);
		return true;
	}
	if (type.type !== parts.type) return false;
	if (type.type === 'set') return parts.all.every((item) => matchType(item, type.of, at, widened));
	if (type.type === 'array') {
		if (parts.all.length !== (type.static?.length ?? 0) && type.dynamic === undefined) return false;
		return parts.all.every((item, i) => matchType(item, itemAt(type, i), at, widened));
	}
	if (type.type !== 'object') return false;
	if (parts.entries.length !== (type.static?.length ?? 0) && type.dynamic === undefined) return false;
	return parts.entries.every(([key, value]) => {
		if (key.kind !== 'const') {
			// Under a key known only at run time any of the properties may be meant.
			matchType(value, any, at, widened);
			return true;
		}
		const property = propertyAt(type, key.value);
		return property.type !== 'unknown' && matchType(value, property, at, widened);
	});
}

/** The variables in a term of which nothing is known. */
function openIn(term: LTerm, at: Inference): ReadonlySet<Local> {
	return new Set([...vars(term, new Set())].filter((local) => at.scope.get(local).type === 'unknown'));
}

interface Parts {
	readonly type: 'array' | 'set' | 'object';
	readonly all: readonly LTerm[];
	readonly entries: readonly (readonly [LTerm, LTerm])[];
}

/** The parts of a collection, be it a constant or not. */
function partsOf(term: Exclude<LTerm, { kind: 'var' | 'ref' | 'comprehension' }>): Parts {
	if (term.kind === 'object') return { type: 'object', all: term.entries.flat(), entries: term.entries };
	if (term.kind !== 'const') return { type: term.kind, all: term.items, entries: [] };
	const { value, loc } = term;
	const constant = (part: Value): LTerm => ({ kind: 'const', value: part, loc });
	if (isArray(value)) return { type: 'array', all: value.map(constant), entries: [] };
	if (isSet(value)) return { type: 'set', all: value.values().map(constant), entries: [] };
	const entries = isObject(value)
		? objectEntries(value).map(([key, member]) => [constant(key), constant(member)] as const)
		: [];
	return { type: 'object', all: entries.flat(), entries };
}

/** Matches two terms of types `a` and `b`, each giving the other's variables their types. */
export function matchTerms(left: LTerm, a: Type, right: LTerm, b: Type, at: Inference): boolean {
	const open = [holdsUnknown(a), holdsUnknown(b)] as const;
	if (open[0] && !open[1]) return matchType(left, b, at);
	if (open[1] && !open[0]) return matchType(right, a, at);
	if (!open[0]) return unifies(a, b);
	if (left.kind === 'array') return matchArray(left, right, at);
	if (left.kind === 'object') return matchObject(left, right, at);
	if (left.kind !== 'var') return false;
	if (right.kind === 'array') return matchArray(right, left, at);
	if (right.kind === 'object') return matchObject(right, left, at);
	return right.kind === 'var' && matchOpen(left, right, at);
}

/** Neither side is known: what is open on the left may be anything, and the right is the same. */
function matchOpen(left: LTerm, right: LTerm, at: Inference): boolean {
	return matchType(left, any, at) && matchType(right, typeOf(left, at), at);
}

function matchArray(left: Extract<LTerm, { kind: 'array' }>, right: LTerm, at: Inference): boolean {
	if (right.kind === 'var') return matchOpen(left, right, at);
	if (right.kind !== 'array' || right.items.length !== left.items.length) return false;
	return left.items.every((item, i) => matchPair(item, right.items[i]!, at));
}

function matchObject(left: Extract<LTerm, { kind: 'object' }>, right: LTerm, at: Inference): boolean {
	if (right.kind === 'var') return matchOpen(left, right, at);
	if (right.kind !== 'object' || right.entries.length !== left.entries.length) return false;
	return left.entries.every(([key, value]) => {
		const other = right.entries.find(([candidate]) => sameKey(key, candidate));
		return other !== undefined && matchPair(value, other[1], at);
	});
}

function matchPair(left: LTerm, right: LTerm, at: Inference): boolean {
	return matchTerms(left, typeOf(left, at), right, typeOf(right, at), at);
}

function sameKey(a: LTerm, b: LTerm): boolean {
	if (a.kind === 'const' && b.kind === 'const') return equal(a.value, b.value);
	return a.kind === 'var' && b.kind === 'var' && a.local === b.local;
}
