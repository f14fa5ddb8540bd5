import type { CallTerm, Location, RefTerm, StringTerm, Term, VarTerm } from '../ast/ast.ts';
import { valueName } from '../ast/names.ts';
import { operators } from '../ast/operators.ts';
import { T, tokenNames } from '../lex/token.ts';
import { CompositeParser } from './composites.ts';
import { ParseFailure } from './cursor.ts';
import { limits } from './limits.ts';
import { numberFault, unescaped } from './literal.ts';

/** The loosest operators of `precedence`. */
const relation = 1;

/** How tightly the operators of terms bind, by token kind; `in` binds looser and is read apart. */
const precedence: readonly (number | undefined)[] = (() => {
	const table: (number | undefined)[] = [];
	for (const kind of [T.equal, T.notEqual, T.less, T.lessEqual, T.greater, T.greaterEqual]) table[kind] = relation;
	table[T.or] = relation + 1;
	table[T.and] = relation + 2;
	for (const kind of [T.plus, T.minus]) table[kind] = relation + 3;
	for (const kind of [T.times, T.divide, T.modulo]) table[kind] = relation + 4;
	return table;
})();

/** A term read before, or why it could not be: keeps re-reading after a failed attempt from multiplying. */
type Memo =
	| { readonly term: Term; readonly next: number; readonly height: number }
	| { readonly failure: ParseFailure };

/** Reads terms: everything between the operators `:=`, `=` and the keywords of expressions. */
export abstract class TermParser extends CompositeParser {
	readonly #memo = new Map<number, Memo>();

	protected override term(): Term {
		return this.#membership(this.#infix(this.primary(), relation), true);
	}

	protected override listTerm(): Term {
		return this.#membership(this.#infix(this.primary(), relation), false);
	}

	protected override continued(first: Term): Term {
		return this.#membership(this.#infix(first, relation), false);
	}

	#membership(first: Term, pairs: boolean): Term {
		let left = first;
		for (;;) {
			if (pairs && this.kind === T.comma) {
				const height = this.height;
				const pair = this.tryTo(() => this.#pair(left, height));
				if (pair === undefined) return left;
				left = pair;
			} else {
				this.keywordAsRef();
				if (this.kind !== T.in) return left;
				const height = this.height;
				const operator = this.#operator('internal.member_2');
				const right = this.#infix(this.primary(), relation);
				this.raise(Math.max(height, this.height) + 1);
				left = this.#call(operator, [left, right], 'in');
			}
			if (this.kind !== T.in) return left;
		}
	}

	/** `, value in domain` after the key. */
	#pair(key: Term, keyHeight: number): Term {
		this.advance();
		const value = this.#infix(this.primary(), relation);
		const valueHeight = this.height;
		if (this.kind !== T.in) throw this.unexpected();
		const operator = this.#operator('internal.member_3');
		const domain = this.#infix(this.primary(), relation);
		this.raise(Math.max(keyHeight, valueHeight, this.height) + 1);
		return this.#call(operator, [key, value, domain], 'in');
	}

	#infix(first: Term, min: number): Term {
		let left = first;
		for (;;) {
			const power = precedence[this.kind];
			if (power === undefined || power < min) return left;
			const height = this.height;
			const name = tokenNames[this.kind]!;
			const operator = this.#operator(name);
			const right = this.#infix(this.primary(), power + 1);
			this.raise(Math.max(height, this.height) + 1);
			left = this.#call(operator, [left, right], operators.get(name)!.infix);
		}
	}

	/** The current token as the name of a builtin; passes it. */
	#operator(name: string): RefTerm {
		const ref = operatorRef(name, this.tokenLoc());
		this.advance();
		return ref;
	}

	#call(operator: RefTerm, args: readonly Term[], infix: string): CallTerm {
		const { file, row, col, offset } = args[0]!.loc;
		return { kind: 'call', operator, args, infix, loc: { file, row, col, offset, end: this.lastEnd } };
	}

	/** A call of `:=` or `=`, whose token is current: both sides of an expression. */
	protected assignment(left: Term): Term {
		const height = this.height;
		const name = tokenNames[this.kind]!;
		const operator = this.#operator(name);
		const right = this.term();
		this.raise(Math.max(height, this.height) + 1);
		return this.#call(operator, [left, right], operators.get(name)!.infix);
	}

	protected override primary(): Term {
		const start = this.at;
		const composite = this.kind === T.leftBracket || this.kind === T.leftBrace || this.kind === T.leftParen;
		if (!composite) return this.#unremembered();
		const memo = this.#memo.get(start);
		if (memo !== undefined) {
			if ('failure' in memo) throw memo.failure;
			this.goTo(memo.next);
			this.height = memo.height;
			return memo.term;
		}
		try {
			const term = this.deeper(() => this.#unremembered());
			this.#memo.set(start, { term, next: this.at, height: this.height });
			return term;
		} catch (failure) {
			if (failure instanceof ParseFailure) this.#memo.set(start, { failure });
			throw failure;
		}
	}

	#unremembered(): Term {
		const start = this.at;
		if (this.isAnd() || this.isOr()) {
			if (this.tokens.kinds[start + 1] !== T.leftParen || this.tokens.gaps[start + 1] !== 0) throw this.unexpected();
		}
		switch (this.kind) {
			case T.ident:
			case T.contains:
				return this.#finish(this.variable(), start);
			case T.string:
				return this.#finish(this.#string(), start);
			case T.number:
			case T.dot:
				return this.#finish(this.#number(start, ''), start);
			case T.minus:
				return this.#negative(start);
			case T.leftBracket:
				return this.#finish(this.array(start), start);
			case T.leftBrace:
				return this.#finish(this.setOrObject(start), start);
			case T.leftParen:
				return this.#finish(this.#parenthesised(), start);
			case T.rawString: {
				const text = this.text();
				const loc = this.tokenLoc();
				this.advance();
				this.height = 1;
				return this.#finish({ kind: 'string', value: text.slice(1, -1), raw: true, loc }, start);
			}
			case T.templatePart:
			case T.templateEnd:
				return this.#finish(this.template(start, false), start);
			case T.rawTemplatePart:
			case T.rawTemplateEnd:
				return this.#finish(this.template(start, true), start);
			case T.null:
				return this.#finish(this.#constant({ kind: 'null', loc: this.tokenLoc() }), start);
			case T.true:
				return this.#finish(this.#constant({ kind: 'boolean', value: true, loc: this.tokenLoc() }), start);
			case T.false:
				return this.#finish(this.#constant({ kind: 'boolean', value: false, loc: this.tokenLoc() }), start);
			default:
				throw this.unexpected();
		}
	}

	#constant(term: Term): Term {
		this.advance();
		this.height = 1;
		return term;
	}

	/** The current token as a variable; passes it. */
	protected variable(): VarTerm {
		const text = this.text();
		const loc = this.tokenLoc();
		this.advance();
		this.height = 1;
		return { kind: 'var', name: text === '_' ? this.wildcard() : text, loc };
	}

	/** What follows a term without a gap makes it a ref or a call. */
	#finish(head: Term, start: number): Term {
		if (this.touches && (this.kind === T.dot || this.kind === T.leftBracket || this.kind === T.leftParen)) {
			return this.ref(head, start);
		}
		if (head.kind === 'var' && (head.name === 'input' || head.name === 'data')) {
			return { kind: 'ref', terms: [head], loc: head.loc };
		}
		return head;
	}

	/** The rest of a ref or call, from the `.`, `[` or `(` that follows its head, which was read at token `start`. */
	protected ref(head: Term, start: number): Term {
		if (!canHeadRef(head)) throw this.failure(`illegal ref (head cannot be ${valueName(head)})`, { loc: head.loc });
		let terms: Term[] = [head];
		let height = this.height;
		for (;;) {
			const gapless = this.touches;
			if (terms.length > limits.refLength) throw this.limit(`a reference has more than ${limits.refLength} terms`);
			if (gapless && this.kind === T.dot) {
				this.advance();
				terms.push(this.#name());
			} else if (gapless && this.kind === T.leftBracket) {
				this.advance();
				terms.push(this.deeper(() => this.term()));
				if (this.kind !== T.rightBracket) throw this.unexpected('expected ]');
				this.advance();
				height = Math.max(height, this.height);
			} else if (gapless && this.kind === T.leftParen) {
				const call = this.#callOf(terms, start);
				height = Math.max(height, this.height) + 1;
				this.raise(height);
				const again = this.touches && (this.kind === T.dot || this.kind === T.leftBracket);
				if (!again) return call;
				terms = [call];
			} else {
				this.raise(height + 1);
				return { kind: 'ref', terms, loc: this.#locFrom(head, start) };
			}
		}
	}

	/** Position of `head` as reported, text from token `start` to the last one passed. */
	#locFrom(head: Term, start: number): Location {
		const { file, row, col } = head.loc;
		return { file, row, col, offset: this.tokens.starts[start]!, end: this.lastEnd };
	}

	#name(): StringTerm {
		if (!this.touches) {
			const loc = { ...this.tokenLoc(this.at - 1), offset: this.lastEnd, end: this.start };
			throw this.failure('unexpected whitespace token: expected identifier', { loc: { ...loc, col: loc.col + 1 } });
		}
		if (this.kind !== T.ident && !this.isKeyword) throw this.unexpected('expected identifier');
		const term = { kind: 'string', value: this.text(), loc: this.tokenLoc() } as const;
		this.advance();
		return term;
	}

	/** A call of what the terms name, from its `(`. */
	#callOf(terms: readonly Term[], start: number): Term {
		const head = terms[0]!;
		const operator: RefTerm = { kind: 'ref', terms, loc: this.#locFrom(head, start) };
		this.advance();
		if (this.kind === T.rightParen) {
			this.advance();
			this.height = 1;
			const loc = this.#locFrom(head, start);
			if (terms.length === 1 && head.kind === 'var' && head.name === 'set') return { kind: 'set', items: [], loc };
			return { kind: 'call', operator, args: [], loc };
		}
		const args = this.deeper(() => this.list(T.rightParen, []));
		this.advance();
		return { kind: 'call', operator, args, loc: this.#locFrom(head, start) };
	}

	#string(): Term {
		const text = this.text();
		const value = unescaped(text.slice(1, -1));
		if (value === undefined) throw this.failure(`illegal string literal: ${text}`);
		const term: Term = { kind: 'string', value, loc: this.tokenLoc() };
		this.advance();
		this.height = 1;
		return term;
	}

	/** A number from its first token on: `-`, if there was one, is in `sign`. */
	#number(start: number, sign: string): Term {
		const dotted = this.kind === T.dot;
		if (dotted) this.advance();
		if (this.kind !== T.number) throw this.unexpected('expected number');
		const literal = this.text();
		if (!dotted && /^0[0-9]/.test(literal)) throw this.unexpected('expected number without leading zero');
		if (dotted && literal.includes('.')) throw this.unexpected('invalid float');
		const text = `${sign}${dotted ? '0.' : ''}${literal}`;
		const fault = numberFault(text);
		if (fault === 'too long') throw this.limit('number literal is too long');
		if (fault !== undefined) throw this.failure(fault);
		this.advance();
		this.height = 1;
		return { kind: 'number', text, loc: this.span(start) };
	}

	/** A negative number, or `-x`, which is `0 - x`. */
	#negative(start: number): Term {
		const loc = this.tokenLoc();
		this.advance();
		if (this.kind !== T.ident && this.kind !== T.contains) {
			if (this.kind !== T.number && this.kind !== T.dot) throw this.unexpected('expected number');
			return this.#finish(this.#number(start, '-'), start);
		}
		const operator = operatorRef('minus', loc);
		const operand = this.#finish(this.variable(), this.at - 1);
		this.raise(this.height + 1);
		const zero: Term = { kind: 'number', text: '0', loc };
		return { kind: 'call', operator, args: [zero, operand], infix: '-', loc: this.span(start) };
	}

	#parenthesised(): Term {
		const { offset } = this.tokenLoc();
		this.advance();
		const inner = this.term();
		if (this.kind !== T.rightParen) throw this.failure('non-terminated expression');
		this.advance();
		return { ...inner, loc: { ...inner.loc, offset, end: this.lastEnd } };
	}
}

function operatorRef(name: string, loc: Location): RefTerm {
	const [first = '', ...rest] = name.split('.');
	const names = rest.map((value): Term => ({ kind: 'string', value, loc }));
	return { kind: 'ref', terms: [{ kind: 'var', name: first, loc }, ...names], loc };
}

function canHeadRef(head: Term): boolean {
	switch (head.kind) {
		case 'var':
		case 'array':
		case 'object':
		case 'set':
		case 'array-comprehension':
		case 'object-comprehension':
		case 'set-comprehension':
		case 'call':
			return true;
		default:
			return false;
	}
}
