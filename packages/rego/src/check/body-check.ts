/** The type check of one body: its references, calls and comparisons, and the closures in it. */
import type { Callee, LBody, LCall, LComprehension, LExpr, LTerm, LWith } from '../compile/lowered.ts';
import { closuresOf } from '../compile/safety.ts';
import type { Diagnostic } from '../errors.ts';
import {
	any,
	type FunctionType,
	holdsUnknown,
	normalize,
	printParameters,
	printType,
	printTypes,
	type Type,
	unifies,
	unknown,
} from '../types/index.ts';
import { type RuleTypes, TypeScope } from './environment.ts';
import { type Inference, matchTerms, matchType, typeOf } from './infer.ts';
import { calleeName, type TermPrinter, termPrinter } from './printing.ts';
import { checkReferences } from './references.ts';
import type { Replacements } from './replacements.ts';

/** How much is checked. */
export interface TypeCheckOptions {
	/** Also check calls and comparisons in the bodies of `every` and `not { … }`, which OPA does not. */
	readonly closures?: boolean;
}

/** Checks one body and the closures in it. */
export class BodyCheck {
	readonly #types: RuleTypes;
	readonly #replacements: Replacements;
	readonly #options: TypeCheckOptions;
	readonly #body: LBody;
	readonly #printer: TermPrinter;
	/** Each comprehension is checked once: its type, and what is wrong in it. */
	readonly #comprehensions = new Map<LComprehension, { readonly type: Type; readonly errors: readonly Diagnostic[] }>();

	constructor(types: RuleTypes, replacements: Replacements, options: TypeCheckOptions, body: LBody) {
		this.#types = types;
		this.#replacements = replacements;
		this.#options = options;
		this.#body = body;
		this.#printer = termPrinter(body);
	}

	/** Everything wrong in the body; the variables of the body get their types in `scope`. */
	check(scope: TypeScope): Diagnostic[] {
		return this.#checkBody(this.#body, scope, []);
	}

	/** What types are inferred from, seen from `scope` under `withs`. */
	inference(scope: TypeScope, withs: readonly LWith[]): Inference {
		return {
			rules: this.#types,
			scope,
			comprehension: (term, inner) => this.#comprehension(term, inner, withs).type,
			replaced: (path) => this.#replacements.affect(path, withs),
		};
	}

	#checkBody(body: LBody, scope: TypeScope, outer: readonly LWith[]): Diagnostic[] {
		return body.exprs.flatMap((expr) => this.#checkExpr(expr, scope, outer));
	}

	#checkExpr(expr: LExpr, scope: TypeScope, outer: readonly LWith[]): Diagnostic[] {
		const withs = expr.with.length > 0 ? [...outer, ...expr.with] : outer;
		const at = this.inference(scope, withs);
		switch (expr.kind) {
			case 'not':
				if (!expr.closure) return this.#checkBody(expr.body, scope, withs);
				return this.#checkClosure(expr.body, new TypeScope(scope), withs);
			case 'every': {
				const errors = [...this.#closureErrors(expr, scope, withs), ...checkReferences(expr.domain, at, this.#printer)];
				const inner = new TypeScope(scope);
				inner.set(expr.value, any);
				if (expr.key !== undefined) inner.set(expr.key, any);
				return [...errors, ...this.#checkClosure(expr.body, inner, withs)];
			}
			default: {
				const errors = [
					...this.#closureErrors(expr, scope, withs),
					...termsOf(expr).flatMap((term) => checkReferences(term, at, this.#printer)),
				];
				const fault = checkWiths(expr, at) ?? this.#checkPlain(expr, at, withs);
				// What a worse error nearby leaves unknown is no error of its own.
				if (fault !== undefined && !(errors.length > 0 && fault.open)) errors.push(fault.diagnostic);
				return errors;
			}
		}
	}

	#checkClosure(body: LBody, scope: TypeScope, withs: readonly LWith[]): Diagnostic[] {
		if (this.#options.closures === true) return this.#checkBody(body, scope, withs);
		return body.exprs.flatMap((expr) => this.#checkExprReferences(expr, scope, withs));
	}

	/** Only what OPA checks in the bodies of `every` and `not { … }`: references, and comprehensions. */
	#checkExprReferences(expr: LExpr, scope: TypeScope, outer: readonly LWith[]): Diagnostic[] {
		const withs = expr.with.length > 0 ? [...outer, ...expr.with] : outer;
		const at = this.inference(scope, withs);
		if (expr.kind === 'not') {
			return expr.body.exprs.flatMap((inner) => this.#checkExprReferences(inner, scope, withs));
		}
		const terms = expr.kind === 'every' ? [expr.domain] : termsOf(expr);
		const errors = [
			...this.#closureErrors(expr, scope, withs),
			...terms.flatMap((term) => checkReferences(term, at, this.#printer)),
		];
		if (expr.kind !== 'every') return errors;
		return [
			...errors,
			...expr.body.exprs.flatMap((inner) => this.#checkExprReferences(inner, new TypeScope(scope), withs)),
		];
	}

	#closureErrors(expr: LExpr, scope: TypeScope, withs: readonly LWith[]): readonly Diagnostic[] {
		return closuresOf(expr).flatMap((closure) =>
			closure.kind === 'comprehension' ? this.#comprehension(closure, scope, withs).errors : [],
		);
	}

	#comprehension(
		term: LComprehension,
		scope: TypeScope,
		withs: readonly LWith[],
	): { readonly type: Type; readonly errors: readonly Diagnostic[] } {
		const held = this.#comprehensions.get(term);
		if (held !== undefined) return held;
		const inner = new TypeScope(scope);
		const errors = this.#checkBody(term.body, inner, withs);
		const type = errors.length > 0 ? unknown : comprehensionType(term, this.inference(inner, withs));
		const checked = { type, errors };
		this.#comprehensions.set(term, checked);
		return checked;
	}

	#checkPlain(
		expr: Exclude<LExpr, { kind: 'not' | 'every' }>,
		at: Inference,
		withs: readonly LWith[],
	): Fault | undefined {
		if (expr.kind === 'unify') return checkMatch(expr, expr.left, expr.right, at);
		if (expr.kind === 'term') return undefined;
		const { callee, args, output } = expr;
		if (callee.kind === 'builtin' && (callee.name === 'equal' || callee.name === 'eq') && output === undefined) {
			return args.length === 2 ? checkMatch(expr, args[0]!, args[1]!, at) : undefined;
		}
		const decl = this.#declarationOf(callee);
		if (decl === undefined) return undefined;
		return checkCall(expr, decl, at, this.#replacements.affectsCall(callee, withs));
	}

	#declarationOf(callee: Callee): FunctionType | undefined {
		if (callee.kind === 'builtin') return callee.builtin?.decl;
		const type = this.#types.at(callee.path);
		return type.type === 'function' ? type : undefined;
	}
}

function comprehensionType(term: LComprehension, at: Inference): Type {
	const value = typeOf(term.term, at);
	if (term.of === 'array') return { type: 'array', dynamic: value };
	if (term.of === 'set') return { type: 'set', of: value };
	return { type: 'object', dynamic: { key: term.key === undefined ? unknown : typeOf(term.key, at), value } };
}

/** Something wrong; `open` when it may be so only because a type is not known. */
interface Fault {
	readonly diagnostic: Diagnostic;
	readonly open: boolean;
}

function checkMatch(expr: LExpr, left: LTerm, right: LTerm, at: Inference): Fault | undefined {
	const a = typeOf(left, at);
	const b = typeOf(right, at);
	if (matchTerms(left, a, right, b, at)) return undefined;
	const details = [`left  : ${printType(a)}`, `right : ${printType(b)}`];
	return {
		diagnostic: { code: 'rego_type_error', message: 'match error', loc: expr.loc, details },
		open: holdsUnknown(a) || holdsUnknown(b),
	};
}

function checkCall(call: LCall, decl: FunctionType, at: Inference, replaced: boolean): Fault | undefined {
	const { args, output } = call;
	if (args.length < decl.args.length || (args.length > decl.args.length && decl.variadic === undefined))
		return undefined;
	const wanted = (i: number): Type => normalize(decl.args[i] ?? decl.variadic ?? any);
	let fits = args.every((arg, i) => matchType(arg, wanted(i), at));
	if (fits && output !== undefined) {
		const result = replaced || decl.result === undefined ? any : normalize(decl.result);
		fits = result.type === 'unknown' ? matchType(output, any, at) : matchType(output, result, at);
	}
	if (fits) return undefined;
	const have = [...args, ...(output === undefined ? [] : [output])].map((term) => typeOf(term, at));
	const details = [`have: ${printTypes(have)}`, `want: ${printParameters(decl)}`];
	const message = `${calleeName(call.callee)}: invalid argument(s)`;
	return { diagnostic: { code: 'rego_type_error', message, loc: call.loc, details }, open: have.some(holdsUnknown) };
}

/** A function that stands in for another must take what that one takes. */
function checkWiths(expr: LExpr, at: Inference): Fault | undefined {
	for (const item of expr.with) {
		const { target, value } = item;
		if (target.kind !== 'function' || (value.kind !== 'builtin' && value.kind !== 'function')) continue;
		const replaced = functionType(target.callee, at);
		const standIn = functionType(value, at);
		if (replaced === undefined || standIn === undefined || unifies(erased(replaced), erased(standIn))) continue;
		const details = [`have: ${printTypes(standIn.args.map(normalize))}`, `want: ${printParameters(replaced, true)}`];
		const message = `${calleeName(target.callee)}: arity mismatch`;
		return { diagnostic: { code: 'rego_type_error', message, loc: item.loc, details }, open: false };
	}
	return undefined;
}

function erased(type: FunctionType): FunctionType {
	return { ...type, args: type.args.map(normalize) };
}

function functionType(callee: Callee, at: Inference): FunctionType | undefined {
	if (callee.kind === 'builtin') return callee.builtin?.decl;
	const type = at.rules.at(callee.path);
	return type.type === 'function' ? type : undefined;
}

/** The terms of an expression that are read as they stand. */
function termsOf(expr: Exclude<LExpr, { kind: 'not' | 'every' }>): readonly LTerm[] {
	switch (expr.kind) {
		case 'term':
			return [expr.term];
		case 'unify':
			return [expr.left, expr.right];
		case 'call':
			return expr.output === undefined ? expr.args : [...expr.args, expr.output];
	}
}
