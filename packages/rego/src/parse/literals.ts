import type { Body, EveryExpr, Expr, SomeExpr, SomeInExpr, Term, TermExpr, VarTerm, With } from '../ast/ast.ts';
import { gap, T, tokenNames } from '../lex/token.ts';
import type { ParseFailure } from './cursor.ts';
import { TermParser } from './terms.ts';

/** Reads the expressions of bodies: negation, `some`, `every`, `with`. */
export abstract class LiteralParser extends TermParser {
	/** An expression that `and` or `or` may follow, or that begins with a group of such; see `LogicalParser`. */
	protected abstract logical(start: number): Expr | undefined;
	/** Goes on with `and`/`or` after `expr`, read from token `start`, if one follows. */
	protected abstract chained(expr: Expr, start: number): Expr;
	/** The body or group behind a `not` that takes bodies, or undefined where a plain expression follows. */
	protected abstract negatedBody(start: number): Expr | undefined;

	protected override body(close: number): Body {
		const body = this.expressions(close);
		this.advance();
		return body;
	}

	/** Expressions up to `close`, which stays current, separated by `;` or line ends. */
	protected expressions(close: number): Expr[] {
		if (this.kind === close) throw this.failure('found empty body');
		const body: Expr[] = [];
		let height = 0;
		for (;;) {
			body.push(this.literal());
			height = Math.max(height, this.height);
			if (this.kind === T.semicolon) this.advance();
			else if (this.kind === close) break;
			else if ((this.gap & gap.newline) === 0) {
				throw this.unexpected(`expected \\n or ; or ${tokenNames[close]}`);
			}
		}
		this.height = height;
		return body;
	}

	protected override literal(): Expr {
		const start = this.at;
		const group = this.logical(start);
		if (group !== undefined) return group;
		if (this.keywordAsRef()) return this.#plain(start, false);
		const negated = this.kind === T.not;
		if (negated) {
			this.advance();
			const body = this.notBodies ? this.negatedBody(start) : undefined;
			if (body !== undefined) return body;
		}
		switch (this.kind) {
			case T.some:
				if (negated) throw this.unexpected("illegal negation of 'some'");
				return this.#some(start);
			case T.every:
				if (negated) throw this.unexpected("illegal negation of 'every'");
				return this.#every(start);
			default:
				return this.#plain(start, negated);
		}
	}

	/** A term or assignment, with its modifiers; `start` is the token of its `not`, if there is one. */
	#plain(start: number, negated: boolean): Expr {
		const inner = this.expression();
		const modified = this.at;
		const modifiers = this.modifiers();
		const expr: Expr =
			negated && this.notBodies
				? {
						kind: 'not',
						body: [{ ...inner, loc: this.span(start) }],
						explicit: false,
						negated: false,
						with: modifiers,
						loc: this.span(start),
					}
				: { ...inner, negated, with: modifiers, loc: this.span(start) };
		if (modifiers.length > 0 && (this.isAnd() || this.isOr())) throw this.modifiedOperand(modified);
		return this.chained(expr, start);
	}

	/** `with` on an operand does not say what it modifies. `at` is its token. */
	protected modifiedOperand(at: number): ParseFailure {
		const operator = this.text();
		const hint = `put the operand in (…) or {…}, or move \`with\` behind the whole \`${operator}\` expression`;
		const loc = this.tokenLoc(at);
		return this.failure(`\`with\` modifier is not allowed on operand of \`${operator}\``, { loc, hint });
	}

	/** A term, or two around `:=` or `=`, without modifiers. */
	protected expression(): TermExpr {
		const start = this.at;
		let term = this.term();
		if (this.kind === T.assign || this.kind === T.unify) term = this.assignment(term);
		return { kind: 'term', term, negated: false, with: [], loc: this.span(start) };
	}

	protected modifiers(): With[] {
		const list: With[] = [];
		const height = this.height;
		let most = height;
		while (this.kind === T.with) {
			list.push(this.#with());
			most = Math.max(most, this.height);
		}
		this.height = most;
		return list;
	}

	#with(): With {
		const start = this.at;
		this.advance();
		if (this.kind !== T.ident) throw this.unexpected('expected ident');
		const target = this.primary();
		if (target.kind !== 'ref' && target.kind !== 'var') throw this.unexpected('expected with target path');
		if (this.kind !== T.as) throw this.unexpected('expected as keyword');
		this.advance();
		const value = this.term();
		return { target, value, loc: this.span(start) };
	}

	/** `some x in xs`, or else a list of variables. */
	#some(start: number): SomeInExpr | SomeExpr {
		this.advance();
		const first = this.at;
		let failure: ParseFailure | undefined;
		const term = this.tryTo(
			() => this.term(),
			(found) => {
				failure = found;
				return true;
			},
		);
		if (term === undefined || term.kind !== 'call') {
			this.goTo(first);
			const vars = this.#someVars(start);
			if (this.kind === T.in && failure !== undefined) throw failure;
			return vars;
		}
		const pattern = membership(term);
		if (pattern === undefined) throw this.unexpected('expected `x in xs` or `x, y in xs` expression');
		const modifiers = this.modifiers();
		return { kind: 'some-in', ...pattern, negated: false, with: modifiers, loc: this.span(start) };
	}

	#someVars(start: number): SomeExpr {
		const vars: VarTerm[] = [];
		for (;;) {
			if (this.kind !== T.ident) throw this.unexpected('expected var');
			vars.push(this.variable());
			if (this.kind !== T.comma) break;
			this.advance();
		}
		return { kind: 'some', vars, negated: false, with: [], loc: this.span(start) };
	}

	#every(start: number): EveryExpr {
		this.advance();
		const term = this.term();
		const pattern = term.kind === 'call' ? membership(term) : undefined;
		if (pattern === undefined) throw this.unexpected('expected `x[, y] in xs { ... }` expression');
		const { key, value, domain } = pattern;
		if (key !== undefined && key.kind !== 'var') throw this.unexpected('expected key to be a variable');
		if (value.kind !== 'var') throw this.unexpected('expected value to be a variable');
		if (this.kind !== T.leftBrace) throw this.unexpected('missing body');
		const height = this.height;
		this.advance();
		const body = this.deeper(() => this.body(T.rightBrace));
		this.raise(Math.max(height, this.height) + 1);
		const modifiers = this.modifiers();
		return { kind: 'every', key, value, domain, body, negated: false, with: modifiers, loc: this.span(start) };
	}
}

interface Membership {
	readonly key: Term | undefined;
	readonly value: Term;
	readonly domain: Term;
}

/** The parts of `x in xs` or `k, v in xs`, however written. */
function membership(call: Extract<Term, { kind: 'call' }>): Membership | undefined {
	const name = call.operator.terms;
	if (name.length !== 2 || name[0]!.kind !== 'var' || name[0]!.name !== 'internal') return undefined;
	const member = name[1]!;
	if (member.kind !== 'string') return undefined;
	const [a, b, c] = call.args;
	if (member.value === 'member_2' && call.args.length === 2) return { key: undefined, value: a!, domain: b! };
	if (member.value === 'member_3' && call.args.length === 3) return { key: a!, value: b!, domain: c! };
	return undefined;
}
