/** Whether values of two types can be equal, and how the types of several rules become the type of one document. */
import type { Value } from '../value/index.ts';
import { type AnyType, type ArrayType, isAnything, type ObjectType, union } from './compare.ts';
import { itemAt, propertyAt } from './select.ts';
import type { Type } from './type.ts';

/** Whether some value is of both types. Nothing unifies with what is not known. */
export function unifies(a: Type, b: Type): boolean {
	if (a.type === 'unknown' || b.type === 'unknown') return false;
	if (a.type === 'any' || b.type === 'any') {
		return (a.type === 'any' && anyUnifies(a, b)) || (b.type === 'any' && anyUnifies(b, a));
	}
	if (a.type !== b.type) return false;
	switch (a.type) {
		case 'array':
			return arraysUnify(a, b as ArrayType);
		case 'object':
			return objectsUnify(a, b as ObjectType);
		case 'set':
			return unifies(a.of, (b as typeof a).of);
		case 'function': {
			const { args } = b as typeof a;
			return a.args.length === args.length && a.args.every((arg, i) => unifies(arg, args[i]!));
		}
		default:
			return true;
	}
}

function anyUnifies(a: AnyType, b: Type): boolean {
	if (b.type === 'function') return false;
	return isAnything(a) || a.of!.some((member) => unifies(member, b));
}

function arraysUnify(a: ArrayType, b: ArrayType): boolean {
	const fixed = Math.max(a.static?.length ?? 0, b.static?.length ?? 0);
	for (let i = 0; i < fixed; i++) if (!unifies(itemAt(a, i), itemAt(b, i))) return false;
	return a.dynamic === undefined || b.dynamic === undefined || unifies(a.dynamic, b.dynamic);
}

function objectsUnify(a: ObjectType, b: ObjectType): boolean {
	for (const [one, other] of [
		[a, b],
		[b, a],
	] as const) {
		for (const { key, value } of one.static ?? []) if (!unifies(value, propertyAt(other, key as Value))) return false;
	}
	return a.dynamic === undefined || b.dynamic === undefined || unifies(a.dynamic.value, b.dynamic.value);
}

/**
 * The type of a document that rules of types `a` and `b` make together: sets and dynamic objects become one set or
 * object of either's members, anything else a union.
 */
export function mergeTypes(a: Type, b: Type): Type {
	if (a.type === 'unknown') return b;
	if (b.type === 'unknown') return a;
	if (a.type === 'set' && b.type === 'set') return { type: 'set', of: union(a.of, b.of) };
	if (isDynamic(a) && isDynamic(b)) {
		const key = union(a.dynamic.key, b.dynamic.key);
		return { type: 'object', dynamic: { key, value: mergeTypes(a.dynamic.value, b.dynamic.value) } };
	}
	if (a.type === 'any' && b.type !== 'any') return mergeTypes(b, a);
	if (isDynamic(a) && b.type === 'any' && !isAnything(b)) {
		const members = b.of!;
		const held = members.find(isDynamic);
		if (held !== undefined) {
			const rest = members.filter((member) => member !== held).reduce<Type>(union, { type: 'unknown' });
			const key = union(held.dynamic.key, a.dynamic.key);
			return union(rest, { type: 'object', dynamic: { key, value: union(held.dynamic.value, a.dynamic.value) } });
		}
	}
	return union(a, b);
}

type DynamicObject = ObjectType & { readonly dynamic: NonNullable<ObjectType['dynamic']> };

function isDynamic(type: Type): type is DynamicObject {
	return type.type === 'object' && type.dynamic !== undefined && (type.static ?? []).length === 0;
}
