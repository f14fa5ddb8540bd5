/** What an expression looked like when it failed: its text, the values of its parts, the variables around it. */
import type { Body, Expr } from '../ast/ast.ts';
import type { LEvery, LExpr, Local, LRule } from '../compile/lowered.ts';
import { vars, varsOfExpr } from '../compile/safety.ts';
import type { Look, Operand } from '../eval/instrument.ts';
import { print, type Value } from '../value/index.ts';

/** A part of an expression (or a variable) as written, and its value as Rego text; no value where it is undefined. */
export interface SeenValue {
	readonly text: string;
	readonly value?: string;
}

/** The first expression of a body that nothing got past. */
export interface FailedExpression {
	readonly file: string;
	/** Row and column (both from 1) of the part that failed. */
	readonly row: number;
	readonly col: number;
	/** The expression as written, on one line. */
	readonly text: string;
	/** The part of it that has no value, when the expression did not fail as a whole. */
	readonly part?: string;
	/** Both sides, when it is a comparison or an assignment of two parts. */
	readonly comparison?: { readonly operator: string; readonly left: SeenValue; readonly right: SeenValue };
	/** Values of the parts of any other expression: arguments of a call, the reference itself. */
	readonly operands: readonly SeenValue[];
	/** The author's variables that were bound, in order of appearance. */
	readonly locals: readonly SeenValue[];
	/** How often it was tried in the same body, in a loop for instance; the values are those of the first time. */
	readonly attempts: number;
	/** For `every`: the expression that failed for one of the elements. */
	readonly inside?: FailedExpression;
}

/** Longest text of one value or expression that is shown. */
const shownMax = 2_000;

const operators: ReadonlyMap<string, string> = new Map([
	['equal', '=='],
	['neq', '!='],
	['lt', '<'],
	['lte', '<='],
	['gt', '>'],
	['gte', '>='],
]);

/**
 * Describes a failure. `before` are the expressions of the body that held before it; `around` is the `every` in whose
 * body it stands, if any.
 */
export function describeFailure(
	expr: LExpr,
	rule: LRule,
	before: readonly LExpr[],
	around: LEvery | undefined,
	look: Look,
	operands: readonly Operand[],
): Omit<FailedExpression, 'attempts' | 'inside'> {
	const { source } = rule.module;
	const { file, row, col, offset, end } = expr.loc;
	const part = oneLine(source.slice(offset, end));
	const whole = authorsExpr(rule.rule.body, offset, end, around !== undefined);
	const text = whole === undefined ? part : oneLine(source.slice(whole.loc.offset, whole.loc.end));
	const seen = operands.map(({ term, value }): SeenValue => seenValue(textOf(source, term.loc), value));
	const sides = operands.length === 2 ? operatorOf(expr) : undefined;
	return {
		file,
		row,
		col,
		text,
		...(part === text ? {} : { part }),
		...(sides === undefined ? {} : { comparison: { operator: sides, left: seen[0]!, right: seen[1]! } }),
		operands: sides === undefined ? seen.filter(({ text: written, value }) => written !== value) : [],
		locals: boundLocals(rule, before, around, look),
	};
}

/** A value with the text it was written as. */
export function seenValue(text: string, value: Value | undefined): SeenValue {
	return value === undefined ? { text } : { text, value: shortened(print(value)) };
}

function shortened(text: string): string {
	return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text;
}

function textOf(source: string, loc: { readonly offset: number; readonly end: number }): string {
	return oneLine(source.slice(loc.offset, loc.end));
}

function oneLine(text: string): string {
	return shortened(text.replace(/\s+/g, ' ').trim());
}

function operatorOf(expr: LExpr): string | undefined {
	if (expr.generated) return undefined;
	if (expr.kind === 'unify') return expr.assign ? ':=' : '=';
	return expr.kind === 'call' && expr.callee.kind === 'builtin' ? operators.get(expr.callee.name) : undefined;
}

/** The expression of a body in which a part stands; the innermost one, if asked to look into bodies of `every`. */
function authorsExpr(body: Body, offset: number, end: number, innermost: boolean): Expr | undefined {
	const expr = body.find(({ loc }) => loc.offset <= offset && loc.end >= end);
	if (!innermost || expr?.kind !== 'every') return expr;
	return authorsExpr(expr.body, offset, end, true) ?? expr;
}

function boundLocals(rule: LRule, before: readonly LExpr[], around: LEvery | undefined, look: Look): SeenValue[] {
	// A frame may still hold what a later expression bound in an earlier turn of a loop, so only these count.
	const bound = new Set<Local>();
	for (const arg of rule.args ?? []) vars(arg, bound);
	for (const expr of before) varsOfExpr(expr, bound);
	if (around?.key !== undefined) bound.add(around.key);
	if (around !== undefined) bound.add(around.value);
	return rule.locals
		.filter((local) => bound.has(local) && !local.generated && local.name !== '_')
		.map((local) => seenValue(local.name, look(local)))
		.filter(({ value }) => value !== undefined);
}
