import { type Body, type Head, isWildcard, type Location, type Rule, type Term } from '../ast/ast.ts';
import { valueName } from '../ast/names.ts';
import { relocate } from '../ast/relocate.ts';
import { termText } from '../ast/text.ts';
import { isGround, walkTerm } from '../ast/walk.ts';
import { T } from '../lex/token.ts';
import type { ParseFailure } from './cursor.ts';
import { limits } from './limits.ts';
import { LogicalParser } from './logical.ts';

/** Reads rules that have a body, a default value or `contains`; what else can be a rule is read as an expression. */
export abstract class RuleParser extends LogicalParser {
	/** The rule at the current token with its further bodies, or undefined where it is not written like these. */
	protected rules(): Rule[] | undefined {
		const start = this.at;
		this.keywordAsRef();
		const isDefault = this.kind === T.default;
		if (isDefault) {
			this.advance();
			this.keywordAsRef();
		}
		if (this.kind !== T.ident || this.isAnd() || this.isOr()) return undefined;
		const head = this.#head(isDefault);
		if (isDefault) return [this.#default(start, head)];
		if (this.kind !== T.if && this.kind !== T.leftBrace) {
			if (head.contains === undefined) return undefined;
			const loc = this.span(start);
			return [{ loc, default: false, head, body: [], hasIf: false, else: undefined, chained: false }];
		}
		return this.#withBody(start, head);
	}

	#withBody(start: number, head: Head): Rule[] {
		const hasIf = this.kind === T.if;
		if (hasIf) this.advance();
		const { body, braces } = this.#body();
		const otherwise = this.#elses(head);
		const rule: Rule = {
			loc: this.span(start),
			default: false,
			head,
			body,
			hasIf,
			braces,
			else: otherwise,
			chained: false,
		};
		const rules = [rule];
		while (this.kind === T.leftBrace) {
			if (otherwise !== undefined) throw this.unexpected('expected else keyword');
			rules.push(this.#chainedBody(head, hasIf));
		}
		return rules;
	}

	/** What follows `if` (or the head): a body in braces, or one expression, which may itself begin with a brace. */
	#body(): { readonly body: Body; readonly braces: boolean } {
		if (this.kind !== T.leftBrace) return { body: [this.literal()], braces: false };
		const start = this.at;
		const single = this.tokens.kinds[start - 1] === T.if ? this.tryTo(() => this.literal()) : undefined;
		if (single !== undefined && (single.kind !== 'term' || single.negated || single.term.kind !== 'set')) {
			return { body: [single], braces: false };
		}
		this.goTo(start);
		return { body: this.#braced(), braces: true };
	}

	#braced(): Body {
		if (this.kind !== T.leftBrace) throw this.unexpected('expected {');
		this.advance();
		return this.body(T.rightBrace);
	}

	#chainedBody(head: Head, hasIf: boolean): Rule {
		const start = this.at;
		const body = this.#braced();
		const loc = this.span(start);
		const moved = this.#repeated(head, loc);
		return { loc, default: false, head: moved, body, hasIf, braces: true, else: undefined, chained: true };
	}

	/** The head of a further body: the same, standing at that body, its wildcard parameters with names of their own. */
	#repeated(head: Head, loc: Location): Head {
		const move = (term: Term): Term => relocate(term, () => loc);
		return {
			...head,
			loc,
			ref: head.ref.map(move),
			args: this.#repeatedArgs(head)?.map(move),
			contains: head.contains === undefined ? undefined : move(head.contains),
			value: head.value === undefined ? undefined : move(head.value),
		};
	}

	#repeatedArgs(head: Head): readonly Term[] | undefined {
		return head.args?.map((term) => {
			return term.kind === 'var' && isWildcard(term.name) ? { ...term, name: this.wildcard() } : term;
		});
	}

	/** The `else` branches, read one after another and then hung onto each other. */
	#elses(head: Head): Rule | undefined {
		const branches: Rule[] = [];
		const starts: number[] = [];
		while (this.kind === T.else && !this.opensRef(this.at + 1)) {
			if (head.ref.some((term, index) => index > 0 && !isGround(term))) {
				throw this.failure('else keyword cannot be used on rules with variables in head');
			}
			if (head.contains !== undefined) throw this.failure('else keyword cannot be used on multi-value rules');
			if (branches.length >= limits.elseBranches) {
				throw this.limit(`rule has more than ${limits.elseBranches} else branches`);
			}
			starts.push(this.at);
			const branch = this.#else(head);
			branches.push(branch);
			if (branch.body.length === 0) break;
		}
		const end = this.lastEnd;
		return branches.reduceRight<Rule | undefined>((next, branch) => {
			return { ...branch, loc: { ...branch.loc, end }, else: next };
		}, undefined);
	}

	#else(head: Head): Rule {
		const start = this.at;
		this.advance();
		const assign = this.kind === T.assign;
		let value: Term | undefined;
		if (assign || this.kind === T.unify) {
			this.advance();
			value = this.term();
		} else if (this.kind !== T.leftBrace && this.kind !== T.if) {
			throw this.unexpected('expected else value term or rule body');
		}
		const loc = value === undefined ? this.tokenLoc(start) : this.span(start);
		const own: Head = { ...head, loc, args: this.#repeatedArgs(head), value, assign };
		const base = { default: false, head: own, else: undefined, chained: false };
		const hasIf = this.kind === T.if;
		if (hasIf) this.advance();
		if (this.kind === T.leftBrace) {
			const body = this.#braced();
			return { ...base, loc: this.span(start), body, hasIf, braces: true };
		}
		if (!hasIf) return { ...base, loc: this.span(start), body: [], hasIf };
		if (this.kind === T.eof) throw this.unexpected('rule body expected');
		const body = [this.literal()];
		return { ...base, loc: this.span(start), body, hasIf, braces: false };
	}

	#head(isDefault: boolean): Head {
		const start = this.at;
		const named = this.#headRef();
		const name = (): string => termText({ kind: 'ref', terms: named.ref, loc: this.tokenLoc(start) });
		const head = { ref: named.ref, args: named.args, contains: undefined, value: undefined, assign: false };
		if (this.kind === T.contains) {
			if (named.args !== undefined) {
				const note = `the contains keyword can only be used with multi-value rule definitions (e.g., ${name()} contains <VALUE> { ... })`;
				throw this.unexpected(note);
			}
			this.advance();
			const contains = this.#valueOr(() => `expected rule key term (e.g., ${name()} contains <VALUE> { ... })`);
			return { ...head, loc: this.span(start), contains };
		}
		if (this.kind !== T.assign && this.kind !== T.unify) return { ...head, loc: this.span(start) };
		const assign = this.kind === T.assign;
		this.advance();
		const value = this.#valueOr(() => {
			if (named.args !== undefined && named.args.length > 0)
				return `expected function value term (e.g., ${name()}(...) := <VALUE> { ... })`;
			if (isDefault) return `expected default rule value term (e.g., default ${name()} := <VALUE>)`;
			return `expected rule value term (e.g., ${name()} := <VALUE> { ... })`;
		});
		return { ...head, loc: this.span(start), value, assign };
	}

	/** A term; where not even its first token fits, `note` says what belongs there. */
	#valueOr(note: () => string): Term {
		const start = this.at;
		const failure = this.#failureOf(() => this.term());
		if ('value' in failure) return failure.value;
		// A fault of the value itself says more than what could have stood there.
		const bare = /^unexpected [^:]+$/.test(failure.failure.diagnostic.message);
		if (failure.failure.token !== start || !bare) throw failure.failure;
		this.goTo(start);
		throw this.unexpected(note());
	}

	#failureOf(read: () => Term): { readonly value: Term } | { readonly failure: ParseFailure } {
		let caught: ParseFailure | undefined;
		const value = this.tryTo(read, (failure) => {
			caught = failure;
			return true;
		});
		return value !== undefined ? { value } : { failure: caught! };
	}

	/** The name of a rule, with the parameters of a function. Blanks may stand behind its first part only. */
	#headRef(): { readonly ref: readonly Term[]; readonly args: readonly Term[] | undefined } {
		const start = this.at;
		const first = this.variable();
		if (this.touches && isOperator(this.kind)) throw this.unexpected();
		const opens = this.kind === T.dot || this.kind === T.leftBracket || this.kind === T.leftParen;
		if (!opens) return { ref: [first], args: undefined };
		const rest = this.#restOfHead(first, start);
		if (rest.kind === 'call' && rest.operator.terms[0]!.kind === 'var') {
			return { ref: rest.operator.terms, args: rest.args.length === 0 ? undefined : rest.args };
		}
		if (rest.kind === 'ref' && rest.terms[0]!.kind === 'var') return { ref: rest.terms, args: undefined };
		throw this.unexpected(`rule head ref ${termText(rest)} invalid`);
	}

	#restOfHead(first: Term, start: number): Term {
		this.joined = this.at;
		return this.ref(first, start);
	}

	#default(start: number, head: Head): Rule {
		const loc = this.span(start);
		if (head.value === undefined) throw this.failure('illegal default rule (must have a value)', { loc });
		walkTerm(head.value, (term) => {
			switch (term.kind) {
				case 'array-comprehension':
				case 'set-comprehension':
				case 'object-comprehension':
					return false;
				case 'var':
				case 'ref':
				case 'call':
					throw this.failure(`illegal default rule (value cannot contain ${term.kind})`, { loc });
				default:
					return true;
			}
		});
		this.#checkDefaultArgs(head.args ?? [], loc);
		const body: Body = [];
		return { loc, default: true, head, body, hasIf: false, else: undefined, chained: false };
	}

	#checkDefaultArgs(args: readonly Term[], loc: Location): void {
		const seen = new Set<string>();
		for (const arg of args) {
			if (arg.kind !== 'var') {
				throw this.failure(`illegal default rule (arguments cannot contain ${valueName(arg)})`, { loc });
			}
			if (seen.has(arg.name)) {
				throw this.failure(`illegal default rule (arguments cannot be repeated ${arg.name})`, { loc });
			}
			seen.add(arg.name);
		}
	}
}

function isOperator(kind: number): boolean {
	return kind >= T.plus && kind <= T.greaterEqual;
}
