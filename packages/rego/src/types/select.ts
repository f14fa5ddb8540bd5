/** What lies inside a type: the types of its keys, of its values, and of the value at one key. */
import {
	compare as compareKeys,
	isArray,
	isNumber,
	isSet,
	type ObjectValue,
	objectEntries,
	toInteger,
	typeName,
	type Value,
} from '../value/index.ts';
import { includesType, isAnything, type ObjectType, sameType, union } from './compare.ts';
import { any, boolean, nullType, number, string, type Type, unknown } from './type.ts';

/** The type of a constant. Empty collections may hold anything. */
export function typeOfValue(value: Value): Type {
	switch (typeName(value)) {
		case 'null':
			return nullType;
		case 'boolean':
			return boolean;
		case 'number':
			return number;
		case 'string':
			return string;
		case 'array': {
			const items = isArray(value) ? value : [];
			return items.length === 0 ? { type: 'array', dynamic: any } : { type: 'array', static: items.map(typeOfValue) };
		}
		case 'set': {
			const members = isSet(value) ? value.values() : [];
			return { type: 'set', of: members.length === 0 ? any : members.map(typeOfValue).reduce(union) };
		}
		default: {
			const entries = objectEntries(value as ObjectValue);
			if (entries.length === 0) return { type: 'object', dynamic: { key: any, value: any } };
			return { type: 'object', static: entries.map(([key, member]) => ({ key, value: typeOfValue(member) })) };
		}
	}
}

/** The type of the keys that iterating over a value of this type gives; `unknown` when it cannot be iterated. */
export function keysOf(type: Type): Type {
	switch (type.type) {
		case 'array':
			return number;
		case 'object': {
			let keys: Type = unknown;
			for (const { key } of type.static ?? []) keys = union(keys, typeOfValue(key as Value));
			return type.dynamic === undefined ? keys : union(keys, type.dynamic.key);
		}
		case 'set':
			return type.of;
		case 'any':
			return isAnything(type) ? any : type.of!.map(keysOf).reduce(union);
		default:
			return unknown;
	}
}

/** The type of the values that iterating over a value of this type gives; `unknown` when it cannot be iterated. */
export function valuesOf(type: Type): Type {
	switch (type.type) {
		case 'array':
			return (type.static ?? []).reduce(union, type.dynamic ?? unknown);
		case 'object':
			return (type.static ?? []).reduce((all, { value }) => union(all, value), type.dynamic?.value ?? unknown);
		case 'set':
			return type.of;
		case 'any':
			return isAnything(type) ? any : type.of!.map(valuesOf).reduce(union);
		default:
			return unknown;
	}
}

/** The type of what a value of this type holds at `key`; `unknown` when it can hold nothing there. */
export function select(type: Type, key: Value): Type {
	switch (type.type) {
		case 'array': {
			const position = isNumber(key) ? toInteger(key) : undefined;
			return position === undefined || position < 0 ? unknown : itemAt(type, Number(position));
		}
		case 'object':
			return propertyAt(type, key);
		case 'set': {
			const wanted = typeOfValue(key);
			if (sameType(type.of, wanted)) return type.of;
			return type.of.type === 'any' && includesType(type.of, wanted) ? wanted : unknown;
		}
		case 'any':
			return isAnything(type) ? any : type.of!.map((member) => select(member, key)).reduce(union);
		default:
			return unknown;
	}
}

/** The type of the item at a position. */
export function itemAt(type: Extract<Type, { type: 'array' }>, position: number): Type {
	return type.static?.[position] ?? type.dynamic ?? unknown;
}

/** The type of the property at a key. Properties must be in the order of their keys (`normalize`, `sortProperties`). */
export function propertyAt(type: ObjectType, key: Value): Type {
	const wanted = typeOfValue(key);
	const property = findProperty(type, key);
	if (property !== undefined) return property;
	const { dynamic } = type;
	return dynamic !== undefined && includesType(dynamic.key, wanted) ? dynamic.value : unknown;
}

function findProperty(type: ObjectType, key: Value): Type | undefined {
	const properties = type.static ?? [];
	let low = 0;
	let high = properties.length;
	while (low < high) {
		const middle = (low + high) >>> 1;
		const order = compareKeys(properties[middle]!.key as Value, key);
		if (order === 0) return properties[middle]!.value;
		if (order < 0) low = middle + 1;
		else high = middle;
	}
	return undefined;
}

/** Known keys of an object type, or of the object types in a union, each once and in order. */
export function knownKeys(type: Type): readonly Value[] {
	const keys: Value[] = [];
	const collect = (found: Type): void => {
		if (found.type === 'object') for (const { key } of found.static ?? []) keys.push(key as Value);
		else if (found.type === 'any') for (const member of found.of ?? []) collect(member);
	};
	collect(type);
	keys.sort(compareKeys);
	return keys.filter((key, i) => i === 0 || compareKeys(keys[i - 1]!, key) !== 0);
}

/** Whether a type, or anything in it, is not known. */
export function holdsUnknown(type: Type): boolean {
	switch (type.type) {
		case 'unknown':
			return true;
		case 'array':
			return (type.static ?? []).some(holdsUnknown) || (type.dynamic !== undefined && holdsUnknown(type.dynamic));
		case 'object':
			return (
				(type.static ?? []).some(({ value }) => holdsUnknown(value)) ||
				(type.dynamic !== undefined && (holdsUnknown(type.dynamic.key) || holdsUnknown(type.dynamic.value)))
			);
		case 'set':
			return holdsUnknown(type.of);
		case 'function':
			return type.args.some(holdsUnknown) || holdsUnknown(type.result ?? unknown);
		default:
			return false;
	}
}
