/** Calls of builtins that Rego v1 has no more, although OPA still knows them. */
import type { LBody, LExpr, LProgram, LRule } from '../compile/lowered.ts';
import { closuresOf } from '../compile/safety.ts';
import type { Diagnostic } from '../errors.ts';

/** What to write instead. */
const successors: ReadonlyMap<string, string> = new Map([
	['all', 'use every x in xs { x == true }'],
	['any', 'use true in xs'],
	['re_match', 'use regex.match'],
	['set_diff', 'use x - y'],
	['net.cidr_overlap', 'use net.cidr_contains'],
	['cast_array', 'check the type with is_array'],
	['cast_boolean', 'check the type with is_boolean'],
	['cast_null', 'check the type with is_null'],
	['cast_object', 'check the type with is_object'],
	['cast_set', 'check the type with is_set'],
	['cast_string', 'check the type with is_string'],
]);

/** Reports calls of deprecated builtins. */
export function checkDeprecated(program: LProgram): readonly Diagnostic[] {
	const errors: Diagnostic[] = [];
	const branches = new Set<LRule>(program.rules.flatMap((rule) => (rule.else === undefined ? [] : [rule.else])));
	for (const rule of program.rules) {
		if (branches.has(rule) || program.failed.has(rule)) continue;
		for (let at: LRule | undefined = rule; at !== undefined; at = at.else) checkBody(at.body, errors);
	}
	return errors;
}

function checkBody(body: LBody, errors: Diagnostic[]): void {
	for (const expr of body.exprs) checkExpr(expr, errors);
}

function checkExpr(expr: LExpr, errors: Diagnostic[]): void {
	if (expr.kind === 'call' && expr.callee.kind === 'builtin' && expr.callee.builtin?.deprecated === true) {
		const { name } = expr.callee;
		const hint = successors.get(name);
		const message = `deprecated built-in function calls in expression: ${name}`;
		const diagnostic = { code: 'rego_type_error', message, loc: expr.loc } as const;
		errors.push(hint === undefined ? diagnostic : { ...diagnostic, hint });
	}
	if (expr.kind === 'not' && !expr.closure) checkBody(expr.body, errors);
	for (const closure of closuresOf(expr)) checkBody(closure.body, errors);
}
