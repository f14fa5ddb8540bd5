import type { Body, Expr, Location, LogicalOperand, Term } from './ast.ts';

/** A copy of a term in which every node stands where `at` puts it; `rename` may give its variables other names. */
export function relocate(term: Term, at: (loc: Location) => Location, rename: (name: string) => string = same): Term {
	const move = (inner: Term): Term => relocate(inner, at, rename);
	const loc = at(term.loc);
	switch (term.kind) {
		case 'var':
			return { ...term, name: rename(term.name), loc };
		case 'ref':
			return { ...term, terms: term.terms.map(move), loc };
		case 'array':
		case 'set':
			return { ...term, items: term.items.map(move), loc };
		case 'object':
			return { ...term, entries: term.entries.map(([key, value]) => [move(key), move(value)] as const), loc };
		case 'call':
			return {
				...term,
				operator: { ...term.operator, terms: term.operator.terms.map(move), loc: at(term.operator.loc) },
				args: term.args.map(move),
				loc,
			};
		case 'array-comprehension':
		case 'set-comprehension':
			return { ...term, term: move(term.term), body: relocateBody(term.body, at, rename), loc };
		case 'object-comprehension': {
			const body = relocateBody(term.body, at, rename);
			return { ...term, key: move(term.key), value: move(term.value), body, loc };
		}
		case 'template-string': {
			const parts = term.parts.map((part) =>
				part.kind === 'string' ? { ...part, loc: at(part.loc) } : relocateExpr(part, at, rename),
			);
			return { ...term, parts, loc };
		}
		default:
			return { ...term, loc };
	}
}

/** A copy of a body in which every node stands where `at` puts it. */
export function relocateBody(
	body: Body,
	at: (loc: Location) => Location,
	rename: (name: string) => string = same,
): Body {
	return body.map((expr) => relocateExpr(expr, at, rename));
}

/** A copy of an expression in which every node stands where `at` puts it. */
export function relocateExpr(
	expr: Expr,
	at: (loc: Location) => Location,
	rename: (name: string) => string = same,
): Expr {
	const move = (inner: Term): Term => relocate(inner, at, rename);
	const loc = at(expr.loc);
	const modifiers = expr.with.map((modifier) => {
		return { target: move(modifier.target), value: move(modifier.value), loc: at(modifier.loc) };
	});
	const base = { loc, with: modifiers };
	switch (expr.kind) {
		case 'term':
			return { ...expr, ...base, term: move(expr.term) };
		case 'some':
			return {
				...expr,
				...base,
				vars: expr.vars.map((variable) => ({ ...variable, name: rename(variable.name), loc: at(variable.loc) })),
			};
		case 'some-in': {
			const key = expr.key === undefined ? undefined : move(expr.key);
			return { ...expr, ...base, key, value: move(expr.value), domain: move(expr.domain) };
		}
		case 'every': {
			const key =
				expr.key === undefined ? undefined : { ...expr.key, name: rename(expr.key.name), loc: at(expr.key.loc) };
			const value = { ...expr.value, name: rename(expr.value.name), loc: at(expr.value.loc) };
			return { ...expr, ...base, key, value, domain: move(expr.domain), body: relocateBody(expr.body, at, rename) };
		}
		case 'not':
			return { ...expr, ...base, body: relocateBody(expr.body, at, rename) };
		default: {
			const side = (operand: LogicalOperand): LogicalOperand => {
				return { ...operand, body: relocateBody(operand.body, at, rename), loc: at(operand.loc) };
			};
			return { ...expr, ...base, left: side(expr.left), right: side(expr.right) };
		}
	}
}

function same(name: string): string {
	return name;
}
