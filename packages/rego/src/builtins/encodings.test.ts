import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNumber, print, RegoObject, RegoSet, type Value } from '../value/index.ts';
import { base64Builtins } from './base64.ts';
import { BuiltinError, BuiltinLimitError, BuiltinTypeError } from './builtin.ts';
import { caller } from './calling.test.support.ts';
import { hexBuiltins } from './hex.ts';
import { jsonTextBuiltins } from './json-text.ts';
import { uriBuiltins } from './uri.ts';
import { yamlBuiltins } from './yaml.ts';

const call = caller([...base64Builtins, ...hexBuiltins, ...jsonTextBuiltins, ...uriBuiltins, ...yamlBuiltins]);
const text = (name: string, ...args: readonly Value[]): string => print(call(name, ...args)!);

describe('base64 and hex', () => {
	it.each([
		['base64.decode', 'a', 'illegal base64 data at input byte 0'],
		['base64.decode', 'Zm9v!', 'illegal base64 data at input byte 4'],
		['base64.decode', 'Zg=', 'illegal base64 data at input byte 3'],
		['base64.decode', 'Zg', 'illegal base64 data at input byte 0'],
		['base64.decode', 'Zm9v=', 'illegal base64 data at input byte 4'],
		['base64.decode', 'Zg==x', 'illegal base64 data at input byte 4'],
		['base64.decode', 'Zm8-', 'illegal base64 data at input byte 3'],
		['base64url.decode', 'Zm9vY', 'illegal base64url string: Zm9vY'],
		['hex.decode', 'fghijkl', "encoding/hex: invalid byte: U+0067 'g'"],
		['hex.decode', 'abc', 'encoding/hex: odd length hex string'],
	])('refuses %s of %j', (name, input, message) => {
		expect(() => call(name, input)).toThrow(new BuiltinError(message));
	});

	it('gives back what it encoded', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'binary' }), (input) => {
				fc.pre(input.isWellFormed());
				for (const name of ['base64', 'base64url', 'hex']) {
					expect(call(`${name}.decode`, call(`${name}.encode`, input)!)).toBe(input);
				}
				expect(call('base64url.decode', call('base64url.encode_no_pad', input)!)).toBe(input);
			}),
		);
	});

	it('skips line breaks, and knows what it can read', () => {
		expect(call('base64.decode', 'Zm9v\r\nYg=\n=\n')).toBe('foob');
		expect([call('base64.is_valid', 'Zg=='), call('base64.is_valid', 'Zg'), call('base64.is_valid', 1)]).toEqual([
			true,
			false,
			false,
		]);
		expect([call('base64.encode', '>>?'), call('base64url.encode', '>>?a')]).toEqual(['Pj4/', 'Pj4_YQ==']);
	});
});

describe('json', () => {
	it('refuses options it does not know, and text that is not JSON', () => {
		expect(() => call('json.marshal_with_options', 1, { a: 1 })).toThrow(
			new BuiltinTypeError('operand 2 object contained unknown key a'),
		);
		expect(() => call('json.marshal_with_options', 1, { pretty: 1 })).toThrow(
			'operand 2 key pretty failed cast to bool',
		);
		expect(() => call('json.marshal_with_options', 1, { indent: 1 })).toThrow(
			'operand 2 key indent failed cast to string: operand 0 must be string but got number',
		);
		expect(() => call('json.unmarshal', '{')).toThrow(BuiltinError);
		expect(() => call('json.unmarshal', 1)).toThrow('operand 1 must be string but got number');
	});

	it('writes numbers, sets and odd keys exactly, and escapes for HTML', () => {
		const value = RegoObject.of([
			[1, RegoSet.of([2, 1])],
			['<&>', [parseNumber('1.0')!, parseNumber('12345678901234567890')!, '\u2028']],
		]);
		expect(call('json.marshal', value)).toBe(
			'{"1":[1,2],"\\u003c\\u0026\\u003e":[1.0,12345678901234567890,"\\u2028"]}',
		);
	});

	it('lays out on request', () => {
		expect(call('json.marshal_with_options', { a: [1, {}], b: [] }, { pretty: true })).toBe(
			'{\n\t"a": [\n\t\t1,\n\t\t{}\n\t],\n\t"b": []\n}',
		);
		expect(call('json.marshal_with_options', { a: 1 }, { prefix: '> ', indent: ' ' })).toBe('> {\n>  "a": 1\n> }');
		expect(call('json.marshal_with_options', { a: 1 }, { pretty: false, indent: ' ' })).toBe('{"a":1}');
	});

	it('reads back every digit', () => {
		expect(text('json.unmarshal', '{"a": [1.0, 12345678901234567890]}')).toBe('{"a": [1.0, 12345678901234567890]}');
		expect([call('json.is_valid', '{}'), call('json.is_valid', '{'), call('json.is_valid', 1)]).toEqual([
			true,
			false,
			false,
		]);
	});
});

describe('yaml', () => {
	it('refuses what is not YAML, and what JSON cannot hold', () => {
		for (const bad of ['a: {', 'a: [1', '.inf', '? [1]\n: 2', 'null: 1']) {
			expect(() => call('yaml.unmarshal', bad)).toThrow(BuiltinError);
			expect(call('yaml.is_valid', bad)).toBe(false);
		}
	});

	it('refuses to nest without end', () => {
		const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
		for (const depth of [1_500, 200_000]) {
			expect(() => call('yaml.unmarshal', nested(depth))).toThrow(BuiltinLimitError);
		}
		for (const name of ['json.unmarshal', 'json.is_valid']) {
			expect(() => call(name, nested(1_500))).toThrow(BuiltinLimitError);
		}
		// Go reads no more than ten thousand levels either: there OPA has an error, too.
		expect(() => call('json.unmarshal', nested(200_000))).toThrow(BuiltinError);
		expect(call('json.is_valid', nested(200_000))).toBe(false);
	});

	it('refuses a text whose aliases multiply', () => {
		const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x]'];
		for (let i = 1; i < 9; i++)
			lines.push(
				`a${i}: &a${i} [${Array(9)
					.fill(`*a${i - 1}`)
					.join(',')}]`,
			);
		expect(() => call('yaml.unmarshal', lines.join('\n'))).toThrow(BuiltinLimitError);
	});

	it('reads YAML 1.1, dates as text', () => {
		expect(text('yaml.unmarshal', 'a: yes\nb: 0o17\nc: 0x1f\nd: 2001-01-01\ne: 12:30:45\n1: ~\ntrue: x')).toBe(
			'{"1": null, "a": true, "b": "0o17", "c": 31, "d": "2001-01-01", "e": "12:30:45", "true": "x"}',
		);
		expect(text('yaml.unmarshal', 'base: &b {x: 1}\nuse:\n  <<: *b\n  z: 2')).toBe(
			'{"base": {"x": 1}, "use": {"x": 1, "z": 2}}',
		);
		expect(text('yaml.unmarshal', '')).toBe('null');
		expect(text('yaml.unmarshal', '1\n---\n2')).toBe('1');
	});

	it('writes what it reads back as the same value', () => {
		const value: Value = {
			b: ['yes', '1', 'a: b', 'x\ny\n', ''],
			a: { n: 1.5, big: parseNumber('12345678901234567')! },
		};
		expect(call('yaml.marshal', [{ foo: RegoSet.of([2, 1]) }])).toBe('- foo:\n  - 1\n  - 2\n');
		expect(text('yaml.unmarshal', call('yaml.marshal', value)!)).toBe(print(value));
		expect(call('yaml.marshal', { a10: 'a: b', a9: 'yes', y: '', _: 'x\ny' })).toBe(
			'_: |-\n  x\n  y\na9: "yes"\na10: \'a: b\'\n"y": ""\n',
		);
	});
});

describe('uri and urlquery', () => {
	it.each([
		['http://exa%6dple.com/', 'parse "http://exa%6dple.com/": invalid URL escape "%6d"'],
		['http://a<b@example.com/', 'parse "http://a<b@example.com/": net/url: invalid userinfo'],
		['http://example.com:٣٤/', 'parse "http://example.com:٣٤/": invalid port ":٣٤" after host'],
		['http://[invalid', 'parse "http://[invalid": missing \']\' in host'],
		['://h', 'parse "://h": missing protocol scheme'],
		['a:b/c\n', 'parse "a:b/c\\n": net/url: invalid control character in URL'],
		['1abc://h', 'parse "1abc://h": first path segment in URL cannot contain colon'],
		['http://a b/', 'parse "http://a b/": invalid character " " in host name'],
		['/a%zz', 'parse "/a%zz": invalid URL escape "%zz"'],
		['/a#%', 'parse "/a#%": invalid URL escape "%"'],
	])('refuses %j', (input, message) => {
		expect(() => call('uri.parse', input)).toThrow(new BuiltinError(message));
		expect(call('uri.is_valid', input)).toBe(false);
	});

	it.each<[string, string]>([
		['', '{}'],
		['mailto:user@example.com', '{"scheme": "mailto"}'],
		[
			'HTTPS://u:p@Example.com:8080/a%2Fb?q=1#t%20p',
			'{"fragment": "t p", "hostname": "Example.com", "path": "/a/b", "port": "8080", "raw_path": "/a%2Fb", "raw_query": "q=1", "scheme": "https"}',
		],
		[
			'http://[fe80::1%25en0]:80/',
			'{"hostname": "fe80::1%en0", "path": "/", "port": "80", "raw_path": "/", "scheme": "http"}',
		],
		['http://[::1]/', '{"hostname": "::1", "path": "/", "raw_path": "/", "scheme": "http"}'],
		['//host/p?', '{"hostname": "host", "path": "/p", "raw_path": "/p"}'],
		['/a%21b', '{"path": "/a!b", "raw_path": "/a!b"}'],
		['*', '{"path": "*", "raw_path": "*"}'],
		['http://foo]bar/', '{"hostname": "foo]bar", "path": "/", "raw_path": "/", "scheme": "http"}'],
	])('reads %j', (input, want) => {
		expect(text('uri.parse', input)).toBe(want);
	});

	it('finds neither the empty string nor a number valid', () => {
		expect([call('uri.is_valid', ''), call('uri.is_valid', 1), call('uri.is_valid', 'a')]).toEqual([
			false,
			false,
			true,
		]);
	});

	it('refuses bad query strings, and values that are not text', () => {
		expect(() => call('urlquery.decode', '%4')).toThrow(new BuiltinError('invalid URL escape "%4"'));
		expect(() => call('urlquery.decode', '%é&')).toThrow(new BuiltinError('invalid URL escape "%é"'));
		expect(() => call('urlquery.decode', '%4é')).toThrow(new BuiltinError('invalid URL escape "%4\\xc3"'));
		expect(() => call('urlquery.decode_object', 'a=1;b=2')).toThrow('invalid semicolon separator in query');
		expect(() => call('urlquery.encode_object', { a: 1 })).toThrow(
			new BuiltinTypeError('operand 1 values must be string, array[string], or set[string]'),
		);
		expect(() => call('urlquery.encode_object', 'a')).toThrow('operand 1 must be object but got string');
	});

	it('encodes and decodes query strings', () => {
		expect(call('urlquery.encode', 'a=b+1 é*')).toBe('a%3Db%2B1+%C3%A9%2A');
		expect(call('urlquery.decode', 'a%3Db%2B1+%C3%A9')).toBe('a=b+1 é');
		expect(call('urlquery.encode_object', { b: ['2', '1'], a: RegoSet.of(['y', 'x']) })).toBe('a=x&a=y&b=2&b=1');
		expect(text('urlquery.decode_object', 'a=v1&b=%20&a=v2&c&&=x')).toBe(
			'{"": ["x"], "a": ["v1", "v2"], "b": [" "], "c": [""]}',
		);
	});
});
