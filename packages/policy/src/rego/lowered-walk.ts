import type { LRule } from '@tappass/rego';

/** The engine's own nodes, read through the rule: the package does not export each of them. */
export type Body = LRule['body'];
type Expr = Body['exprs'][number];
export type Term = NonNullable<LRule['value']>;
export type Ref = Extract<Term, { readonly kind: 'ref' }>;
export type Callee = Extract<Expr, { readonly kind: 'call' }>['callee'];

/** What a walk meets. */
export interface Visitor {
	readonly ref: (ref: Ref) => void;
	/** A bare `input` or `data` is a ref with an empty path. */
	readonly call: (callee: Callee) => void;
}

/** Visits every reference and call of one rule branch, nested bodies included; `else` branches are rules of their own. */
export function walkRule(rule: LRule, visit: Visitor): void {
	for (const term of [...(rule.args ?? []), rule.member, rule.value]) if (term !== undefined) walkTerm(term, visit);
	walkBody(rule.body, visit);
}

function walkBody(body: Body, visit: Visitor): void {
	for (const expr of body.exprs) {
		for (const { target, value } of expr.with) {
			if (target.kind === 'function') visit.call(target.callee);
			else for (const term of target.path) walkTerm(term, visit);
			if ('loc' in value) walkTerm(value, visit);
			else visit.call(value);
		}
		walkExpr(expr, visit);
	}
}

function walkExpr(expr: Expr, visit: Visitor): void {
	switch (expr.kind) {
		case 'unify':
			walkTerm(expr.left, visit);
			walkTerm(expr.right, visit);
			return;
		case 'term':
			walkTerm(expr.term, visit);
			return;
		case 'call':
			visit.call(expr.callee);
			for (const term of expr.args) walkTerm(term, visit);
			if (expr.output !== undefined) walkTerm(expr.output, visit);
			return;
		case 'not':
			walkBody(expr.body, visit);
			return;
		case 'every':
			walkTerm(expr.domain, visit);
			walkBody(expr.body, visit);
			return;
	}
}

function walkTerm(term: Term, visit: Visitor): void {
	switch (term.kind) {
		case 'ref':
			visit.ref(term);
			for (const part of term.path) walkTerm(part, visit);
			return;
		case 'array':
		case 'set':
			for (const item of term.items) walkTerm(item, visit);
			return;
		case 'object':
			for (const [key, value] of term.entries) {
				walkTerm(key, visit);
				walkTerm(value, visit);
			}
			return;
		case 'comprehension':
			if (term.key !== undefined) walkTerm(term.key, visit);
			walkTerm(term.term, visit);
			walkBody(term.body, visit);
			return;
		default:
	}
}
