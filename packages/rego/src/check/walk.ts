/** Visits the expressions and terms of a module, closures included. */
import type { Body, Expr, Module, Rule, Term } from '../ast/ast.ts';

/** What is called for each expression and term, outermost first. */
export interface Visitor {
	readonly expr?: (expr: Expr) => void;
	readonly term?: (term: Term) => void;
}

/** Calls `visit` for every expression in a module, in order of the text. */
export function walkExprs(module: Module, visit: (expr: Expr) => void): void {
	for (const rule of module.rules) walkRule(rule, { expr: visit });
}

/** Visits a rule with its `else` branches: head, then body. */
export function walkRule(rule: Rule, visitor: Visitor): void {
	const { head } = rule;
	for (const term of head.ref) walkTerm(term, visitor);
	for (const term of head.args ?? []) walkTerm(term, visitor);
	if (head.contains !== undefined) walkTerm(head.contains, visitor);
	if (head.value !== undefined) walkTerm(head.value, visitor);
	walkBody(rule.body, visitor);
	if (rule.else !== undefined) walkRule(rule.else, visitor);
}

/** Visits the expressions of a body and what is in them. */
export function walkBody(body: Body, visitor: Visitor): void {
	for (const expr of body) walkExpr(expr, visitor);
}

function walkExpr(expr: Expr, visitor: Visitor): void {
	visitor.expr?.(expr);
	switch (expr.kind) {
		case 'term':
			walkTerm(expr.term, visitor);
			break;
		case 'some':
			break;
		case 'some-in':
			if (expr.key !== undefined) walkTerm(expr.key, visitor);
			walkTerm(expr.value, visitor);
			walkTerm(expr.domain, visitor);
			break;
		case 'every':
			walkTerm(expr.domain, visitor);
			walkBody(expr.body, visitor);
			break;
		case 'not':
			walkBody(expr.body, visitor);
			break;
		default:
			walkBody(expr.left.body, visitor);
			walkBody(expr.right.body, visitor);
	}
	for (const item of expr.with) {
		walkTerm(item.target, visitor);
		walkTerm(item.value, visitor);
	}
}

/** Visits a term and what is in it. */
export function walkTerm(term: Term, visitor: Visitor): void {
	visitor.term?.(term);
	switch (term.kind) {
		case 'ref':
			for (const part of term.terms) walkTerm(part, visitor);
			break;
		case 'array':
		case 'set':
			for (const item of term.items) walkTerm(item, visitor);
			break;
		case 'object':
			for (const part of term.entries.flat()) walkTerm(part, visitor);
			break;
		case 'call':
			walkTerm(term.operator, visitor);
			for (const arg of term.args) walkTerm(arg, visitor);
			break;
		case 'array-comprehension':
		case 'set-comprehension':
			walkTerm(term.term, visitor);
			walkBody(term.body, visitor);
			break;
		case 'object-comprehension':
			walkTerm(term.key, visitor);
			walkTerm(term.value, visitor);
			walkBody(term.body, visitor);
			break;
		case 'template-string':
			for (const part of term.parts) if (part.kind !== 'string') walkExpr(part, visitor);
			break;
		default:
			break;
	}
}
