import { describe, expect, it } from 'vitest';
import { parseJson, RegoObject, RegoSet } from '../value/index.ts';
import {
	any,
	array,
	boolean,
	compareTypes,
	holdsUnknown,
	includesType,
	keysOf,
	knownKeys,
	mergeTypes,
	normalize,
	nullType,
	number,
	object,
	printParameters,
	printType,
	printTypes,
	select,
	set,
	string,
	type Type,
	tuple,
	typeOfValue,
	unifies,
	union,
	unknown,
	valuesOf,
} from './index.ts';
import { anyOf, fn, named, record } from './type.ts';

const numberOrString = union(number, string);

describe('printing', () => {
	it.each<[Type, string]>([
		[unknown, '???'],
		[any, 'any'],
		[{ type: 'any', of: [] }, 'any'],
		[nullType, 'null'],
		[numberOrString, 'any<number, string>'],
		[array(any), 'array[any]'],
		[tuple(number, string), 'array<number, string>'],
		[{ type: 'array', static: [number], dynamic: any }, 'array<number>[any]'],
		[set(numberOrString), 'set[any<number, string>]'],
		[object(string, any), 'object[string: any]'],
		[record({ a: string, b: unknown }), 'object<a: string, b: ???>'],
		[record({ a: string }, { key: string, value: any }), 'object<a: string>[string: any]'],
		[{ type: 'object', static: [{ key: 1, value: string }] }, 'object<1: string>'],
		[fn([number, string], boolean), '(number, string) => boolean'],
	])('gives %j as OPA does', (type, text) => {
		expect(printType(type)).toBe(text);
	});

	it('lists what is found, and what a function wants with names and its result', () => {
		const decl = fn([named('x', anyOf(set(any), number)), named('y', any)], named('z', string));

		expect(printTypes([number, unknown])).toBe('(number, ???)');
		expect(printParameters(decl)).toBe('(x: any<number, set[any]>, y: any, z: string)');
		expect(printParameters(decl, true)).toBe('(x: any<number, set[any]>, y: any)');
		expect(printParameters({ type: 'function', args: [number], variadic: any })).toBe('(number, any...)');
	});
});

describe('union', () => {
	it('keeps members in order, each once', () => {
		const all = [string, number, nullType, string, set(any), boolean].reduce<Type>(union, unknown);

		expect(printType(all)).toBe('any<null, boolean, number, string, set[any]>');
	});

	it('is any when one side is, and the other side when one is not known', () => {
		expect(union(any, number)).toEqual(any);
		expect(union(number, any)).toEqual(any);
		expect(union(unknown, number)).toBe(number);
		expect(union(number, unknown)).toBe(number);
		expect(union(number, number)).toEqual(number);
	});

	it('joins functions argument by argument, and not with anything else', () => {
		expect(printType(union(fn([number], string), fn([string], string)))).toBe('(any<number, string>) => string');
		expect(union(fn([number], string), fn([number, number], string))).toEqual(unknown);
		expect(union(fn([number], string), number)).toEqual(unknown);
	});

	it('does not depend on the order of what is joined', () => {
		const types = [number, tuple(number), record({ a: number }), set(string), array(string), nullType];

		const forward = types.reduce<Type>(union, unknown);
		const backward = [...types].reverse().reduce<Type>(union, unknown);

		expect(compareTypes(forward, backward)).toBe(0);
	});
});

describe('unification', () => {
	it.each<[Type, Type]>([
		[number, string],
		[unknown, number],
		[number, unknown],
		[unknown, unknown],
		[tuple(number, number), tuple(number)],
		[tuple(number, string), tuple(number, number)],
		[array(number), tuple(string)],
		[array(number), array(string)],
		[set(number), set(string)],
		[set(number), array(number)],
		[record({ a: number }), record({ a: string })],
		[record({ a: number }), record({ b: number })],
		[record({ a: number }), object(string, string)],
		[object(string, number), object(string, string)],
		[numberOrString, boolean],
		[fn([number], any), fn([number, number], any)],
		[fn([number], any), fn([string], any)],
		[any, fn([number], any)],
	])('refuses %j and %j', (a, b) => {
		expect(unifies(a, b)).toBe(false);
		expect(unifies(b, a)).toBe(false);
	});

	it.each<[Type, Type]>([
		[number, number],
		[any, set(number)],
		[numberOrString, number],
		[numberOrString, union(boolean, string)],
		[tuple(number, any), tuple(any, string)],
		[array(number), tuple(number, number)],
		[array(any), tuple()],
		[record({ a: number }), object(string, any)],
		[record({ a: number }, { key: string, value: any }), record({ a: any, b: string })],
		[fn([number], string), fn([any], boolean)],
	])('accepts %j and %j', (a, b) => {
		expect(unifies(a, b)).toBe(true);
		expect(unifies(b, a)).toBe(true);
	});
});

describe('what lies inside', () => {
	const user = record({ age: number, name: string });

	it('finds nothing where there can be nothing', () => {
		expect(select(number, 'x')).toEqual(unknown);
		expect(select(user, 'size')).toEqual(unknown);
		expect(select(tuple(number), 1)).toEqual(unknown);
		expect(select(tuple(number), -1)).toEqual(unknown);
		expect(select(array(number), 'x')).toEqual(unknown);
		expect(select(set(number), 'x')).toEqual(unknown);
		expect(select(object(number, string), 'x')).toEqual(unknown);
		expect(keysOf(string)).toEqual(unknown);
		expect(valuesOf(boolean)).toEqual(unknown);
	});

	it('finds properties, items and members', () => {
		expect(select(user, 'name')).toEqual(string);
		expect(select(tuple(number, string), 1)).toEqual(string);
		expect(select(array(number), 7)).toEqual(number);
		expect(select(set(numberOrString), 'x')).toEqual(string);
		expect(select(object(string, number), 'x')).toEqual(number);
		expect(select(any, 'x')).toEqual(any);
		expect(select(union(user, tuple(boolean)), 'age')).toEqual(number);
	});

	it('joins the types of keys and of values', () => {
		expect(keysOf(user)).toEqual(string);
		expect(keysOf(tuple(string))).toEqual(number);
		expect(printType(valuesOf(user))).toBe('any<number, string>');
		expect(printType(keysOf(union(user, set(boolean))))).toBe('any<boolean, string>');
		expect(valuesOf(record({ a: number }, { key: string, value: any }))).toEqual(any);
	});

	it('lists known keys once and in order', () => {
		expect(knownKeys(union(record({ b: number, a: number }), record({ c: number, a: string })))).toEqual([
			'a',
			'b',
			'c',
		]);
		expect(knownKeys(set(number))).toEqual([]);
	});

	it('sees what is not known however deep', () => {
		expect(holdsUnknown(tuple(number, set(unknown)))).toBe(true);
		expect(holdsUnknown(record({ a: object(string, unknown) }))).toBe(true);
		expect(holdsUnknown(tuple(number, set(any)))).toBe(false);
	});
});

describe('types of constants', () => {
	it.each<[string, string]>([
		['null', 'null'],
		['1.5', 'number'],
		['[]', 'array[any]'],
		['{}', 'object[any: any]'],
		['[1, "a", [true]]', 'array<number, string, array<boolean>>'],
		['{"b": 1, "a": {"c": null}}', 'object<a: object<c: null>, b: number>'],
	])('of %s is %s', (json, text) => {
		expect(printType(typeOfValue(parseJson(json)))).toBe(text);
	});

	it('of sets joins the members', () => {
		expect(printType(typeOfValue(RegoSet.of([])))).toBe('set[any]');
		expect(printType(typeOfValue(RegoSet.of(['a', 1, 2])))).toBe('set[any<number, string>]');
	});

	it('of objects with other keys keeps them', () => {
		expect(printType(typeOfValue(RegoObject.of([[[1], 'x']])))).toBe('object<[1]: string>');
	});
});

describe('merging the rules of one document', () => {
	it('joins members of sets and values of dynamic objects', () => {
		expect(printType(mergeTypes(set(number), set(string)))).toBe('set[any<number, string>]');
		expect(printType(mergeTypes(object(string, number), object(number, string)))).toBe(
			'object[any<number, string>: any<number, string>]',
		);
		expect(printType(mergeTypes(object(string, object(string, number)), object(string, object(string, string))))).toBe(
			'object[string: object[string: any<number, string>]]',
		);
	});

	it('takes anything else for either', () => {
		expect(printType(mergeTypes(number, string))).toBe('any<number, string>');
		expect(printType(mergeTypes(record({ a: number }), record({ b: number })))).toBe(
			'any<object<a: number>, object<b: number>>',
		);
		expect(mergeTypes(unknown, number)).toBe(number);
	});

	it('finds the dynamic object inside a union', () => {
		const either = union(number, object(string, number));

		expect(printType(mergeTypes(either, object(string, string)))).toBe(
			'any<number, object[string: any<number, string>]>',
		);
	});
});

it('puts declared unions in order and drops names', () => {
	const declared = named('x', anyOf(set(any), string, anyOf(number, nullType)));

	expect(printType(normalize(declared))).toBe('any<string, set[any], any<null, number>>');
	expect(normalize(declared)).not.toHaveProperty('name');
	expect(normalize(declared)).toBe(normalize(declared));
});

it('tells members of a union', () => {
	expect(includesType(numberOrString, number)).toBe(true);
	expect(includesType(numberOrString, boolean)).toBe(false);
	expect(includesType(any, boolean)).toBe(true);
	expect(includesType(any, fn([], any))).toBe(false);
});
