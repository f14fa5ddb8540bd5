import { type Json, jsonPointer, TapPassError } from '@tappass/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type JsonEdit, pointerParts, rewriteJson } from './rewrite-json.ts';

const odd = '{ "a" : [1, {"b":"x\\"]"} ,3 ] , "c/d~" :null,"e":{ } }\n';

test('refuses an edit that finds no place', () => {
	for (const at of ['/nope', '/a/9', '/a/1/b/c', '/e/x']) {
		expect(() => rewriteJson(odd, [{ at, json: '1' }])).toThrow(TapPassError);
		expect(() => rewriteJson(odd, [{ at, remove: true }])).toThrow(TapPassError);
	}
	expect(() => rewriteJson(odd, [{ at: '/a', member: '"x":1' }])).toThrow(TapPassError);
});

test('changes the value that is named and no other byte', () => {
	expect(rewriteJson(odd, [{ at: '/a/1/b', json: '"y"' }])).toBe(
		'{ "a" : [1, {"b":"y"} ,3 ] , "c/d~" :null,"e":{ } }\n',
	);
	expect(rewriteJson(odd, [{ at: '/c~1d~0', json: '7' }])).toBe(
		'{ "a" : [1, {"b":"x\\"]"} ,3 ] , "c/d~" :7,"e":{ } }\n',
	);
	expect(rewriteJson(odd, [{ at: '', json: '0' }])).toBe('0\n');
	expect(rewriteJson(odd, [])).toBe(odd);
});

test('removes items and members with their commas', () => {
	expect(
		JSON.parse(
			rewriteJson(odd, [
				{ at: '/a/0', remove: true },
				{ at: '/e', remove: true },
			]),
		),
	).toEqual({
		a: [{ b: 'x"]' }, 3],
		'c/d~': null,
	});
	expect(
		rewriteJson('[1,2]', [
			{ at: '/0', remove: true },
			{ at: '/1', remove: true },
		]),
	).toBe('[]');
});

test('adds a member to a full and to an empty object', () => {
	expect(rewriteJson('{"a":1}', [{ at: '', member: '"b":2' }])).toBe('{"a":1,"b":2}');
	expect(rewriteJson('{"a":{}}', [{ at: '/a', member: '"b":2' }])).toBe('{"a":{"b":2}}');
});

test('does to the text what the edit does to the value, for any document', () => {
	fc.assert(
		fc.property(
			fc.jsonValue(),
			fc.nat(),
			fc.constantFrom(undefined, 1, '\t'),
			fc.boolean(),
			(document, pick, space, remove) => {
				const text = JSON.stringify(document, null, space);
				const value = JSON.parse(text) as Json;
				const pointers = allPointers(value);
				const at = pointers[pick % pointers.length]!;
				const edit: JsonEdit = remove && at !== '' ? { at, remove: true } : { at, json: '"new"' };
				expect(JSON.parse(rewriteJson(text, [edit]))).toEqual(apply(value, edit));
			},
		),
	);
});

function allPointers(value: Json, path: readonly (string | number)[] = []): readonly string[] {
	const below =
		typeof value === 'object' && value !== null
			? Object.entries(value).flatMap(([key, one]) => allPointers(one as Json, [...path, key]))
			: [];
	return [jsonPointer(path), ...below];
}

function apply(value: Json, edit: JsonEdit): Json {
	if (edit.at === '') return 'new';
	const copy = structuredClone(value);
	const parts = [...pointerParts(edit.at)];
	const last = parts.pop()!;
	const owner = parts.reduce((one: Json, part) => (one as { readonly [key: string]: Json })[part]!, copy);
	if (!('remove' in edit))
		Object.defineProperty(owner, last, { value: 'new', enumerable: true, writable: true, configurable: true });
	else if (Array.isArray(owner)) owner.splice(Number(last), 1);
	else delete (owner as Record<string, Json>)[last];
	return copy;
}
