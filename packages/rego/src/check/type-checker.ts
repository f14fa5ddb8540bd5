/**
 * The type checker, as OPA's: infers the types of rules in the order of their dependencies, and reports references,
 * calls and comparisons that can never be right. Where nothing is known (input, base data) anything goes.
 */
import type { LProgram, LQuery, LRule, LTerm } from '../compile/lowered.ts';
import { dependenciesOf } from '../compile/recursion.ts';
import type { Diagnostic } from '../errors.ts';
import { any, type Type, unknown } from '../types/index.ts';
import type { Value } from '../value/index.ts';
import { BodyCheck, type TypeCheckOptions } from './body-check.ts';
import { RuleTypes, TypeScope } from './environment.ts';
import { type Inference, typeOf } from './infer.ts';
import { Replacements } from './replacements.ts';

/** Checks the types of a program. The result holds one diagnostic for each thing that can never be right. */
export function checkTypes(program: LProgram, options: TypeCheckOptions = {}): readonly Diagnostic[] {
	const checker = new TypeChecker(program, options);
	checkers.set(program, checker);
	return checker.checkProgram();
}

/** Checks the types of a query against those of a program. */
export function checkQueryTypes(
	query: LQuery,
	program: LProgram,
	options: TypeCheckOptions = {},
): readonly Diagnostic[] {
	let checker = checkers.get(program);
	if (checker === undefined) {
		checker = new TypeChecker(program, options);
		checker.checkProgram();
		checkers.set(program, checker);
	}
	return checker.checkQuery(query, options);
}

/** The types of a program are inferred once, for all the queries on it. */
const checkers = new WeakMap<LProgram, TypeChecker>();

class TypeChecker {
	readonly #program: LProgram;
	readonly #options: TypeCheckOptions;
	readonly #types = new RuleTypes();
	readonly #replacements: Replacements;

	constructor(program: LProgram, options: TypeCheckOptions) {
		this.#program = program;
		this.#options = options;
		this.#replacements = new Replacements(program);
	}

	checkProgram(): Diagnostic[] {
		const errors: Diagnostic[] = [];
		for (const rule of inOrder(this.#program)) {
			const failed = this.#program.failed.has(rule);
			for (let at: LRule | undefined = rule; at !== undefined; at = at.else) {
				const found = failed ? undefined : this.#checkRule(at);
				if (found !== undefined) errors.push(...found);
				if (found === undefined || found.length > 0) this.#types.setAny(groundPath(at));
			}
		}
		return errors;
	}

	checkQuery(query: LQuery, options: TypeCheckOptions): Diagnostic[] {
		return new BodyCheck(this.#types, this.#replacements, options, query.body).check(new TypeScope());
	}

	/** Checks a rule (one branch) and, when it has no errors, adds its type to the tree. */
	#checkRule(rule: LRule): Diagnostic[] {
		const scope = new TypeScope();
		const bodyCheck = new BodyCheck(this.#types, this.#replacements, this.#options, rule.body);
		const errors = bodyCheck.check(scope);
		if (errors.length > 0) return errors;
		const at = bodyCheck.inference(scope, []);
		const type = ruleType(rule, at);
		const path = groundPath(rule);
		if (type.type !== 'unknown') this.#types.insert(path, type);
		else this.#types.ensure(path);
		return [];
	}
}

/** Rules before those that use them; the `else` branches of a rule are with it. */
function inOrder(program: LProgram): readonly LRule[] {
	const branches = new Set<LRule>();
	for (const rule of program.rules) if (rule.else !== undefined) branches.add(rule.else);
	const ordered: LRule[] = [];
	const seen = new Set<LRule>();
	// A stack of our own: chains of rules may be longer than the call stack is deep.
	const waiting: { readonly rule: LRule; readonly before: LRule[] }[] = [];
	const enter = (rule: LRule): void => {
		if (seen.has(rule)) return;
		seen.add(rule);
		const before: LRule[] = [];
		for (const group of dependenciesOf(rule, program.root)) {
			for (const used of [...group.defaults, ...group.rules]) if (!seen.has(used)) before.push(used);
		}
		waiting.push({ rule, before: before.reverse() });
	};
	for (const rule of program.rules) {
		if (!branches.has(rule)) enter(rule);
		for (let top = waiting.at(-1); top !== undefined; top = waiting.at(-1)) {
			const next = top.before.pop();
			if (next !== undefined) enter(next);
			else {
				ordered.push(top.rule);
				waiting.pop();
			}
		}
	}
	return ordered;
}

/** The constants at the start of a rule's reference. */
function groundPath(rule: LRule): readonly Value[] {
	const path: Value[] = [];
	for (const part of rule.path) {
		if (part.kind !== 'const') break;
		path.push(part.value);
	}
	return path;
}

function ruleType(rule: LRule, at: Inference): Type {
	if (rule.args !== undefined) {
		for (const arg of rule.args) openVariables(arg, at);
		const result = rule.value === undefined ? unknown : typeOf(rule.value, at);
		return { type: 'function', args: rule.args.map((arg) => typeOf(arg, at)), result };
	}
	const tail = rule.path.slice(groundPath(rule).length);
	if (rule.member !== undefined) {
		const of = typeOf(rule.member, at);
		// Below variables the sets are part of what may be there anyway.
		return of.type === 'unknown' || tail.length > 0 ? unknown : { type: 'set', of };
	}
	let type = rule.value === undefined ? unknown : typeOf(rule.value, at);
	for (const part of [...tail].reverse()) {
		const key = typeOf(part, at);
		if (type.type === 'unknown' || key.type === 'unknown') return unknown;
		type = { type: 'object', dynamic: { key, value: type } };
	}
	return type;
}

/** Parameters that the body says nothing of may be anything. */
function openVariables(term: LTerm, at: Inference): void {
	switch (term.kind) {
		case 'var':
			if (at.scope.get(term.local).type === 'unknown') at.scope.set(term.local, any);
			break;
		case 'array':
		case 'set':
			for (const item of term.items) openVariables(item, at);
			break;
		case 'object':
			for (const part of term.entries.flat()) openVariables(part, at);
			break;
		default:
			break;
	}
}
