import type { Body, Expr, Location, LogicalExpr, LogicalOperand, NotExpr } from '../ast/ast.ts';
import { T } from '../lex/token.ts';
import { LiteralParser } from './literals.ts';

/** Reads bodies behind `not`, and the experimental `and` and `or` with their bodies and groups. */
export abstract class LogicalParser extends LiteralParser {
	get #active(): boolean {
		return this.andKeyword || this.orKeyword;
	}

	get #follows(): boolean {
		return this.isAnd() || this.isOr();
	}

	protected override logical(start: number): Expr | undefined {
		if (!this.#active) return undefined;
		if (this.kind === T.leftBrace) {
			const operand = this.tryTo(() => {
				const read = this.#braced(start, '');
				if (!this.#follows) throw this.unexpected();
				return read;
			});
			return operand === undefined ? undefined : this.#modified(this.#chain(operand), start);
		}
		if (this.kind !== T.leftParen) return undefined;
		const group = this.#group(false);
		return group === undefined ? undefined : this.#folded(group, start);
	}

	/** The chain that begins with `operand`, or the operand's own expression where no chain follows. */
	#folded(operand: LogicalOperand, start: number): Expr {
		if (this.#follows) return this.#modified(this.#chain(operand), start);
		return this.#modified(operand.body[0]!, start);
	}

	#modified(expr: Expr, start: number): Expr {
		if (this.kind !== T.with) return { ...expr, loc: this.span(start) };
		const modifiers = this.modifiers();
		return { ...expr, with: modifiers, loc: this.span(start) };
	}

	protected override chained(expr: Expr, start: number): Expr {
		if (!this.#follows) return expr;
		const first = this.tokens.kinds[start];
		if (first === T.leftBrace) {
			const operator = this.text();
			const hint = `wrap the operand to keep the value: \`(…) ${operator} …\``;
			const message = `operand of \`${operator}\` cannot begin with \`{\` unless the braces hold a body`;
			throw this.failure(message, { loc: expr.loc, hint });
		}
		return this.#modified(this.#chain({ body: [expr], explicit: false, loc: expr.loc }), start);
	}

	/** Folds the operators that follow `first`, `and` binding tighter, both to the left. */
	#chain(first: LogicalOperand): LogicalExpr {
		let left = this.#andChain(first);
		while (this.isOr()) {
			const height = this.height;
			this.advance();
			const right = this.#andChain(this.#operand('or'));
			left = this.#combined('or', left, right, height);
		}
		return left.body[0] as LogicalExpr;
	}

	#andChain(first: LogicalOperand): LogicalOperand {
		let left = first;
		while (this.isAnd()) {
			const height = this.height;
			this.advance();
			left = this.#combined('and', left, this.#operand('and'), height);
		}
		return left;
	}

	#combined(kind: 'and' | 'or', left: LogicalOperand, right: LogicalOperand, leftHeight: number): LogicalOperand {
		this.raise(Math.max(leftHeight, this.height) + 1);
		const loc: Location = { ...left.loc, end: this.lastEnd };
		return { body: [{ kind, left, right, negated: false, with: [], loc }], explicit: false, loc };
	}

	#operand(operator: string): LogicalOperand {
		return this.deeper(() => {
			const start = this.at;
			if (this.kind === T.leftBrace) return this.#braced(start, operator);
			const negated = this.kind === T.not && !this.opensRef(this.at + 1);
			if (negated) this.advance();
			if (negated && this.notBodies) {
				const body = this.#notBody(start);
				if (body !== undefined) return { body: [body], explicit: false, loc: body.loc };
			} else if (!negated && this.kind === T.leftParen) {
				const group = this.#group(true);
				if (group !== undefined) return group;
			}
			const inner = this.expression();
			const loc = this.span(start);
			const expr: Expr =
				negated && this.notBodies
					? { kind: 'not', body: [{ ...inner, loc }], explicit: false, negated: false, with: [], loc }
					: { ...inner, negated, loc };
			return { body: [expr], explicit: false, loc };
		});
	}

	/** `{ … }` as a body. Where it holds none, `operator` (if any) is named in what is wrong. */
	#braced(start: number, operator: string): LogicalOperand {
		const brace = this.tokenLoc();
		this.advance();
		if (this.kind === T.rightBrace) throw this.failure('found empty body');
		const body = this.#bodyOrValue(start, operator);
		this.#refuseUnion(body, brace);
		return { body, explicit: true, loc: { ...brace, end: this.lastEnd } };
	}

	#bodyOrValue(start: number, operator: string): Body {
		const read = this.at;
		const body = this.tryTo(() => this.deeper(() => this.body(T.rightBrace)));
		if (body !== undefined) return body;
		this.goTo(start);
		const value = this.tryTo(() => this.term());
		if (value === undefined || operator === '') {
			this.goTo(read);
			return this.deeper(() => this.body(T.rightBrace));
		}
		const hint = `wrap the operand to keep the value: \`(…) ${operator} …\``;
		const message = `operand of \`${operator}\` cannot begin with \`{\` unless the braces hold a body`;
		throw this.failure(message, { loc: this.tokenLoc(start), hint });
	}

	/** `{a | b}` may be meant as a comprehension or as a union: neither is guessed. */
	#refuseUnion(body: Body, loc: Location): void {
		const first = body[0]!;
		if (first.kind !== 'term' || first.term.kind !== 'call' || first.term.infix !== '|') return;
		if (this.tokens.source.charCodeAt(first.loc.offset) === 0x28) return;
		const message =
			'ambiguous `{ ... | ... }` operand: read as a body holding a set-union expression, not as a comprehension';
		throw this.failure(message, { loc, hint: 'write ({ … | … }) for the comprehension, or {(… | …)} for the union' });
	}

	protected override negatedBody(start: number): Expr | undefined {
		const body = this.#notBody(start);
		if (body === undefined) return undefined;
		const operand: LogicalOperand = { body: [body], explicit: false, loc: body.loc };
		return this.#folded(operand, start);
	}

	/** What follows a `not`, where that is a body or a group. */
	#notBody(start: number): NotExpr | undefined {
		if (this.kind === T.leftBrace) {
			const { body } = this.#braced(this.at, 'not');
			return this.#not(start, body, true);
		}
		if (this.kind !== T.leftParen) return undefined;
		const group = this.#group(true);
		return group === undefined ? undefined : this.#not(start, group.body, group.explicit);
	}

	#not(start: number, body: Body, explicit: boolean): NotExpr {
		this.raise(this.height + 1);
		return { kind: 'not', body, explicit, negated: false, with: [], loc: this.span(start) };
	}

	/**
	 * A parenthesised group of `and`, `or`, `not` or `with`, or undefined for parentheses around a term.
	 *
	 * @param inOperand whether the parenthesis stands where only an operand can
	 */
	#group(inOperand: boolean): LogicalOperand | undefined {
		return this.deeper(() => {
			const start = this.at;
			const kind = this.kind;
			const group = this.#groupAt(start, inOperand);
			if (group === undefined) {
				this.at = start;
				this.kind = kind;
			}
			return group;
		});
	}

	#groupAt(start: number, inOperand: boolean): LogicalOperand | undefined {
		this.advance();
		if (this.kind === T.rightParen) {
			if (inOperand) throw this.failure('empty parenthesized group', { loc: this.tokenLoc(start) });
			return undefined;
		}
		const first = this.tryTo(() => this.#operand(''));
		if (first === undefined) return undefined;
		if (this.#follows) {
			return this.#closed(start, [this.#modified(this.#chain(first), start + 1)]);
		}
		if (first.explicit) return this.#refuseBracedGroup(start);
		const only = first.body[0]!;
		if (this.kind === T.with) {
			const modified = this.at;
			const expr = this.#modified(only, start + 1);
			if (this.#follows) throw this.modifiedOperand(modified);
			const group = this.#closed(start, [expr]);
			return inOperand || this.#follows ? group : undefined;
		}
		if (only.kind !== 'and' && only.kind !== 'or' && only.kind !== 'not' && !only.negated) return undefined;
		return this.#closed(start, first.body);
	}

	#closed(start: number, body: Body): LogicalOperand {
		if (this.kind !== T.rightParen) throw this.failure('expected ) to close parenthesized group');
		this.advance();
		return { body, explicit: false, loc: this.span(start) };
	}

	/** `({ … })` is a value in parentheses; where the braces can only be a body, the parentheses are wrong. */
	#refuseBracedGroup(start: number): undefined {
		this.goTo(start + 1);
		if (this.tryTo(() => this.primary()) !== undefined) return undefined;
		const hint = 'drop the parentheses to keep the body';
		const loc = this.tokenLoc(start);
		throw this.failure('`(...)` in an operand position cannot contain a body', { loc, hint });
	}
}
