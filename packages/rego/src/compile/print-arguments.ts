/**
 * Arguments of `print`: what stands there must be bound by what is written above. A print never waits for a later
 * expression, so it shows values as the author reads them.
 */
import type { Diagnostic } from '../errors.ts';
import type { LBody, LComprehension, LExpr, Local, LRule } from './lowered.ts';
import { closuresOf, outputsOf, vars, varsOfExpr } from './safety.ts';

/** Reports variables in the arguments of `print` that nothing above binds, in one branch of a rule, before it is reordered. */
export function checkPrintArguments(rule: LRule): Diagnostic[] {
	const bound = new Set<Local>();
	for (const arg of rule.args ?? []) vars(arg, bound);
	return checkBody(rule.body, bound);
}

/** Reports the same for a body that stands alone. */
export function checkPrintsInBody(body: LBody): Diagnostic[] {
	return checkBody(body, new Set());
}

function checkBody(body: LBody, bound: ReadonlySet<Local>): Diagnostic[] {
	const inClosures: Diagnostic[] = [];
	for (const [i, expr] of body.exprs.entries()) {
		if (isPrint(expr)) continue;
		for (const closure of closuresOf(expr)) {
			const known = boundBy(body.exprs.slice(0, i), bound);
			if (closure.kind === 'every') {
				known.add(closure.value);
				if (closure.key !== undefined) known.add(closure.key);
			}
			inClosures.push(...checkBody(closure.body, known));
		}
	}
	if (inClosures.length > 0) return inClosures;
	for (const [i, expr] of body.exprs.entries()) {
		if (!isPrint(expr)) continue;
		const known = boundBy(body.exprs.slice(0, i), bound);
		const faults = closuresOf(expr).flatMap((closure) =>
			closure.kind === 'comprehension' ? undeclaredIn(closure, known) : [],
		);
		if (faults.length > 0) return faults;
	}
	return [];
}

function isPrint(expr: LExpr): boolean {
	return expr.kind === 'call' && expr.callee.kind === 'builtin' && expr.callee.name === 'internal.print';
}

/** Every argument of a print is the body of a comprehension. */
function undeclaredIn(argument: LComprehension, known: ReadonlySet<Local>): Diagnostic[] {
	const read = new Set<Local>();
	for (const expr of argument.body.exprs) varsOfExpr(expr, read);
	const names = [...read].filter((local) => !local.generated && !known.has(local)).map(({ name }) => name);
	return [...new Set(names)].sort().map((name) => ({
		code: 'rego_compile_error',
		message: `var ${name} is undeclared`,
		loc: argument.loc,
	}));
}

/** What is bound once all of `exprs` hold, in whatever order. */
function boundBy(exprs: readonly LExpr[], bound: ReadonlySet<Local>): Set<Local> {
	const known = new Set(bound);
	for (let size = -1; size !== known.size; ) {
		size = known.size;
		for (const expr of exprs) for (const local of outputsOf(expr, known)) known.add(local);
	}
	return known;
}
