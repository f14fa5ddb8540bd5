/** `input` and `data` always mean the documents: no rule or `:=` may take their names. */
import type { Expr, Module, Rule, Term } from '../ast/ast.ts';
import { walkRule } from '../ast/walk.ts';
import type { LProgram } from '../compile/lowered.ts';
import { isAssignment } from '../compile/scope.ts';
import type { Diagnostic } from '../errors.ts';

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
	const visit = (expr: Expr): boolean => {
		const name = expr.kind === 'term' ? assignedName(expr.term) : '';
		if (isDocument(name)) {
			const message = `variables must not shadow ${name} (use a different variable name)`;
			errors.push({ code: 'rego_compile_error', message, loc: expr.loc });
		}
		return true;
	};
	for (const rule of module.rules) walkRule(rule, () => true, visit);
	return errors;
}

/** What `:=` gives a value, if that is a lone name: the parser gives the documents' names as references of one part. */
function assignedName(term: Term): string {
	if (!isAssignment(term)) return '';
	const [target] = term.args;
	const lone = target.kind === 'ref' && target.terms.length === 1 ? target.terms[0]! : target;
	return lone.kind === 'var' ? lone.name : '';
}

function isDocument(name: string): boolean {
	return name === 'input' || name === 'data';
}
