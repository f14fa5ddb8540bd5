/** Strict mode: variables that are assigned, and function arguments that are taken, and never read. */
import type { LBody, LExpr, Local, LProgram, LRule, LTerm } from '../compile/lowered.ts';
import { closuresOf } from '../compile/safety.ts';
import type { Diagnostic } from '../errors.ts';

/** Reports variables that `:=` declares and nothing reads. */
export function checkUnusedAssignments(program: LProgram): readonly Diagnostic[] {
	const errors: Diagnostic[] = [];
	for (const rule of topRules(program)) {
		for (const branch of branchesOf(rule)) {
			const uses = new Uses();
			uses.rule(branch);
			for (const { local, expr } of uses.assigned) {
				if (uses.count(local) > 1 || local.name === '_') continue;
				errors.push({ code: 'rego_compile_error', message: `assigned var ${local.name} unused`, loc: expr.loc });
			}
		}
	}
	return errors;
}

/** Reports arguments that no branch of a function reads. */
export function checkUnusedArguments(program: LProgram): readonly Diagnostic[] {
	const errors: Diagnostic[] = [];
	for (const rule of topRules(program)) {
		if (rule.args === undefined) continue;
		const read = new Set<string>();
		for (const branch of branchesOf(rule)) {
			const uses = new Uses();
			uses.rule(branch);
			for (const local of variablesOf(branch.args ?? [])) {
				if (uses.count(local) > argumentCount(branch, local)) read.add(local.name);
			}
		}
		const names = new Set([...variablesOf(rule.args)].map(({ name }) => name));
		for (const name of [...names].sort()) {
			if (name === '_' || read.has(name)) continue;
			const message = `unused argument ${name}. (hint: use _ (wildcard variable) instead)`;
			errors.push({ code: 'rego_compile_error', message, loc: rule.loc });
		}
	}
	return errors;
}

function topRules(program: LProgram): readonly LRule[] {
	const branches = new Set(program.rules.flatMap((rule) => (rule.else === undefined ? [] : [rule.else])));
	return program.rules.filter((rule) => !branches.has(rule) && !program.failed.has(rule));
}

function branchesOf(rule: LRule): readonly LRule[] {
	return rule.else === undefined ? [rule] : [rule, ...branchesOf(rule.else)];
}

function argumentCount(rule: LRule, local: Local): number {
	const uses = new Uses();
	for (const arg of rule.args ?? []) uses.term(arg);
	return uses.count(local);
}

function variablesOf(terms: readonly LTerm[]): ReadonlySet<Local> {
	const uses = new Uses();
	for (const term of terms) uses.term(term);
	return new Set([...uses.locals()].filter((local) => !local.generated));
}

/** Counts the places where each variable stands. */
class Uses {
	readonly assigned: { readonly local: Local; readonly expr: LExpr }[] = [];
	readonly #counts = new Map<Local, number>();

	count(local: Local): number {
		return this.#counts.get(local) ?? 0;
	}

	locals(): Iterable<Local> {
		return this.#counts.keys();
	}

	rule(rule: LRule): void {
		for (const part of rule.path) this.term(part);
		for (const arg of rule.args ?? []) this.term(arg);
		if (rule.member !== undefined) this.term(rule.member);
		if (rule.value !== undefined) this.term(rule.value);
		this.#body(rule.body);
	}

	term(term: LTerm): void {
		switch (term.kind) {
			case 'var':
				this.#counts.set(term.local, this.count(term.local) + 1);
				break;
			case 'ref':
				if (typeof term.head !== 'string') this.term(term.head);
				for (const operand of term.path) this.term(operand);
				break;
			case 'array':
			case 'set':
				for (const item of term.items) this.term(item);
				break;
			case 'object':
				for (const part of term.entries.flat()) this.term(part);
				break;
			case 'comprehension':
				if (term.key !== undefined) this.term(term.key);
				this.term(term.term);
				break;
			default:
				break;
		}
	}

	#body(body: LBody): void {
		for (const expr of body.exprs) this.#expr(expr);
	}

	#expr(expr: LExpr): void {
		for (const { target, value } of expr.with) {
			if (target.kind !== 'function') for (const operand of target.path) this.term(operand);
			if (value.kind !== 'builtin' && value.kind !== 'function') this.term(value);
		}
		switch (expr.kind) {
			case 'term':
				this.term(expr.term);
				break;
			case 'unify':
				if (expr.assign) for (const local of patternVariables(expr.left)) this.assigned.push({ local, expr });
				this.term(expr.left);
				this.term(expr.right);
				break;
			case 'call':
				for (const arg of expr.args) this.term(arg);
				if (expr.output !== undefined) this.term(expr.output);
				break;
			case 'every':
				this.term(expr.domain);
				break;
			case 'not':
				if (!expr.closure) this.#body(expr.body);
				break;
		}
		for (const closure of closuresOf(expr)) this.#body(closure.body);
	}
}

/** Variables that a pattern on the left of `:=` declares. */
function patternVariables(term: LTerm): readonly Local[] {
	if (term.kind === 'var') return term.local.generated ? [] : [term.local];
	if (term.kind === 'array') return term.items.flatMap(patternVariables);
	if (term.kind === 'object') return term.entries.flatMap(([, value]) => patternVariables(value));
	return [];
}
