import type { Body, Expr, LogicalExpr, LogicalOperand, NotExpr, Term, TermExpr, With } from '../ast/ast.ts';
import { bodyEndRow, braceOf, closingRow, endRow, termsEndRow } from './layout.ts';
import type { UnexpectedComment } from './output.ts';
import { isUnion, operatorOf, TermWriter } from './terms.ts';

/** One operator of an `and`/`or` chain with what follows it; `row` is where everything before it ends. */
interface Step {
	readonly operator: 'and' | 'or';
	readonly right: LogicalOperand;
	readonly row: number;
	/** The whole up to here, whose text holds the brace of an explicit operand. */
	readonly node: LogicalExpr;
}

/** Writes expressions and bodies. */
export abstract class ExprWriter extends TermWriter {
	/** An expression whose term must be written in parentheses. */
	protected markedExpr: Expr | undefined;

	protected override writeBody(body: Body): void {
		this.survives(() => this.commentsAt(body[0]!.loc.row));
		for (const [index, expr] of body.entries()) {
			const previous = body[index - 1];
			if (previous !== undefined && expr.loc.row > endRow(this.source, previous.loc) + 1) this.blankLine();
			this.startLine();
			this.survives(() => this.writeExpr(expr));
			this.endLine();
		}
	}

	/** Writes an expression whole, if need be as it stands in the source; a comment without a place is reported then. */
	protected override writeExpr(expr: Expr): void {
		const parens = this.markedExpr === expr;
		if (parens) this.markedExpr = undefined;
		this.survives(() => this.commentsAt(expr.loc.row));
		if (!this.inline) this.startLine();
		let pending: UnexpectedComment | undefined;
		const write = (): void => {
			if (expr.negated) this.write('not ');
			if (parens) this.write('(');
			this.caught(
				() => this.#form(expr),
				(reason) => {
					if (!reason.complete) throw reason;
					pending = reason;
				},
			);
			if (parens) this.write(')');
			this.#modifiers(expr);
		};
		this.last(() => this.orRaw(expr.loc, write));
		if (pending !== undefined) throw pending;
	}

	#form(expr: Expr): void {
		switch (expr.kind) {
			case 'term':
				this.#term(expr);
				return;
			case 'some':
				this.#someVars(expr);
				return;
			case 'some-in': {
				const { key, value, domain } = expr;
				this.commentsAt(expr.loc.row);
				this.write('some ');
				this.writeMembership(key === undefined ? [value, domain] : [key, value, domain]);
				return;
			}
			case 'every':
				this.#every(expr);
				return;
			case 'not':
				this.#not(expr);
				return;
			default:
				this.#logical(expr);
		}
	}

	#term({ term }: TermExpr): void {
		if (term.kind !== 'call') {
			this.last(() => this.writeTerm(term));
			return;
		}
		const operator = operatorOf(term);
		if (operator?.infix === 'in') this.writeMembership(term.args);
		else if (operator !== undefined) this.#infix(operator.infix, term.args[0]!, term.args[1]!);
		else if (assignsResult(term.args, operatorOf({ ...term, args: term.args.slice(0, -1) })?.infix)) {
			this.writeTerm(term.args[2]!);
			this.write(' = ');
			this.#infix(operatorOf({ ...term, args: term.args.slice(0, -1) })!.infix, term.args[0]!, term.args[1]!);
		} else this.writePlainCall(term);
	}

	#infix(infix: string, left: Term, right: Term): void {
		if (this.needsParens(left, infix, false)) this.marked ??= left;
		this.writeTerm(left);
		this.write(` ${infix} `);
		if (this.needsParens(right, infix, true)) this.marked = right;
		this.last(() => this.writeTerm(right));
	}

	#modifiers(expr: Expr): void {
		let row = termsEndRow(this.source, expr);
		let indented = false;
		try {
			for (const [index, modifier] of expr.with.entries()) {
				const inline = index === 0 ? modifier.loc.row === row : modifier.loc.row <= row;
				if (!inline && modifier.loc.row > row) {
					if (!indented) this.level++;
					indented = true;
					this.endLine();
					this.startLine();
					this.#modifier(modifier, true);
				} else this.#modifier(modifier, false);
				row = Math.max(row, modifier.loc.row);
			}
		} finally {
			if (indented) this.level--;
		}
	}

	#modifier({ target, value, loc }: With, indented: boolean): void {
		this.commentsAt(loc.row);
		this.write(indented ? 'with ' : ' with ');
		this.writeTerm(target);
		this.write(' as ');
		// The value was written all the same, as it stands in the source.
		this.survives(() => this.writeTerm(value));
	}

	#someVars(expr: Extract<Expr, { kind: 'some' }>): void {
		this.commentsAt(expr.loc.row);
		this.write('some ');
		let { row } = expr.loc;
		for (const [index, variable] of expr.vars.entries()) {
			if (variable.loc.row > row) {
				this.endLine();
				this.startLine();
				this.write('\t');
				row = variable.loc.row;
			} else if (index > 0) this.write(' ');
			this.writeTerm(variable);
			if (index < expr.vars.length - 1) this.write(',');
		}
	}

	#every(expr: Extract<Expr, { kind: 'every' }>): void {
		const { key, value, domain, body, loc } = expr;
		this.commentsAt(loc.row);
		this.write('every ');
		if (key !== undefined) {
			this.writeTerm(key);
			this.write(', ');
		}
		this.writeTerm(value);
		this.write(' in ');
		if (this.needsParens(domain, 'in', true)) this.marked = domain;
		this.writeTerm(domain);
		this.write(' {');
		this.completes(() => this.writeNested('{', '}', body, loc.row, loc));
		if (body.length === 1 && body[0]!.loc.row === loc.row) this.write(' ');
		this.write('}');
	}

	#not(expr: NotExpr): void {
		const { body, loc } = expr;
		this.commentsAt(loc.row);
		this.write('not ');
		if (expr.explicit || body.length > 1) {
			this.#braced(body, loc.row, loc);
			return;
		}
		const inner = body[0]!;
		const parens = inner.with.length > 0 || isLogical(inner) || inner.kind === 'not' || leadsWithBrace(inner);
		if (inner.loc.row > loc.row) this.commentsAt(inner.loc.row);
		this.#inParens(parens, inner);
	}

	/** An expression in another one: where a comment is in the way, the other one is written as it stands. */
	#inParens(parens: boolean, inner: Expr): void {
		if (parens) this.write('(');
		this.whole(() => {
			if (inner.negated) this.write('not ');
			this.#form(inner);
			this.#modifiers(inner);
		});
		if (parens) this.write(')');
	}

	/** A body in braces, behind `not` or as an operand. */
	#braced(body: Body, row: number, loc: NotExpr['loc']): void {
		if (isUnionExpr(body[0]!)) this.markedExpr = body[0];
		this.write('{');
		this.completes(() => this.writeNested('{', '}', body, row, loc));
		if (body.at(-1)!.loc.row === row) this.write(' ');
		this.write('}');
	}

	#logical(expr: LogicalExpr): void {
		const { first, steps } = this.#flattened(expr);
		this.completes(() => this.#operand(first.operand, first.node, first.parens));
		let indented = false;
		try {
			for (const { operator, right, row, node } of steps) {
				this.write(` ${operator}`);
				const start = right.explicit ? braceOf(this.source, node.loc, right.body).row : right.body[0]!.loc.row;
				if (start > row) {
					if (!indented) this.level++;
					indented = true;
					this.endLine();
					this.startLine();
				} else this.write(' ');
				this.completes(() => this.#operand(right, node, operandParens(right, operator, true)));
			}
		} finally {
			if (indented) this.level--;
		}
	}

	#operand(operand: LogicalOperand, node: LogicalExpr, parens: boolean): void {
		if (operand.explicit) {
			const brace = braceOf(this.source, node.loc, operand.body);
			this.#braced(operand.body, brace.row, brace);
			return;
		}
		const expr = operand.body[0]!;
		if (!parens) {
			this.writeExpr(expr);
			return;
		}
		this.commentsAt(expr.loc.row);
		this.#inParens(true, expr);
	}

	/** A chain, which leans to the left, as its first operand and the steps after it. */
	#flattened(expr: LogicalExpr): {
		readonly first: { readonly operand: LogicalOperand; readonly node: LogicalExpr; readonly parens: boolean };
		readonly steps: readonly Step[];
	} {
		const { kind: operator, left, right } = expr;
		const inner = left.body[0]!;
		const parens = operandParens(left, operator, false);
		if (!left.explicit && isLogical(inner) && !parens) {
			const { first, steps } = this.#flattened(inner);
			const row = bodyEndRow(this.source, left.body);
			return { first, steps: [...steps, { operator, right, row, node: expr }] };
		}
		const row = this.#operandEndRow(left, expr);
		return { first: { operand: left, node: expr, parens }, steps: [{ operator, right, row, node: expr }] };
	}

	#operandEndRow(operand: LogicalOperand, node: LogicalExpr): number {
		if (operand.explicit) {
			const row = closingRow(this.source, braceOf(this.source, node.loc, operand.body), '{', '}');
			if (row > 0) return row;
		}
		return bodyEndRow(this.source, operand.body);
	}

	/** Sees to it that a union leading an expression is written in parentheses: a brace stands right before it. */
	protected markLeadingUnion(expr: Expr): void {
		if (expr.negated) return;
		if (isLogical(expr)) {
			const { first } = this.#flattened(expr);
			if (!first.operand.explicit && !first.parens) this.markLeadingUnion(first.operand.body[0]!);
			return;
		}
		if (isUnionExpr(expr)) {
			this.markedExpr = expr;
			return;
		}
		const lead = leadingTerm(expr);
		if (lead !== undefined && isUnion(lead)) this.marked = lead;
	}
}

function isLogical(expr: Expr): expr is LogicalExpr {
	return expr.kind === 'and' || expr.kind === 'or';
}

/** Whether a call has one argument more than its operator takes, and that last one is its result. */
function assignsResult(args: readonly Term[], infix: string | undefined): boolean {
	return args.length === 3 && infix !== undefined && infix !== '=' && infix !== ':=' && infix !== 'in';
}

function isUnionExpr(expr: Expr): boolean {
	return expr.kind === 'term' && isUnion(expr.term);
}

/** The operand that an infix expression begins with. */
function leadingTerm(expr: Expr): Term | undefined {
	if (expr.kind !== 'term' || expr.term.kind !== 'call') return undefined;
	const { term } = expr;
	if (operatorOf(term) !== undefined) return term.args[0];
	const operator = operatorOf({ ...term, args: term.args.slice(0, -1) });
	return operator === undefined ? undefined : term.args.at(-1);
}

/** Whether an operand must be in parentheses to be read as that operand of `parent`. */
function operandParens(operand: LogicalOperand, parent: 'and' | 'or', right: boolean): boolean {
	const expr = operand.body[0]!;
	if (operand.explicit) return false;
	if (expr.with.length > 0) return true;
	if (expr.kind === 'or') return parent === 'and' || right;
	if (expr.kind === 'and') return parent === 'and' && right;
	return leadsWithBrace(expr);
}

/** Whether an expression is written with a `{` first, which would open a body where an operand is expected. */
function leadsWithBrace(expr: Expr): boolean {
	if (expr.kind !== 'term') return false;
	if (expr.term.kind !== 'call') return termLeadsWithBrace(expr.term);
	const lead = leadingTerm(expr);
	return lead !== undefined && termLeadsWithBrace(lead);
}

function termLeadsWithBrace(term: Term): boolean {
	switch (term.kind) {
		case 'set':
			return term.items.length > 0;
		case 'object':
		case 'set-comprehension':
		case 'object-comprehension':
			return true;
		case 'ref':
			return termLeadsWithBrace(term.terms[0]!);
		case 'call':
			return operatorOf(term) !== undefined && termLeadsWithBrace(term.args[0]!);
		default:
			return false;
	}
}
