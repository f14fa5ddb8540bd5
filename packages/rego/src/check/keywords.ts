/** `input` and `data` always mean the documents: no rule or `:=` may take their names. */
import type { Module, Rule, Term } from '../ast/ast.ts';
import type { LProgram } from '../compile/lowered.ts';
import { isAssignment } from '../compile/scope.ts';
import type { Diagnostic } from '../errors.ts';
import { walkExprs } from './walk.ts';

/** Reports rules and variables named `input` or `data`. */
export function checkKeywordOverrides(program: LProgram): readonly Diagnostic[] {
	return program.modules.flatMap((module) => [...ruleOverrides(module), ...variableOverrides(module)]);
}

function ruleOverrides(module: Module): Diagnostic[] {
	return module.rules.flatMap((rule) => {
		const name = headName(rule);
		if (!isDocument(name)) return [];
		const message = `rules must not shadow ${name} (use a different rule name)`;
		return [{ code: 'rego_compile_error', message, loc: rule.loc }];
	});
}

function headName(rule: Rule): string {
	const [first] = rule.head.ref;
	return first?.kind === 'var' ? first.name : '';
}

function variableOverrides(module: Module): Diagnostic[] {
	const errors: Diagnostic[] = [];
	walkExprs(module, (expr) => {
		if (expr.kind !== 'term') return;
		const { term } = expr;
		if (!isAssignment(term)) return;
		const name = nameOf(term.args[0]);
		if (!isDocument(name)) return;
		const message = `variables must not shadow ${name} (use a different variable name)`;
		errors.push({ code: 'rego_compile_error', message, loc: expr.loc });
	});
	return errors;
}

/** The name of a lone variable: the parser gives the documents' names as references of one part. */
function nameOf(term: Term): string {
	const lone = term.kind === 'ref' && term.terms.length === 1 ? term.terms[0]! : term;
	return lone.kind === 'var' ? lone.name : '';
}

function isDocument(name: string): boolean {
	return name === 'input' || name === 'data';
}
