import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TapPassError } from '../errors/error.ts';
import { canonicalBytes, canonicalJson, sha256Hex } from './canonical.ts';
import { type ParseOptions, parseJson } from './parse.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
function codeOf(input: string | Uint8Array, options?: ParseOptions): string {
	try {
		parseJson(typeof input === 'string' ? bytes(input) : input, options);
	} catch (error) {
		if (error instanceof TapPassError) return error.code;
		throw error;
	}
	return 'accepted';
}

describe('parseJson refuses what two readers could read differently', () => {
	test.each([
		['a duplicate key', '{"a":1,"a":2}', 'json_duplicate_key'],
		['a duplicate key written with an escape', '{"a":1,"\\u0061":2}', 'json_duplicate_key'],
		['__proto__', '{"__proto__":{}}', 'json_forbidden_key'],
		['constructor deep down', '[{"x":{"constructor":1}}]', 'json_forbidden_key'],
		['a byte order mark', '\ufeff{}', 'json_malformed'],
		['an integer past 2^53 - 1', '9007199254740992', 'json_unsafe_number'],
		['minus zero when integers are asked for', '-0', 'json_unsafe_number', { integersOnly: true }],
		['an exponent when integers are asked for', '1e3', 'json_unsafe_number', { integersOnly: true }],
		['a fraction when integers are asked for', '1.0', 'json_unsafe_number', { integersOnly: true }],
		['a number that overflows', '1e999', 'json_unsafe_number'],
		['a leading zero', '01', 'json_malformed'],
		['a lone surrogate', '"\\ud800"', 'json_malformed'],
		['half a pair inside a piece of a text', '"a\\ud83d b"', 'json_malformed', { cutTexts: true }],
		['the wrong half at the start of a piece', '"\\ud83d a"', 'json_malformed', { cutTexts: true }],
		['half a pair in a key, of pieces too', '{"a\\ud83d":1}', 'json_malformed', { cutTexts: true }],
		['an unescaped control character', '"\n"', 'json_malformed'],
		['a bad escape', '"\\x"', 'json_malformed'],
		['an open string', '"abc', 'json_malformed'],
		['an open string that ends in a backslash', '"abc\\', 'json_malformed'],
		['a trailing comma', '[1,]', 'json_malformed'],
		['a missing colon', '{"a" 1}', 'json_malformed'],
		['a second document', '{} {}', 'json_malformed'],
		['a comment', '{} // x', 'json_malformed'],
		['nothing', '', 'json_malformed'],
		['a half word', 'tru', 'json_malformed'],
		['a key without quotes', '{a:1}', 'json_malformed'],
		['an object that ends early', '{"a":1', 'json_malformed'],
		['an array that ends early', '[1', 'json_malformed'],
		['65 levels', `${'['.repeat(65)}${']'.repeat(65)}`, 'json_too_deep'],
		['a text past the byte limit', `"${'a'.repeat(100)}"`, 'json_too_large', { bytesMax: 50 }],
	] as const)('refuses %s', (_, text, code, options?: ParseOptions) => {
		expect(codeOf(text, options)).toBe(code);
	});

	test('refuses bytes that are not UTF-8', () => {
		expect(codeOf(new Uint8Array([0x22, 0xff, 0x22]))).toBe('json_malformed');
	});

	test('accepts the nearest honest neighbours', () => {
		expect(codeOf('9007199254740991')).toBe('accepted');
		expect(codeOf(`${'['.repeat(64)}${']'.repeat(64)}`)).toBe('accepted');
		expect(codeOf('{"a":1,"b":{"a":2}}')).toBe('accepted');
		expect(codeOf(' \t\r\n[1.5, -0, 1e3, "\\u00e9\\n"] ')).toBe('accepted');
	});

	test('gives objects no prototype', () => {
		const value = parseJson(bytes('{"a":{}}')) as object;
		expect(['toString' in value, 'constructor' in value, '__proto__' in value]).toEqual([false, false, false]);
		expect(Object.isFrozen(Object.getPrototypeOf(value))).toBe(true);
	});

	test('never throws anything but a coded error, whatever the bytes', () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 200 }), (input) => typeof codeOf(input) === 'string'),
			{ numRuns: 2_000 },
		);
	});

	test('reads what JSON.parse reads, when it reads it', () => {
		fc.assert(
			fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
				const text = JSON.stringify(value);
				fc.pre(codeOf(text) === 'accepted');
				expect(JSON.stringify(parseJson(bytes(text)))).toBe(JSON.stringify(JSON.parse(text)));
			}),
		);
	});
});

describe('canonicalJson', () => {
	test('prints the example of RFC 8785 §3.2.3', () => {
		const value = JSON.parse(
			'{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
		);
		expect(canonicalJson(value)).toBe(
			'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
		);
	});

	test('sorts keys by UTF-16 code unit', () => {
		const keys = ['\ufb33', '\ud83d\ude00', '\u20ac', '\r', '1'];
		const text = canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])));
		expect(Object.keys(JSON.parse(text))).toEqual(['1', '\r', '\u20ac', '\ud83d\ude00', '\ufb33']);
		expect(text.indexOf('\\r')).toBeLessThan(text.indexOf('"1"'));
	});

	test.each([
		['NaN', Number.NaN, 'json_unsafe_number'],
		['an integer past 2^53 - 1', 2 ** 53, 'json_unsafe_number'],
		['undefined', undefined, 'json_malformed'],
		['a bigint', 1n, 'json_malformed'],
		['a lone surrogate', '\ud800', 'json_malformed'],
		['a hole in a list', Array(1), 'json_malformed'],
		['a Date', new Date(0), 'json_malformed'],
		['a Map', new Map([['a', 1]]), 'json_malformed'],
		['a boxed string', new String('a'), 'json_malformed'],
		['inherited members', Object.create({ a: 1 }), 'json_malformed'],
	])('refuses %s', (_, value, code) => {
		expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code }));
	});

	test('agrees with ECMAScript on every finite double', () => {
		fc.assert(
			fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
				fc.pre(!Number.isInteger(number) || Number.isSafeInteger(number) || Math.abs(number) >= 1e21);
				expect(canonicalJson(number)).toBe(Object.is(number, -0) ? '0' : String(number));
			}),
		);
	});

	test('is what its own parser reads back, and a fixed point', () => {
		fc.assert(
			fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
				const text = JSON.stringify(value);
				fc.pre(codeOf(text) === 'accepted');
				const once = canonicalJson(parseJson(bytes(text)));
				expect(canonicalJson(parseJson(bytes(once)))).toBe(once);
			}),
		);
	});

	test('leaves out members that are undefined', () => {
		expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}');
	});

	test('hashes its bytes', () => {
		expect(sha256Hex(canonicalBytes({}))).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
	});
});

describe('beside JSON.parse', () => {
	const piece = fc.oneof(
		fc.constantFrom(
			'{',
			'}',
			'[',
			']',
			',',
			':',
			' ',
			'\n',
			'"a"',
			'"b":1',
			'"\\u0041"',
			'"\\',
			'"',
			'\\',
			'\t',
			'\u0000',
			'true',
			'null',
			'nul',
		),
		fc.constantFrom(
			'0',
			'-',
			'-0',
			'01',
			'1',
			'12',
			'1.5',
			'1e3',
			'1E+',
			'.5',
			'+1',
			'123456789012345',
			'9007199254740991',
			'9007199254740992',
		),
	);
	const text = fc.oneof(
		fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
		fc.array(piece, { maxLength: 4 }).map((pieces) => `[${pieces.join(',')}]`),
		fc.json({ maxDepth: 4 }),
		fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value, null, 2)),
	);

	test('accepts nothing that it refuses, and reads the same value', () => {
		fc.assert(
			fc.property(text, (json) => {
				let strict: unknown;
				try {
					strict = parseJson(bytes(json));
				} catch {
					// A refusal is always safe.
					return;
				}
				expect(strict).toEqual(JSON.parse(json));
			}),
			{ numRuns: 5_000 },
		);
	});

	test('refuses only what it says it refuses', () => {
		fc.assert(
			fc.property(text, (json) => {
				let loose: unknown;
				try {
					loose = JSON.parse(json);
				} catch {
					return;
				}
				const code = codeOf(json);
				expect(code).not.toBe('json_malformed');
				// Written again it names each key once, so nothing is left to refuse but numbers and reserved names.
				if (code === 'json_duplicate_key') expect(codeOf(JSON.stringify(loose))).not.toBe(code);
			}),
			{ numRuns: 5_000 },
		);
	});
});
