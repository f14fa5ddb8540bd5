import type { Body, Expr, StringTerm, Term } from '../ast/ast.ts';
import { gap, T, tokenNames } from '../lex/token.ts';
import { Cursor } from './cursor.ts';
import { unescaped, withoutBraceEscapes } from './literal.ts';

/** Reads what brackets hold: arrays, sets, objects, comprehensions, arguments, and template strings. */
export abstract class CompositeParser extends Cursor {
	/** Reads the expressions of a body up to its closing token, and passes that. */
	protected abstract body(close: number): Body;
	protected abstract literal(): Expr;
	/** A term with its operators, where `k, v in xs` may stand. */
	protected abstract term(): Term;
	/** A term of a list, where a comma ends it. */
	protected abstract listTerm(): Term;
	/** A term without operators around it. */
	protected abstract primary(): Term;
	/** Goes on with the operators after `first`, a primary. */
	protected abstract continued(first: Term): Term;

	/** Further items up to `close`, which stays current; commas between them, and one may end the list. */
	protected list(close: number, items: Term[]): Term[] {
		let height = items.length === 0 ? 0 : this.height;
		while (this.kind !== close) {
			items.push(this.listTerm());
			height = Math.max(height, this.height);
			if (this.kind === T.comma) this.advance();
			else if (this.kind !== close) {
				throw this.unexpected(`expected ${quoted(T.comma)} or ${quoted(close)}`);
			}
		}
		this.height = height;
		return items;
	}

	protected array(start: number): Term {
		this.advance();
		if (this.kind === T.rightBracket) {
			this.advance();
			this.height = 1;
			return { kind: 'array', items: [], loc: this.span(start) };
		}
		const skipped = this.#leadingComma();
		const first = this.primary();
		if (this.kind === T.or && !skipped) {
			const height = this.height;
			const body = this.#comprehensionBody(T.rightBracket);
			if (body !== undefined) {
				this.raise(Math.max(height, this.height) + 2);
				return { kind: 'array-comprehension', term: first, body, loc: this.span(start) };
			}
			this.height = height;
		}
		const items = this.#rest(this.continued(first), T.rightBracket);
		this.advance();
		this.raise(this.height + 1);
		return { kind: 'array', items, loc: this.span(start) };
	}

	/** OPA passes over one comma before the first item; nothing is a comprehension then. */
	#leadingComma(): boolean {
		if (this.kind !== T.comma) return false;
		this.advance();
		return true;
	}

	/** The items after the first one, up to `close`. */
	#rest(first: Term, close: number): Term[] {
		if (this.kind === close) return [first];
		if (this.kind !== T.comma) throw this.unexpected(`expected ${quoted(T.comma)} or ${quoted(close)}`);
		this.advance();
		return this.list(close, [first]);
	}

	/**
	 * The body behind a `|`, or undefined where this turns out to be a union in a list, as in `{a | b, c}`: there the
	 * body would end at the comma.
	 */
	#comprehensionBody(close: number): Body | undefined {
		return this.tryTo(
			() => {
				this.advance();
				return this.deeper(() => this.body(close));
			},
			(failure) => this.tokens.kinds[failure.token] === T.comma,
		);
	}

	protected setOrObject(start: number): Term {
		this.advance();
		if (this.kind === T.rightBrace) {
			this.advance();
			this.height = 1;
			return { kind: 'object', entries: [], loc: this.span(start) };
		}
		const skipped = this.#leadingComma();
		const first = this.primary();
		if (this.kind === T.or && !skipped) {
			const height = this.height;
			const body = this.#comprehensionBody(T.rightBrace);
			if (body !== undefined) {
				this.raise(Math.max(height, this.height) + 2);
				return { kind: 'set-comprehension', term: first, body, loc: this.span(start) };
			}
			this.height = height;
		}
		const item = this.continued(first);
		if (this.kind === T.colon) return this.#object(start, item, !skipped);
		if (this.kind !== T.rightBrace && this.kind !== T.comma) throw this.unexpected('non-terminated set');
		const items = this.#rest(item, T.rightBrace);
		this.advance();
		this.raise(this.height + 1);
		return { kind: 'set', items, loc: this.span(start) };
	}

	#object(start: number, key: Term, comprehension: boolean): Term {
		const keyHeight = this.height;
		this.advance();
		const first = this.primary();
		if (this.kind === T.or && comprehension) {
			const height = this.height;
			const body = this.#comprehensionBody(T.rightBrace);
			if (body !== undefined) {
				this.raise(Math.max(keyHeight, height, this.height) + 2);
				return { kind: 'object-comprehension', key, value: first, body, loc: this.span(start) };
			}
			this.height = height;
		}
		const entries: (readonly [Term, Term])[] = [[key, this.continued(first)]];
		let height = Math.max(keyHeight, this.height);
		if (this.kind !== T.rightBrace && this.kind !== T.comma) throw this.unexpected('non-terminated object');
		while (this.kind === T.comma) {
			this.advance();
			if (this.kind === T.rightBrace) break;
			entries.push(this.#entry());
			height = Math.max(height, this.height);
			if (this.kind !== T.comma && this.kind !== T.rightBrace) {
				throw this.unexpected(`expected ${quoted(T.comma)} or ${quoted(T.rightBrace)}`);
			}
		}
		this.advance();
		this.raise(height + 1);
		return { kind: 'object', entries, loc: this.span(start) };
	}

	#entry(): readonly [Term, Term] {
		const key = this.listTerm();
		const height = this.height;
		if (this.kind !== T.colon) throw this.unexpected(`expected ${quoted(T.colon)}`);
		this.advance();
		const value = this.listTerm();
		this.height = Math.max(height, this.height);
		return [key, value];
	}

	protected template(start: number, raw: boolean): Term {
		const parts: (StringTerm | Expr)[] = [];
		let height = 1;
		for (;;) {
			const text = this.#templateText(raw, this.at === start ? 2 : 1);
			if (text.value.length > 0) parts.push(text);
			const ended = this.kind === T.templateEnd || this.kind === T.rawTemplateEnd;
			this.advance();
			if (ended) break;
			parts.push(this.deeper(() => this.#templateExpression()));
			height = Math.max(height, this.height);
			const closed = raw
				? this.kind === T.rawTemplatePart || this.kind === T.rawTemplateEnd
				: this.kind === T.templatePart || this.kind === T.templateEnd;
			if (!closed || this.tokens.source.charCodeAt(this.start) !== 0x7d) {
				throw this.failure('expected } to end template string expression');
			}
		}
		this.raise(height + 1);
		return { kind: 'template-string', parts, raw, loc: this.span(start) };
	}

	/** The literal text of the current token, which `opening` characters precede and one follows. */
	#templateText(raw: boolean, opening: number): StringTerm {
		const token = this.text();
		const inner = token.slice(opening, -1);
		const value = raw ? inner.replaceAll('\\{', '{') : unescaped(withoutBraceEscapes(inner));
		if (value === undefined) throw this.failure(`illegal template-string part: ${token}`);
		return { kind: 'string', value, loc: this.tokenLoc() };
	}

	#templateExpression(): StringTerm | Expr {
		const commented = (this.gap & gap.comment) !== 0;
		const expr = this.literal();
		const fault = templateFault(expr);
		if (fault !== undefined) throw this.failure(`unexpected ${fault} in template-string expression`, { loc: expr.loc });
		const constant = commented || expr.kind !== 'term' || expr.with.length > 0 ? undefined : constantText(expr.term);
		if (constant === undefined) return expr;
		return { kind: 'string', value: constant, loc: expr.loc };
	}
}

function quoted(kind: number): string {
	return `"${tokenNames[kind]}"`;
}

function templateFault(expr: Expr): string | undefined {
	if (expr.negated || expr.kind === 'not') return "negation ('not')";
	if (expr.kind === 'every') return "'every'";
	if (expr.kind === 'some' || expr.kind === 'some-in') return "'some'";
	if (expr.kind !== 'term' || expr.term.kind !== 'call') return undefined;
	if (expr.term.infix === '=') return "unification ('=')";
	return expr.term.infix === ':=' ? "assignment (':=')" : undefined;
}

/** Text of a constant in a template string: it stands for itself, so it is part of the literal text. */
function constantText(term: Term): string | undefined {
	switch (term.kind) {
		case 'string':
			return term.value;
		case 'number':
			return term.text;
		case 'boolean':
			return String(term.value);
		case 'null':
			return 'null';
		default:
			return undefined;
	}
}
