import { describe, expect, it } from 'vitest';
import type { Expr, Rule, Term } from '../ast/ast.ts';
import { exprText, termText } from '../ast/text.ts';
import { walkRule } from '../ast/walk.ts';
import { parseModule, parseQuery, parseRef, parseTermText } from './index.ts';

const rules = (text: string): readonly Rule[] => parseModule(`package x\n${text}`, 'x.rego').rules;
const rule = (text: string): Rule => rules(text)[0]!;
const query = (text: string): Expr => parseQuery(text)[0]!;
const text = (source: string): string => exprText(query(source));

describe('terms', () => {
	it.each([
		['1 + 2 * 3 - 4', 'minus(plus(1, mul(2, 3)), 4)'],
		['a | b & c == d + 1', 'equal(or(a, and(b, c)), plus(d, 1))'],
		['a == b in c', 'internal.member_2(equal(a, b), c)'],
		['a in b in c', 'internal.member_2(internal.member_2(a, b), c)'],
		['(k, v in c)', 'internal.member_3(k, v, c)'],
		['f(k, v in c)', 'f(k, internal.member_2(v, c))'],
		['[1, (2, 3 in c)]', '[1, internal.member_3(2, 3, c)]'],
		['(1 + 2) * 3', 'mul(plus(1, 2), 3)'],
		['-x.y', 'minus(0, x.y)'],
		['- 5 - -1', 'minus(-5, -1)'],
		['.5', '0.5'],
		['{}', '{}'],
		['set()', 'set()'],
		['{, 1, 2,}', '{1, 2}'],
		['{1 | 1, 2}', '{2, or(1, 1)}'],
		['{x | y}', '{x | y}'],
		['[x | y; z]', '[x | y; z]'],
		['{x: y | z}', '{x: y | z}'],
		['{x: y | z, 1: 2}', '{1: 2, x: or(y, z)}'],
		['data.a["b c"][d].if', 'data.a["b c"][d]["if"]'],
		['f(x)[0].y(z)', 'f(x)[0].y(z)'],
		['[1, 2][_]', '[1, 2][_]'],
		['a := b', 'assign(a, b)'],
		['a = b', 'a = b'],
		['x with input.a as 1 with f as g', 'x with input.a as 1 with f as g'],
		['every k, v in xs { v; k }', 'every k, v in xs { v; k }'],
		['some x, y', 'some x, y'],
		['some k, v in xs', 'some k, v in xs'],
		['not x', 'not x'],
		['not.x', 'not.x'],
		['$"a{x}b{1}\\n"', '$"a{x}b1\\n"'],
	])('reads %s', (source, expected) => {
		expect(text(source)).toBe(expected);
	});

	it('undoes escapes, and keeps raw strings as they are', () => {
		const [a, b] = parseQuery('"\\u0041\\ud83d\\ude00\\ud800\\n"; `a\\n`');

		expect(a).toMatchObject({ term: { kind: 'string', value: 'A😀\ufffd\n' } });
		expect(b).toMatchObject({ term: { kind: 'string', value: 'a\\n', raw: true } });
	});

	it('keeps the text of numbers', () => {
		expect(query('[1.0, 1e109, 99999999999999999999]')).toMatchObject({
			term: { items: [{ text: '1.0' }, { text: '1e109' }, { text: '99999999999999999999' }] },
		});
	});

	it('gives every wildcard a name of its own', () => {
		const { term } = query('[_, _]') as Extract<Expr, { kind: 'term' }>;
		const names = (term as Extract<Term, { kind: 'array' }>).items.map((item) => item.kind === 'var' && item.name);

		expect(new Set(names).size).toBe(2);
	});

	it('ends a ref at a blank', () => {
		expect(parseQuery('a\n[b]')).toHaveLength(2);
	});
});

describe('rules', () => {
	it('reads heads', () => {
		expect(rule('a.b[c].d := 1 if c := 2').head).toMatchObject({
			ref: [{ name: 'a' }, { value: 'b' }, { name: 'c' }, { value: 'd' }],
			value: { text: '1' },
			assign: true,
			args: undefined,
		});
		expect(rule('p contains x if x := 1').head).toMatchObject({ ref: [{ name: 'p' }], contains: { name: 'x' } });
		expect(rule('f(x, [y]) = z if true').head).toMatchObject({
			args: [{ name: 'x' }, { kind: 'array' }],
			assign: false,
		});
		expect(rule('default p := {x | x := 1}')).toMatchObject({ default: true, body: [] });
	});

	it('reads rules without a body, functions among them', () => {
		expect(
			rules('p := 1\nq.r = 2\nf(x) := x\ng(1)\ns contains 3').map(({ body, hasIf }) => [body.length, hasIf]),
		).toEqual(Array(5).fill([0, false]));
	});

	it('tells a body in braces from a literal', () => {
		expect(rule('p if { x }')).toMatchObject({ braces: true, body: [{ term: { name: 'x' } }] });
		expect(rule('p if {"a": 1}')).toMatchObject({ braces: false, body: [{ term: { kind: 'object' } }] });
		expect(rule('p if {1} == {x}')).toMatchObject({ braces: false, body: [{ term: { kind: 'call' } }] });
		expect(rule('p if { {1} }')).toMatchObject({ braces: true, body: [{ term: { kind: 'set' } }] });
	});

	it('hangs else branches onto each other, with the head of their rule', () => {
		const first = rule('f(_) := 1 if a\nelse := 2 if b\nelse if { c }\nelse := 3');

		expect(first.else?.head.value).toMatchObject({ text: '2' });
		expect(first.else?.else).toMatchObject({ hasIf: true, head: { value: undefined } });
		expect(first.else?.else?.else).toMatchObject({ body: [], else: undefined });
		expect(first.else?.head.args).not.toEqual(first.head.args);
	});

	it('repeats the head for further bodies, standing at those', () => {
		const [first, second] = rules('p contains x if { x := 1 } { x := 2 }');

		expect([first!.chained, second!.chained]).toEqual([false, true]);
		expect(second!.head.contains).toMatchObject({ name: 'x', loc: { row: 2, col: 28 } });
	});

	it('reads keywords as names in refs', () => {
		expect(rule('if.contains.not := 1').head.ref).toMatchObject([
			{ name: 'if' },
			{ value: 'contains' },
			{ value: 'not' },
		]);
		expect(parseModule('package if.else', '').package.path.terms).toMatchObject([
			{},
			{ value: 'if' },
			{ value: 'else' },
		]);
	});

	it('negates bodies once `not` is imported, and terms before', () => {
		const source = 'p if { not { x; y } }\nq if not f(x)';

		expect(() => rules(source)).toThrow('unexpected ; token');
		expect(rules(`import future.keywords.not\n${source}`).map(({ body }) => body[0])).toMatchObject([
			{ kind: 'not', explicit: true, body: [{}, {}] },
			{ kind: 'not', explicit: false, body: [{ kind: 'term' }] },
		]);
		expect(rule('q if not f(x)').body[0]).toMatchObject({ kind: 'term', negated: true });
	});

	it('reads `and` and `or` only when told to', () => {
		const source = 'package x\nimport future.keywords\np if a or b and { c; d }';

		expect(parseModule(source, '', { experimental: true }).rules[0]?.body).toMatchObject([
			{ kind: 'or', right: { body: [{ kind: 'and', right: { explicit: true } }] } },
		]);
		expect(() => parseModule(source, '')).toThrow('var cannot be used for rule name');
	});
});

describe('locations', () => {
	it('stand where OPA reports them, with the text of the node', () => {
		const source = 'package x\np := x if {\n\ty == (a + b)\n\tf(1)[0]\n} else := 2 if z\n';
		const found: string[] = [];
		walkRule(parseModule(source, 'x.rego').rules[0]!, (term) => {
			found.push(`${term.loc.row}:${term.loc.col} ${source.slice(term.loc.offset, term.loc.end)}`);
			return true;
		});

		expect(found).toContain('2:6 x');
		expect(found).toContain('3:2 y == (a + b)');
		expect(found).toContain('3:8 (a + b)');
		expect(found).toContain('4:2 f(1)[0]');
		expect(found).toContain('5:16 z');
	});

	it('cover a rule with its else branches', () => {
		const source = 'package x\np if a else := 1 if b';
		const { loc } = parseModule(source, '').rules[0]!;

		expect(source.slice(loc.offset, loc.end)).toBe('p if a else := 1 if b');
	});
});

describe('parseTermText and parseRef', () => {
	it('read values that JSON cannot hold, and refs', () => {
		expect(termText(parseTermText('{"a": {1, set(), {"b"}}, [1]: null}'))).toBe('{"a": {1, set(), {"b"}}, [1]: null}');
		expect(termText(parseRef('data.a[0]["b c"]'))).toBe('data.a[0]["b c"]');
	});
});
