import { expect, test } from 'vitest';
import { compile } from '../program.ts';
import type { Instrument } from './instrument.ts';

test('hooks see every expression and rule, with the values of variables', () => {
	const seen: string[] = [];
	const instrument: Instrument = {
		enterExpr: (expr) => seen.push(`enter ${expr.loc.row}:${expr.loc.col}`),
		exitExpr: (expr, rule, look) => {
			const x = rule?.locals.find((local) => local.name === 'x');
			seen.push(`exit ${expr.loc.row}:${expr.loc.col} x=${x === undefined ? '' : look(x)}`);
		},
		failExpr: (expr, _rule, _look, found) => seen.push(`fail ${expr.loc.row}:${expr.loc.col} after ${found}`),
		enterRule: (rule) => seen.push(`rule ${rule.loc.row}`),
		exitRule: (rule, value) => seen.push(`made ${rule.loc.row} ${value}`),
		failRule: (rule, found) => seen.push(`done ${rule.loc.row} after ${found}`),
	};
	const program = compile({ 'p.rego': 'package p\n\na if {\n\tx := input\n\tx > 1\n}\n' });

	program.evaluate('data.p.a', { input: 1, instrument });
	program.evaluate('data.p.a', { input: 2, instrument });

	expect(seen).toEqual([
		'rule 3',
		'enter 4:2',
		'exit 4:2 x=1',
		'enter 5:2',
		'fail 5:2 after 0',
		'fail 4:2 after 1',
		'done 3 after 0',
		'rule 3',
		'enter 4:2',
		'exit 4:2 x=2',
		'enter 5:2',
		'exit 5:2 x=2',
		'made 3 true',
		'fail 5:2 after 1',
		'fail 4:2 after 1',
		'done 3 after 1',
	]);
});

test('without early exit and index, rules that could not decide anything are seen too', () => {
	const tried: number[] = [];
	const rules = Array.from({ length: 8 }, (_, i) => `a if input.x == ${i}`).join('\n');
	const program = compile({ 'p.rego': `package p\n\n${rules}` });

	program.evaluate('data.p.a', { input: { x: 0 }, instrument: { enterRule: (rule) => tried.push(rule.loc.row) } });

	expect(tried).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
});
