import { describe, expect, it } from 'vitest';
import { compile } from '../program.ts';
import { parseNumber, print, RegoObject, RegoSet, type Value } from '../value/index.ts';
import { BuiltinError, BuiltinTypeError } from './builtin.ts';
import { caller, testContext } from './calling.test.support.ts';
import { jsonPatchBuiltins } from './json-patch.ts';
import { jsonPathBuiltins } from './json-paths.ts';
import { jsonSchemaBuiltins } from './json-schema.ts';

const all = [...jsonPatchBuiltins, ...jsonPathBuiltins, ...jsonSchemaBuiltins];
const call = caller(all);
const text = (name: string, ...args: readonly Value[]): string => {
	const result = call(name, ...args);
	return result === undefined ? 'undefined' : print(result);
};
const set = (...values: readonly Value[]): Value => RegoSet.of(values);

describe('json.filter and json.remove', () => {
	const paths =
		'operand 2 must be one of {set, array} containing string paths or array of path segments but got object';

	it('refuses what is no object, no paths, or no path', () => {
		expect(() => call('json.remove', 'a', set())).toThrow(
			new BuiltinTypeError('operand 1 must be object but got string'),
		);
		expect(() => call('json.filter', {}, 'a')).toThrow('operand 2 must be one of {set, array} but got string');
		expect(() => call('json.filter', {}, [{}])).toThrow(new BuiltinTypeError(paths));
	});

	const object: Value = { a: { b: [1, 2, 3], c: set('x', 'y') }, 'd/e': 1 };

	it('keeps what the paths lead to, the shorter path winning', () => {
		expect(text('json.filter', object, ['a/b/1', '/a/c/x', 'd~1e'])).toBe('{"a": {"b": [2], "c": {"x"}}, "d/e": 1}');
		expect(text('json.filter', object, set('a/b', 'a/b/0'))).toBe('{"a": {"b": [1, 2, 3]}}');
		expect(text('json.filter', object, ['', 'nowhere/x'])).toBe('{}');
	});

	it('drops what the paths lead to, closing gaps in arrays', () => {
		expect(text('json.remove', object, ['a/b/1', ['a', 'c', 'x'], ['d/e']])).toBe('{"a": {"b": [1, 3], "c": {"y"}}}');
		expect(text('json.remove', object, ['', 'nowhere'])).toBe(print(object));
	});
});

describe('json.patch', () => {
	it('has no result when any patch does not apply', () => {
		const patches: Value[] = [
			{ op: 'nonsense', path: 'a' },
			{ op: 'add', path: 'a' },
			{ op: 'add', value: 1 },
			{ op: 'remove', path: 'x' },
			{ op: 'replace', path: 'x', value: 1 },
			{ op: 'add', path: 'x/y', value: 1 },
			{ op: 'add', path: 'l/3', value: 1 },
			{ op: 'add', path: 'l/01', value: 1 },
			{ op: 'add', path: 'a/b', value: 1 },
			{ op: 'remove', path: 'l/-' },
			{ op: 'test', path: 'a', value: 2 },
			{ op: 'move', from: 'x', path: 'a' },
			{ op: 'copy', path: 'a' },
			{ op: 'add', path: 5, value: 1 },
			{ op: 'add', path: ['s', 1], value: 2 },
			'not an object',
		];
		for (const patch of patches) {
			const document: Value = { a: 1, l: [1, 2], s: set() };
			expect([patch, text('json.patch', document, [{ op: 'add', path: 'z', value: 0 }, patch])]).toEqual([
				patch,
				'undefined',
			]);
		}
		expect(() => call('json.patch', {}, {})).toThrow('operand 2 must be array but got object');
	});

	it.each<[string, Value, readonly Value[], string]>([
		[
			'adds to arrays',
			{ l: [1, 3] },
			[
				{ op: 'add', path: '/l/1', value: 2 },
				{ op: 'add', path: 'l/-', value: 4 },
			],
			'{"l": [1, 2, 3, 4]}',
		],
		['replaces the root', { a: 1 }, [{ op: 'replace', path: '', value: [1] }], '[1]'],
		[
			'replaces within arrays',
			{ l: [{ a: 1 }] },
			[{ op: 'replace', path: ['l', 0, 'a'], value: 2 }],
			'{"l": [{"a": 2}]}',
		],
		['moves', { a: { b: 1 }, c: {} }, [{ op: 'move', from: 'a/b', path: 'c/d' }], '{"a": {}, "c": {"d": 1}}'],
		['copies', { a: [1] }, [{ op: 'copy', from: 'a', path: 'b' }], '{"a": [1], "b": [1]}'],
		['tests by value', { a: 1 }, [{ op: 'test', path: 'a', value: parseNumber('1.0')! }], '{"a": 1}'],
		['removes from sets', { foo: set('a', 'b') }, [{ op: 'remove', path: 'foo/b' }], '{"foo": {"a"}}'],
		['changes members of sets', set([1]), [{ op: 'add', path: [[1], 1], value: 2 }], '{[1, 2]}'],
		[
			'keeps keys of other types',
			RegoObject.of([[1, 'a']]),
			[{ op: 'add', path: [2], value: 'b' }],
			'{1: "a", 2: "b"}',
		],
		['unescapes pointers', { 'a/b': { '~': 1 } }, [{ op: 'remove', path: '/a~1b/~0' }], '{"a/b": {}}'],
		['changes nothing without patches', { a: 1 }, [], '{"a": 1}'],
	])('%s', (_what, document, patches, want) => {
		const before = print(document);
		expect(text('json.patch', document, patches)).toBe(want);
		expect(print(document)).toBe(before);
	});

	it('has no result when the root is gone', () => {
		expect(text('json.patch', { a: 1 }, [{ op: 'remove', path: '' }])).toBe('undefined');
	});
});

describe('json.verify_schema', () => {
	it.each<[Value, string]>([
		[
			{ type: 'x' },
			'has a primitive type that is NOT VALID -- given: /x/ Expected valid values are:[array boolean integer number null object string]',
		],
		[{ type: ['string', 'string'] }, 'string type is duplicated'],
		[{ type: 5 }, 'Invalid type. Expected: type, given: string/array of strings'],
		[{ properties: 5 }, 'properties must be of type object'],
		[{ properties: { a: 5 } }, 'Expected: valid schema, given: Invalid JSON'],
		[{ minLength: 1.5 }, 'minLength must be of an integer'],
		[{ minItems: -1 }, 'minItems must be greater than or equal to 0'],
		[{ minLength: 2, maxLength: 1 }, 'minLength cannot be greater than maxLength'],
		[{ multipleOf: 0 }, 'multipleOf must be strictly greater than 0'],
		[{ minimum: 'a' }, 'minimum must be of a number'],
		[{ exclusiveMinimum: true }, 'exclusiveMinimum cannot be used without minimum'],
		[{ pattern: '(' }, 'pattern must be a valid regex'],
		[{ patternProperties: { '(': {} } }, "Invalid regex pattern '('"],
		[{ enum: [1, 1] }, 'enum items must be unique'],
		[{ required: ['a', 'a'] }, 'required items must be unique'],
		[{ required: 'a' }, 'required must be of an array'],
		[{ $ref: 'https://example.com/s.json' }, 'remote reference loading disabled: https://example.com/s.json'],
		[{ $ref: '#/definitions/none' }, "Object has no key 'definitions'"],
		['{', 'invalid JSON string'],
		[5, 'wrong type, expected string or object'],
	])('refuses %j', (schema, message) => {
		expect(text('json.verify_schema', schema)).toBe(print([false, `jsonschema: ${message}`]));
	});

	it('takes schemas as objects and as text', () => {
		expect(text('json.verify_schema', { type: 'boolean' })).toBe('[true, null]');
		expect(text('json.verify_schema', '{"type": "boolean"}')).toBe('[true, null]');
	});
});

// Built from text, because an object with a `then` looks like a promise.
const conditional = (rest: string): Value => JSON.parse(`{"if": {}, "then": false${rest}}`) as Value;

describe('json.match_schema', () => {
	const errors = (document: Value, schema: Value): string[] => {
		const result = call('json.match_schema', document, schema) as readonly [boolean, readonly RegoObject[]];
		expect(result[0]).toBe(result[1].length === 0);
		return result[1].map((error) => error.get('error') as string);
	};

	it.each<[Value, Value, readonly string[]]>([
		[
			{ id: 'foo' },
			{ properties: { id: { type: 'integer' } } },
			['id: Invalid type. Expected: integer, given: string'],
		],
		[
			{ a: { b: [1, 'x'] } },
			{ properties: { a: { properties: { b: { items: { type: ['number', 'null'] } } } } } },
			['a.b.1: Invalid type. Expected: [number,null], given: string'],
		],
		[{}, { required: ['a'] }, ['(root): a is required']],
		[{ a: 1 }, { additionalProperties: false }, ['(root): Additional property a is not allowed']],
		[{ a: 1 }, { additionalProperties: { type: 'string' } }, ['a: Invalid type. Expected: string, given: integer']],
		[
			{ ab: 1 },
			{ patternProperties: { '^a': { type: 'string' } }, additionalProperties: false },
			['ab: Invalid type. Expected: string, given: integer'],
		],
		[{ a: 1 }, { minProperties: 2 }, ['(root): Must have at least 2 properties']],
		[
			{ a: 1 },
			{ propertyNames: { minLength: 2 } },
			['(root): Property name of "a" does not match', '(root): String length must be greater than or equal to 2'],
		],
		[{ a: 1 }, { dependencies: { a: ['b'] } }, ['(root): Has a dependency on b']],
		[[1, 1], { uniqueItems: true }, ['(root): array items[0,1] must be unique']],
		[[1, 'a'], { items: [{}], additionalItems: false }, ['(root): No additional items allowed on array']],
		[[1], { minItems: 2 }, ['(root): Array must have at least 2 items']],
		[[1], { contains: { const: 2 } }, ['(root): At least one of the items must match', '0: 0 does not match: 2']],
		[{ a: 'x' }, { properties: { a: { enum: ['y', 1] } } }, ['a: a must be one of the following: "y", 1']],
		[{ a: 'x' }, { properties: { a: { enum: [] } } }, ['a: a must be one of the following: (none)']],
		[
			{ a: 'ab' },
			{ properties: { a: { pattern: '^b', maxLength: 1 } } },
			['a: String length must be less than or equal to 1', "a: Does not match pattern '^b'"],
		],
		[
			{ a: 5 },
			{ properties: { a: { minimum: 10, multipleOf: 2 } } },
			['a: Must be a multiple of 2', 'a: Must be greater than or equal to 10'],
		],
		[{ a: 5 }, { properties: { a: { maximum: 5, exclusiveMaximum: true } } }, ['a: Must be less than 5']],
		[{ a: 5 }, { properties: { a: { exclusiveMinimum: 5.5 } } }, ['a: Must be greater than 5.5']],
		[
			{ a: 1 },
			{ properties: { a: { anyOf: [{ type: 'string' }, { type: 'null' }] } } },
			['a: Must validate at least one schema (anyOf)', 'a: Invalid type. Expected: string, given: integer'],
		],
		[{ a: 1 }, { properties: { a: { oneOf: [{}, {}] } } }, ['a: Must validate one and only one schema (oneOf)']],
		[
			{ a: 1 },
			{ properties: { a: { allOf: [{ type: 'string' }] } } },
			['a: Invalid type. Expected: string, given: integer', 'a: Must validate all the schemas (allOf)'],
		],
		[{ a: 1 }, { not: {} }, ['(root): Must not validate the schema (not)']],
		[
			{ a: 1 },
			conditional(''),
			['(root): Must validate "then" as "if" was valid', '(root): False always fails validation'],
		],
		[{ a: 'x' }, { properties: { a: { format: 'email' } } }, ["a: Does not match format 'email'"]],
		[
			{ n: { n: 1 } },
			{ properties: { n: { $ref: '#' } }, type: 'object' },
			['n.n: Invalid type. Expected: object, given: integer'],
		],
		[
			{ a: 1 },
			{ definitions: { s: { type: 'string' } }, properties: { a: { $ref: '#/definitions/s' } } },
			['a: Invalid type. Expected: string, given: integer'],
		],
	])('tells how %j does not match %j', (document, schema, want) => {
		expect(errors(document, schema)).toEqual(want);
	});

	it.each<[Value, Value]>([
		[{ id: 5 }, { properties: { id: { type: 'integer' } }, required: ['id'] }],
		['{"id": 5}', '{"properties": {"id": {"type": "number"}}}'],
		[{ a: parseNumber('1.0')! }, { properties: { a: { type: 'integer', const: 1 } } }],
		[{ a: 0.3 }, { properties: { a: { multipleOf: 0.1 } } }],
		[{ a: null }, { properties: { a: { type: 'null' } } }],
		[{ a: set(1) }, { properties: { a: { type: 'array', items: { type: 'integer' } } } }],
		[{ a: 1 }, conditional(', "const": 2, "$schema": "http://json-schema.org/draft-04/schema#"')],
		[{ constructor: 1 }, { properties: { toString: { type: 'string' } } }],
		[
			{ a: { b: 'x' } },
			{
				$id: 'https://example.com/root.json',
				definitions: { b: { $id: 'b.json', properties: { b: { type: 'string' } } } },
				properties: { a: { $ref: 'b.json' } },
			},
		],
	])('matches %j with %j', (document, schema) => {
		expect(errors(document, schema)).toEqual([]);
	});

	it.each<[string, readonly string[], readonly string[]]>([
		['date', ['2024-02-29'], ['2023-02-29', '2024-1-01', '2024-13-01']],
		['time', ['10:00:00', '10:00:00.5Z', '10:00:00+02:00'], ['24:00:00', '10:00', 'a']],
		['date-time', ['2024-01-01T10:00:00Z', '2024-01-01'], ['2024-01-01T10:00:00', '2024-01-01 10:00:00Z']],
		['hostname', ['a.example', 'x'], ['-a', 'a..b', '']],
		['email', ['a@b.example', 'Ann <a@b.example>'], ['a', 'a@', '@b', 'a b@c']],
		['ipv4', ['127.0.0.1'], ['127.0.0.256', '1.2.3', '01.2.3.4', '::1']],
		[
			'ipv6',
			['::1', 'fe80::1:2', '::ffff:1.2.3.4', '1:2:3:4:5:6:7:8'],
			['1', ':::', '1:2:3:4:5:6:7:8:9', '::1::', '127.0.0.1', 'g::'],
		],
		['uri', ['https://a.example/b', 'urn:x'], ['/a', 'a\\b:c', 'http://[']],
		['uri-reference', ['/a', ''], ['%', 'a\\b']],
		['uri-template', ['/a{b}', '/a'], ['/a{b', '\\']],
		['uuid', ['123e4567-E89b-12d3-a456-426614174000'], ['123e4567']],
		['regex', ['^a+$', ''], ['(', '(?=a)']],
		['json-pointer', ['', '/a~1b'], ['a', '/~2']],
		['relative-json-pointer', ['0#', '1/a'], ['/a', '-1']],
		['unheard-of', ['anything'], []],
	])('knows the format %s', (format, good, bad) => {
		const matches = (value: string): boolean => errors([value], { items: { format } }).length === 0;
		expect(good.filter((value) => !matches(value))).toEqual([]);
		expect(bad.filter(matches)).toEqual([]);
	});

	it('refuses bad schemas and documents, endless references, and stops at the budget', () => {
		expect(() => call('json.match_schema', {}, { type: 'x' })).toThrow(BuiltinError);
		expect(() => call('json.match_schema', '{', {})).toThrow('invalid JSON string');
		expect(() => call('json.match_schema', 5, {})).toThrow('wrong type, expected string or object');
		expect(() => call('json.match_schema', {}, { $ref: '#' })).toThrow('nested too deeply');
		const poor = caller(
			all,
			testContext({
				spend: () => {
					throw new Error('budget');
				},
			}),
		);
		expect(() => poor('json.match_schema', {}, {})).toThrow('budget');
	});
});

describe('a schema that its host changes', () => {
	const source = 'package p\n\na := json.match_schema("1", data.schema)[0]\n\nb := json.verify_schema(data.schema)[0]';
	const program = compile({ 'p.rego': source });

	it('is read anew by the next evaluation', () => {
		const data: { schema: { type: string } } = { schema: { type: 'number' } };
		expect(program.evaluate('data.p', { data }).result).toEqual({ a: true, b: true });
		data.schema.type = 'string';
		expect(program.evaluate('data.p', { data }).result).toEqual({ a: false, b: true });
		data.schema.type = 'nothing';
		expect(program.evaluate('data.p', { data }).result).toEqual({ b: false });
	});

	it('is read anew when only what a frozen part of it holds was changed', () => {
		const data = { schema: Object.freeze({ properties: { x: { type: 'number' } }, items: Object.freeze([]) }) };
		const matches = compile({ 'p.rego': 'package p\n\na := json.match_schema({"x": 1}, data.schema)[0]' });
		expect(matches.evaluate('data.p.a', { data }).result).toBe(true);
		data.schema.properties.x.type = 'string';
		expect(matches.evaluate('data.p.a', { data }).result).toBe(false);
	});
});
