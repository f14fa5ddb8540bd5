/** What the checker knows: the types of rules by path, and of variables by scope. */
import type { Local } from '../compile/lowered.ts';
import {
	any,
	mergeTypes,
	type ObjectType,
	sortProperties,
	string,
	type Type,
	typeOfValue,
	union,
	unknown,
} from '../types/index.ts';
import { keyOf, type MapKey, type Value } from '../value/index.ts';
import { typeSizeMax } from './limits.ts';

/** A place below `data`: a rule with a type, or what leads to some. */
export interface TypeNode {
	readonly key: Value;
	readonly children: Map<MapKey, TypeNode>;
	/** The type of the rules here; `unknown` where there are none. */
	type: Type;
}

/** The types of all rules checked so far, as a tree below `data`. */
export class RuleTypes {
	readonly root: TypeNode = makeNode('data');

	/** The node at a path of constants, made if missing, without a type. */
	ensure(path: readonly Value[]): TypeNode {
		let at = this.root;
		for (const key of path) at = childOf(at, key);
		return at;
	}

	/** The type at exactly this path, `unknown` when no rule has it. */
	at(path: readonly Value[]): Type {
		let node: TypeNode | undefined = this.root;
		for (const key of path) node = node?.children.get(keyOf(key));
		return node?.type ?? unknown;
	}

	/** Puts `any` at a path: for rules with errors, so that their users show none. */
	setAny(path: readonly Value[]): void {
		this.ensure(path).type = any;
	}

	/** Adds the type of one rule to what other rules made at the path, above and below it. */
	insert(path: readonly Value[], type: Type): void {
		let at = this.root;
		for (const [i, key] of path.entries()) {
			const below = path.slice(i + 1);
			at = childOf(at, key);
			if (below.length > 0 && at.type.type === 'object') at.type = withMember(at.type, below, type);
		}
		at.type = bounded(mergeTypes(at.type, type));
		if (type.type !== 'object') return;
		for (const [below, leaf] of leavesOf(at)) {
			if (at.type.type === 'object') at.type = withMember(at.type, below, leaf);
		}
	}
}

function makeNode(key: Value): TypeNode {
	return { key, children: new Map(), type: unknown };
}

function childOf(node: TypeNode, key: Value): TypeNode {
	let child = node.children.get(keyOf(key));
	if (child === undefined) {
		child = makeNode(key);
		node.children.set(keyOf(key), child);
	}
	return child;
}

/** The type of an object that also has `type` at `path`: known only by the types of the keys on the way. */
function withMember(object: ObjectType, path: readonly Value[], type: Type): ObjectType {
	const [first, ...rest] = path;
	const value = rest.length === 0 ? type : withMember({ type: 'object' }, rest, type);
	const key = typeOfValue(first!);
	const dynamic =
		object.dynamic === undefined
			? { key, value }
			: { key: union(object.dynamic.key, key), value: union(object.dynamic.value, value) };
	return { ...object, dynamic };
}

function leavesOf(node: TypeNode, path: readonly Value[] = []): (readonly [path: readonly Value[], type: Type])[] {
	return [...node.children.values()].flatMap((child) => {
		const at = [...path, child.key];
		return isLeaf(child) ? [[at, child.type] as const] : leavesOf(child, at);
	});
}

/** Whether rules make a document or function right here. */
export function isLeaf(node: TypeNode): boolean {
	return node.type.type !== 'unknown';
}

/** The type of everything at and below a node. What is not made by rules may be in the data, so any more keys may be there. */
export function extentOf(node: TypeNode): Type {
	if (isLeaf(node)) return node.type;
	const properties = [...node.children.values()]
		.filter(({ key }) => typeof key !== 'object')
		.map((child) => ({ key: child.key, value: extentOf(child) }));
	return objectOf(properties, { key: string, value: any });
}

/** An object type with its properties in order. */
export function objectOf(
	properties: readonly { readonly key: Value; readonly value: Type }[],
	dynamic: { readonly key: Type; readonly value: Type } | undefined,
): ObjectType {
	const sorted = sortProperties(properties);
	return dynamic === undefined ? { type: 'object', static: sorted } : { type: 'object', static: sorted, dynamic };
}

const sizes = new WeakMap<Type, number>();

/** The type, or `any` when it is too large to be worth knowing. */
function bounded(type: Type): Type {
	return sizeOf(type) > typeSizeMax ? any : type;
}

/** How many types a type is made of. */
function sizeOf(type: Type): number {
	if (type.type !== 'array' && type.type !== 'object' && type.type !== 'set' && type.type !== 'any') return 1;
	const held = sizes.get(type);
	if (held !== undefined) return held;
	let size = 1;
	for (const part of partsOf(type)) size += sizeOf(part);
	sizes.set(type, size);
	return size;
}

function partsOf(type: Type): readonly Type[] {
	switch (type.type) {
		case 'array':
			return [...(type.static ?? []), ...(type.dynamic === undefined ? [] : [type.dynamic])];
		case 'object': {
			const values = (type.static ?? []).map(({ value }) => value);
			return type.dynamic === undefined ? values : [...values, type.dynamic.key, type.dynamic.value];
		}
		case 'set':
			return [type.of];
		case 'any':
			return type.of ?? [];
		default:
			return [];
	}
}

/** The types of variables in a body, and around it. */
export class TypeScope {
	readonly #parent: TypeScope | undefined;
	readonly #types = new Map<Local, Type>();

	constructor(parent?: TypeScope) {
		this.#parent = parent;
	}

	/** The type of a variable, `unknown` before anything is known. */
	get(local: Local): Type {
		return this.#types.get(local) ?? this.#parent?.get(local) ?? unknown;
	}

	/** Sets a variable's type in this scope. */
	set(local: Local, type: Type): void {
		this.#types.set(local, bounded(type));
	}
}
