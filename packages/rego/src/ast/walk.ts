import type { Body, Expr, Rule, Term } from './ast.ts';

/** Called with each term before its parts; returning false leaves its parts out. */
export type TermVisitor = (term: Term) => boolean;
/** Called with each expression before its parts; returning false leaves its parts out. */
export type ExprVisitor = (expr: Expr) => boolean;

const everyExpr: ExprVisitor = () => true;

/** Visits `term` and all terms in it, bodies included, in source order. */
export function walkTerm(term: Term, visit: TermVisitor, visitExpr: ExprVisitor = everyExpr): void {
	if (!visit(term)) return;
	switch (term.kind) {
		case 'ref':
			for (const part of term.terms) walkTerm(part, visit, visitExpr);
			return;
		case 'array':
		case 'set':
			for (const item of term.items) walkTerm(item, visit, visitExpr);
			return;
		case 'object':
			for (const [key, value] of term.entries) {
				walkTerm(key, visit, visitExpr);
				walkTerm(value, visit, visitExpr);
			}
			return;
		case 'call':
			walkTerm(term.operator, visit, visitExpr);
			for (const arg of term.args) walkTerm(arg, visit, visitExpr);
			return;
		case 'array-comprehension':
		case 'set-comprehension':
			walkTerm(term.term, visit, visitExpr);
			walkTerms(term.body, visit, visitExpr);
			return;
		case 'object-comprehension':
			walkTerm(term.key, visit, visitExpr);
			walkTerm(term.value, visit, visitExpr);
			walkTerms(term.body, visit, visitExpr);
			return;
		case 'template-string':
			for (const part of term.parts) {
				if (part.kind === 'string') walkTerm(part, visit, visitExpr);
				else walkExpr(part, visit, visitExpr);
			}
			return;
		default:
	}
}

/** Visits all terms of a body, nested bodies included, in source order. */
export function walkTerms(body: Body, visit: TermVisitor, visitExpr: ExprVisitor = everyExpr): void {
	for (const expr of body) walkExpr(expr, visit, visitExpr);
}

/** Visits an expression and all terms and expressions in it. */
export function walkExpr(expr: Expr, visit: TermVisitor, visitExpr: ExprVisitor = everyExpr): void {
	if (!visitExpr(expr)) return;
	switch (expr.kind) {
		case 'term':
			walkTerm(expr.term, visit, visitExpr);
			break;
		case 'some':
			for (const variable of expr.vars) walkTerm(variable, visit, visitExpr);
			break;
		case 'some-in':
			if (expr.key !== undefined) walkTerm(expr.key, visit, visitExpr);
			walkTerm(expr.value, visit, visitExpr);
			walkTerm(expr.domain, visit, visitExpr);
			break;
		case 'every':
			if (expr.key !== undefined) walkTerm(expr.key, visit, visitExpr);
			walkTerm(expr.value, visit, visitExpr);
			walkTerm(expr.domain, visit, visitExpr);
			walkTerms(expr.body, visit, visitExpr);
			break;
		case 'not':
			walkTerms(expr.body, visit, visitExpr);
			break;
		default:
			walkTerms(expr.left.body, visit, visitExpr);
			walkTerms(expr.right.body, visit, visitExpr);
	}
	for (const modifier of expr.with) {
		walkTerm(modifier.target, visit, visitExpr);
		walkTerm(modifier.value, visit, visitExpr);
	}
}

/** Visits all terms of a rule: head, body, and its `else` branches. */
export function walkRule(rule: Rule, visit: TermVisitor, visitExpr: ExprVisitor = everyExpr): void {
	for (let branch: Rule | undefined = rule; branch !== undefined; branch = branch.else) {
		const { head, body } = branch;
		for (const term of head.ref) walkTerm(term, visit, visitExpr);
		for (const arg of head.args ?? []) walkTerm(arg, visit, visitExpr);
		if (head.contains !== undefined) walkTerm(head.contains, visit, visitExpr);
		if (head.value !== undefined) walkTerm(head.value, visit, visitExpr);
		walkTerms(body, visit, visitExpr);
	}
}

/** Whether a term holds no variable but the heads of refs; what a comprehension holds does not count. */
export function isGround(term: Term): boolean {
	switch (term.kind) {
		case 'var':
			return false;
		case 'ref':
			return term.terms.every((part, index) => index === 0 || isGround(part));
		case 'array':
		case 'set':
			return term.items.every(isGround);
		case 'object':
			return term.entries.every(([key, value]) => isGround(key) && isGround(value));
		case 'call':
			return term.args.every(isGround);
		default:
			return true;
	}
}
