import { describe, expect, it } from 'vitest';
import { parseModule, parseQuery } from '../parse/index.ts';
import type { Term } from './ast.ts';
import { compareTerms } from './compare.ts';
import { relocate } from './relocate.ts';
import { headText, quote, refText, termText } from './text.ts';
import { isGround, walkTerm } from './walk.ts';

const term = (source: string): Term => {
	const [expr] = parseQuery(source);
	if (expr?.kind !== 'term') throw new Error(`no term: ${source}`);
	return expr.term;
};

describe('termText', () => {
	it.each([
		['{3, 1, "a", null}', '{null, 1, 3, "a"}'],
		['{"b": 1, "a": [x, _]}', '{"a": [x, _], "b": 1}'],
		['x + 1', 'plus(x, 1)'],
		['[x | x = y; not z]', '[x | x = y; not z]'],
		['$"a \\{ {x}"', '$"a \\{ {x}"'],
		['input["a"]["b-c"]', 'input.a["b-c"]'],
	])('writes %s as %s', (source, expected) => {
		expect(termText(term(source))).toBe(expected);
	});

	it('quotes as Go does', () => {
		expect(quote('a"\\\n\u0001é😀\u200b')).toBe('"a\\"\\\\\\n\\x01é😀\\u200b"');
	});

	it('writes heads and refs', () => {
		const { rules, package: found } = parseModule(
			'package a.b\np.q[x] := y if { x := 1; y := 2 }\ns contains 1\nf(x) = x',
			'',
		);

		expect(rules.map(({ head }) => headText(head))).toEqual(['p.q[x] := y', 's contains 1', 'f(x) = x']);
		expect(refText(found.path.terms)).toBe('data.a.b');
	});
});

describe('compareTerms', () => {
	it('orders kinds as OPA does', () => {
		const sources = ['null', 'false', 'true', '1', '2', '"a"', 'x', 'x.y', '[1]', '{"a": 1}', '{1}', '[x | x]', 'f(x)'];
		const sorted = sources.toReversed().map(term).sort(compareTerms);

		expect(sorted.map(termText)).toEqual(sources);
	});

	it('finds equal what means the same', () => {
		expect(compareTerms(term('{1, 2}'), term('{2, 1.0}'))).toBe(0);
		expect(compareTerms(term('{"a": x, "b": 1}'), term('{"b": 1, "a": x}'))).toBe(0);
		expect(compareTerms(term('[x | every y in z { y }]'), term('[x | every y in z { y }]'))).toBe(0);
		expect(compareTerms(term('99999999999999999998'), term('99999999999999999999'))).toBeLessThan(0);
		expect(compareTerms(term('[x | not y]'), term('[x | y]'))).not.toBe(0);
	});
});

describe('walking', () => {
	it('visits every term once, in source order, and skips what is refused', () => {
		const names: string[] = [];
		walkTerm(term('f(a, [b | some c in d; e with g as h])'), (inner) => {
			if (inner.kind === 'var') names.push(inner.name);
			return true;
		});
		const shallow: string[] = [];
		walkTerm(term('[a, [b]]'), (inner) => {
			shallow.push(inner.kind);
			return inner.kind !== 'array' || shallow.length === 1;
		});

		expect(names).toEqual(['f', 'a', 'b', 'c', 'd', 'e', 'g', 'h']);
		expect(shallow).toEqual(['array', 'var', 'array']);
	});

	it('tells ground terms', () => {
		expect(['[1, {"a": input.x}]', '{x | x}', 'data.a'].map((source) => isGround(term(source)))).toEqual([
			true,
			true,
			true,
		]);
		expect(['[x]', 'data.a[x]', '{"a": {_}}'].map((source) => isGround(term(source)))).toEqual([false, false, false]);
	});

	it('moves every node of a copy, and renames its variables', () => {
		const original = term('[x | y.z[w]; f({x}, $"{x}")]');
		const loc = { file: 'f', row: 9, col: 9, offset: 0, end: 0 };
		const rows = new Set<number>();
		const moved = relocate(
			original,
			() => loc,
			(name) => `${name}1`,
		);
		walkTerm(moved, (inner) => rows.add(inner.loc.row) !== undefined);

		expect(rows).toEqual(new Set([9]));
		expect(termText(moved)).toBe('[x1 | y1.z[w1]; f1({x1}, $"{x1}")]');
		expect(termText(original)).toBe('[x | y.z[w]; f({x}, $"{x}")]');
	});
});
