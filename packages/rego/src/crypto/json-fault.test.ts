import { expect, test } from 'vitest';
import { jsonFault } from './json-fault.ts';

test.each([
	['', 'cannot parse JSON: cannot parse empty string; unparsed tail: ""'],
	['{', 'cannot parse JSON: cannot parse object: missing \'}\'; unparsed tail: ""'],
	['{"a"', 'cannot parse JSON: cannot parse object: missing \':\' after object key; unparsed tail: ""'],
	['{"a":1', 'cannot parse JSON: cannot parse object: unexpected end of object; unparsed tail: ""'],
	[
		'{"a":1 "b"}',
		'cannot parse JSON: cannot parse object: missing \',\' after object value; unparsed tail: "\\"b\\"}"',
	],
	['{a}', `cannot parse JSON: cannot parse object: cannot find opening '"" for object key; unparsed tail: "a}"`],
	['{"a', `cannot parse JSON: cannot parse object: cannot parse object key: missing closing '"'; unparsed tail: ""`],
	[
		'{"a":x}',
		'cannot parse JSON: cannot parse object: cannot parse object value: cannot parse number: unexpected char: "x"; unparsed tail: "x}"',
	],
	['[', 'cannot parse JSON: cannot parse array: missing \']\'; unparsed tail: ""'],
	['[1', 'cannot parse JSON: cannot parse array: unexpected end of array; unparsed tail: ""'],
	['tru', 'cannot parse JSON: unexpected value found: "tru"; unparsed tail: "tru"'],
	['{} x', 'unexpected tail: "x"'],
])('%j: %s', (text, fault) => {
	expect(jsonFault(text)).toBe(fault);
});

test('nesting is limited', () => {
	expect(jsonFault('['.repeat(100_000))).toContain('too big depth for the nested JSON');
});

test.each(['{}', ' [1, {"a": "\\"", "b": null}] ', 'e', '"\n"', 'true'])('finds nothing wrong with %j', (text) => {
	expect(jsonFault(text)).toBeUndefined();
});
