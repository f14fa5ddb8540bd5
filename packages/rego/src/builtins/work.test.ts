import { describe, expect, it, test } from 'vitest';
import { RegoError } from '../errors.ts';
import { compile } from '../program.ts';
import type { Value } from '../value/index.ts';
import { testContext } from './calling.test.support.ts';
import { coreBuiltins } from './registry.ts';

/** A bound against hanging, on a busy machine too, not a measure: without the limits it would be minutes. */
const hangMs = 15_000;

/** What a call gives, and how long it takes, in milliseconds. */
function timed(name: string, ...args: readonly Value[]): { readonly result: Value | undefined; readonly ms: number } {
	const started = performance.now();
	const result = coreBuiltins.get(name)!.run(args, testContext());
	return { result, ms: performance.now() - started };
}

/** How one evaluation of `data.p.a` ends that has a tenth of the gateway's steps, and how long that takes. */
function outcome(rule: string, input: Value): { readonly end: unknown; readonly ms: number } {
	const program = compile({ 'p.rego': `package p\n\n${rule}` });
	const started = performance.now();
	const run = (): unknown => {
		try {
			return program.evaluate('data.p.a', { input, limits: { stepsMax: 200_000 } }).result;
		} catch (error) {
			if (error instanceof RegoError) return error.code;
			throw error;
		}
	};
	return { end: run(), ms: performance.now() - started };
}

// An agent writes these texts: one of a megabyte must not hold up a decision.
describe('time linear in the text', () => {
	const spaces = ' '.repeat(500_000);
	const many = 'a'.repeat(1_000_000);
	/** Nearly found at each place: JavaScript's own search takes text × part for it. */
	const nearly = `${'a'.repeat(250)}b${'a'.repeat(50_000)}`;

	it.each<[string, readonly Value[], unknown]>([
		['trim_space', [`a${spaces}a`], `a${spaces}a`],
		['contains', [many, nearly], false],
		['indexof', [many, nearly], -1],
		['indexof_n', [many, nearly], []],
		['strings.count', [many, nearly], 0],
		['split', [many, nearly], [many]],
		['replace', [many, nearly, 'x'], many],
		['time.parse_ns', [`.${'0'.repeat(1_000_000)}`, '.0'], undefined],
		['semver.is_valid', [`1.${'9'.repeat(1_000_000)}.0`], false],
		['semver.compare', [`1.0.0-${'9'.repeat(1_000_000)}`, `1.0.0-${'9'.repeat(999_999)}8`], 1],
	])('%s', (name, args, wanted) => {
		const started = performance.now();
		let result: Value | undefined;
		try {
			result = timed(name, ...args).result;
		} catch (error) {
			expect(String(error)).toContain('cannot parse');
		}
		expect(result).toEqual(wanted);
		expect(performance.now() - started).toBeLessThan(hangMs);
	});

	it.each([
		['ab', 'xx'],
		['aab', 'aabaabaaab'],
		['aaa', 'aaaaaaa'],
	])('long parts are found where short ones are: %s in %s', (shortPart, shortText) => {
		const times = 100;
		const part = shortPart.replace(/./g, (char) => char.repeat(times));
		const text = shortText.replace(/./g, (char) => char.repeat(times));
		const positions: number[] = [];
		for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) positions.push(at);

		expect(timed('indexof_n', text, part).result).toEqual(positions);
		expect(timed('indexof', text, part).result).toBe(text.indexOf(part));
		expect(timed('contains', text, part).result).toBe(text.includes(part));
		expect(timed('split', text, part).result).toEqual(text.split(part));
		expect(timed('strings.count', text, part).result).toBe(text.split(part).length - 1);
		expect(timed('replace', text, part, 'x').result).toBe(text.replaceAll(part, 'x'));
	});
});

// Each of these did its work in few steps: neither they nor the clock, which is read with them, could end it.
describe('work that is counted', () => {
	const size = 30_000;
	const last = Array.from({ length: size }, () => size - 1);
	const ascending = Array.from({ length: size }, (_, i) => i);
	const zeros = Array.from({ length: size }, () => 0);
	const text = 'A'.repeat(1_000_000);
	const few = ascending.slice(0, 10_000);
	const object = Object.fromEntries(ascending.map((i) => [`k${i}`, i]));
	const each = (call: string): string => `a := count([1 | some x in input.items; x >= 0; ${call}])`;

	it.each<[string, string, Value]>([
		['in', 'a if {\n\tsome x in input.items\n\tx in input.list\n\tx < 0\n}', { items: last, list: ascending }],
		[
			'object.subset',
			'a := object.subset(input.items, input.part)',
			{ items: zeros, part: [...zeros.slice(0, size / 2), 1] },
		],
		['count of an object', each('count(input.object) > 0'), { items: few, object }],
		['in an object', each('0 in input.object'), { items: few, object }],
		[
			'the first value of an object',
			`f(x, o) if {\n\tsome k\n\to[k] >= 0 - x\n}\n${each('f(x, input.object)')}`,
			{ items: few, object },
		],
		[
			'every value, up to the first',
			each('not every_is(x)').concat('\nevery_is(x) if every v in input.object { v == x + 1 }'),
			{ items: few, object },
		],
		['an object pattern', each('not is_x(x)').concat('\nis_x(x) if {"x": x} = input.object'), { items: few, object }],
		['a constant object', each('input.object != {"x": 1}'), { items: few, object }],
		['lower', each('lower(input.text) != ""'), { items: zeros, text }],
		['count', each('count(input.text) > 0'), { items: zeros, text }],
		['trim', each('trim(input.text, "A") == ""'), { items: zeros, text }],
		['base64.decode', each('base64.decode(input.text) != ""'), { items: zeros, text }],
		['hex.encode', each('hex.encode(input.text) != ""'), { items: zeros, text }],
		['urlquery.encode', each('urlquery.encode(input.text) != ""'), { items: zeros, text }],
		['uri.is_valid', each('uri.is_valid(input.text)'), { items: zeros, text }],
		['json.is_valid', each('not json.is_valid(input.text)'), { items: zeros, text }],
		['json.marshal', each('json.marshal(input.text) != ""'), { items: zeros, text }],
		['a union', `s := {x | some x in input.list}\n${each('count(s | {x}) > 0')}`, { items: zeros, list: ascending }],
		[
			'a difference',
			`s := {x | some x in input.list}\n${each('count(s - {x}) > 0')}`,
			{ items: zeros, list: ascending },
		],
		['array.slice', each('count(array.slice(input.list, 1, 40000)) > 0'), { items: zeros, list: ascending }],
		['json.remove', each('json.remove(input.object, ["/x"])'), { items: zeros, object }],
		[
			'json.patch',
			'a := count(json.patch(input.object, input.patches))',
			{
				object,
				patches: ascending.map((i) => ({ op: 'add', path: `/z${i}`, value: 1 })),
			},
		],
		[
			'regex.is_valid',
			'a := count([x | some x in input.items; not regex.is_valid(concat("", [input.pattern, format_int(x, 10)]))])',
			{ items: ascending, pattern: '[a-z]b|'.repeat(2000) },
		],
	])('%s', (_, rule, input) => {
		const { end, ms } = outcome(rule, input);

		expect(end).toBe('rego_limit_error');
		expect(ms).toBeLessThan(hangMs);
	});
});

test('what is in a list is found whatever its form', () => {
	const rule = 'a := [(x in input) | some x in [1, 1.0, "1", null, true, false, [1], {"a": 1.0}, 2, "2"]]';

	expect(outcome(rule, [1, 'x', null, true, [1], { a: 1 }]).end).toEqual([
		true,
		true,
		false,
		true,
		true,
		false,
		true,
		true,
		false,
		false,
	]);
	expect(
		outcome('a := [[k, v] | some k, v in input; (k, v in input) == true; not (9, v in input)]', ['x', 'y']).end,
	).toEqual([
		[0, 'x'],
		[1, 'y'],
	]);
});
