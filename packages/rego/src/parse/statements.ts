import type { Body, Expr, Head, Import, Package, Rule, StringTerm, Term } from '../ast/ast.ts';
import { isKeyword, valueName } from '../ast/names.ts';
import { operators } from '../ast/operators.ts';
import { refText, termText } from '../ast/text.ts';
import type { Diagnostic } from '../errors.ts';
import { T } from '../lex/token.ts';
import { ParseFailure } from './cursor.ts';
import { limits } from './limits.ts';
import { RuleParser } from './rules.ts';
import { checkRule } from './v1.ts';

/** What a module's source holds, in the order written. */
export interface Statements {
	readonly package: Package | undefined;
	readonly imports: readonly Import[];
	readonly rules: readonly Rule[];
	readonly diagnostics: readonly Diagnostic[];
}

/** Reads modules and queries. */
export class StatementParser extends RuleParser {
	readonly #diagnostics: Diagnostic[] = [];
	readonly #imports: Import[] = [];
	readonly #rules: Rule[] = [];
	#package: Package | undefined;
	#first = true;

	/** All statements; one that cannot be read leaves a diagnostic, and reading goes on at the next. */
	module(): Statements {
		if (this.kind === T.eof) this.#diagnostics.push(this.failure('empty module').diagnostic);
		this.#statement(() => this.checkLegal());
		while (this.kind !== T.eof && this.#diagnostics.length < limits.diagnostics) {
			this.#statement(() => this.#next());
		}
		return { package: this.#package, imports: this.#imports, rules: this.#rules, diagnostics: this.#diagnostics };
	}

	/** A query: expressions only. Throws its first failure. */
	query(): Body {
		this.checkLegal();
		const body: Expr[] = [];
		if (this.kind === T.eof) throw this.failure('found empty body');
		while (this.kind !== T.eof) {
			if (this.kind === T.package || this.kind === T.import) {
				if (!this.opensRef(this.at + 1)) throw this.unexpected('expected query');
			}
			body.push(...this.#expressions());
		}
		return body;
	}

	/** Expressions separated by `;`. */
	#expressions(): Expr[] {
		const body = [this.literal()];
		while (this.kind === T.semicolon) {
			this.advance();
			body.push(this.literal());
		}
		return body;
	}

	#statement(read: () => void): void {
		const start = this.at;
		try {
			read();
		} catch (failure) {
			if (!(failure instanceof ParseFailure)) throw failure;
			this.#diagnostics.push(failure.diagnostic);
			this.#first = false;
			this.surface();
			if (failure.diagnostic.code === 'rego_limit_error') this.goTo(this.tokens.kinds.length - 1);
			else this.#recover(Math.max(start + 1, failure.token));
		}
	}

	/** Goes on at the next line that begins like a statement, in the first column, and that can be read on. */
	#recover(from: number): void {
		const { kinds, cols, faults } = this.tokens;
		let index = from;
		for (; index < kinds.length - 1; index++) {
			const kind = kinds[index]!;
			const begins = kind === T.ident || kind === T.default || kind === T.import || kind === T.package;
			if (begins && cols[index] === 1 && !faults.has(index)) break;
		}
		this.goTo(Math.min(index, kinds.length - 1));
	}

	#next(): void {
		if (this.kind === T.package && !this.opensRef(this.at + 1)) {
			this.#packageClause();
			this.#first = false;
			return;
		}
		if (this.#first) this.#diagnostics.push(this.failure('package expected', { hint: missingPackage }).diagnostic);
		this.#first = false;
		if (this.kind === T.import && !this.opensRef(this.at + 1)) {
			this.#imports.push(this.#import());
			return;
		}
		const start = this.at;
		const rules = this.rules();
		if (rules === undefined) {
			this.joined = -1;
			this.goTo(start);
		}
		this.#add(rules ?? [this.#ruleOf(this.#expressions())]);
	}

	#add(rules: readonly Rule[]): void {
		this.#rules.push(...rules);
		for (const rule of rules) {
			for (const { message, loc, hint } of checkRule(rule, this.tokens.source)) {
				this.#diagnostics.push(this.diagnostic(message, loc, hint));
			}
		}
	}

	#packageClause(): void {
		const start = this.at;
		this.advance();
		const path = this.#path();
		const terms: Term[] = [{ kind: 'var', name: 'data', loc: path.loc }];
		for (const [index, term] of (path.kind === 'ref' ? path.terms : [path]).entries()) {
			if (index === 0 && term.kind === 'var') terms.push({ kind: 'string', value: term.name, loc: term.loc });
			else if (index > 0 && term.kind === 'string') terms.push(term);
			else {
				const expected = index === 0 ? 'var' : 'string';
				throw this.failure(`unexpected ${valueName(term)} token: expecting ${expected}`, { loc: term.loc });
			}
		}
		const found: Package = { loc: this.span(start), path: { kind: 'ref', terms, loc: path.loc } };
		if (!this.#first) this.#diagnostics.push(this.diagnostic('unexpected package', found.loc));
		else this.#package = found;
	}

	/** The path behind `package` or `import`, whose first word may be a keyword. */
	#path(): Term {
		if (this.kind !== T.ident) {
			if (!this.isKeyword) throw this.unexpected();
			this.kind = T.ident;
		}
		const path = this.primary();
		if (path.kind === 'var' || path.kind === 'ref') return path;
		throw this.failure('expected path', { loc: path.loc });
	}

	#import(): Import {
		const start = this.at;
		this.advance();
		const path = this.#path();
		const terms = path.kind === 'ref' ? path.terms : [path];
		for (const term of terms.slice(1)) {
			if (term.kind !== 'string') {
				throw this.failure(`unexpected ${valueName(term)} token: expecting string`, { loc: term.loc });
			}
		}
		const root = terms[0]!.kind === 'var' ? terms[0].name : '';
		if (!importRoots.has(root)) {
			const message = `unexpected import path, must begin with one of: {data, future, input, rego}, got: ${termText(terms[0]!)}`;
			throw this.failure(message, {
				loc: path.loc,
				hint: `write \`import data.${refText(terms)}\` for a package of your own`,
			});
		}
		const found = { path: { kind: 'ref', terms, loc: path.loc } as const };
		if (root === 'rego') this.#checkRego(terms, path);
		const alias = this.#alias(start, terms, root);
		if (root === 'future') this.#future(terms, path, alias.alias);
		return { loc: this.span(start), ...found, ...alias };
	}

	#alias(start: number, terms: readonly Term[], root: string): Pick<Import, 'alias' | 'aliasLoc'> {
		if (this.kind === T.as) {
			this.advance();
			if (this.kind !== T.ident) throw this.unexpected('expected var');
			const alias = this.primary();
			if (alias.kind !== 'var') throw this.unexpected('expected var');
			return { alias: alias.name, aliasLoc: alias.loc };
		}
		const last = terms.at(-1)!;
		const name = last.kind === 'var' ? last.name : (last as StringTerm).value;
		if (root !== 'future' && isKeyword(name)) {
			const message = `unexpected import path, must not end with a keyword, got: ${name}`;
			const hint = 'import a different path or use an alias';
			this.#diagnostics.push(this.diagnostic(message, { ...last.loc, offset: this.tokens.starts[start]! }, hint));
		}
		return { alias: undefined };
	}

	#checkRego(terms: readonly Term[], path: Term): void {
		const version = terms[1];
		if (terms.length === 2 && version?.kind === 'string' && version.value === 'v1') return;
		throw this.failure(`invalid import \`${refText(terms)}\`, must be \`rego.v1\``, { loc: path.loc });
	}

	/** `future.keywords.*`: most are keywords anyway; `not` gets bodies, and the experimental ones become keywords. */
	#future(terms: readonly Term[], path: Term, alias: string | undefined): void {
		const { loc } = path;
		const namespace = terms[1];
		if (namespace?.kind !== 'string' || namespace.value !== 'keywords') {
			throw this.failure('invalid import, must be `future.keywords`', { loc });
		}
		if (alias !== undefined) throw this.failure('`future` imports cannot be aliased', { loc });
		const known = ['contains', 'every', 'if', 'in', 'not'];
		if (this.options.experimental) known.push('and', 'or');
		const named = terms[2];
		if (named !== undefined && (named.kind !== 'string' || !known.includes(named.value) || terms.length > 3)) {
			const experimental = named.kind === 'string' && (named.value === 'and' || named.value === 'or');
			const hint = experimental ? '`and` and `or` are experimental and no part of Rego v1' : undefined;
			throw this.failure(`unexpected keyword, must be one of [${known.toSorted().join(' ')}]`, { loc, hint });
		}
		const keyword = named?.kind === 'string' ? named.value : undefined;
		const all = keyword === undefined;
		if (all || keyword === 'not') this.notBodies = true;
		if (this.options.experimental && (all || keyword === 'and')) this.andKeyword = true;
		if (this.options.experimental && (all || keyword === 'or')) this.orKeyword = true;
	}

	/** The rule that an expression at the top of a module is: `p := 1`, `f(x) = y`, `a.b.c`. */
	#ruleOf(body: readonly Expr[]): Rule {
		const expr = body[0]!;
		const wrong = (message: string, hint?: string): ParseFailure => this.failure(message, { loc: expr.loc, hint });
		if (body.length > 1) throw wrong('multiple expressions cannot be used for rule head');
		if (expr.with.length > 0) throw wrong('expressions using with keyword cannot be used for rule head');
		if (expr.negated || expr.kind === 'not') throw wrong('negated expressions cannot be used for rule head', needsIf);
		if (expr.kind === 'some' || expr.kind === 'some-in') {
			throw wrong("'some' declarations cannot be used for rule head", needsIf);
		}
		if (expr.kind !== 'term') throw wrong('expression cannot be used for rule head', needsIf);
		const head = this.#headOf(expr.term, wrong);
		const loc = expr.loc;
		return { loc, default: false, head: { ...head, loc }, body: [], hasIf: false, else: undefined, chained: false };
	}

	#headOf(term: Term, wrong: (message: string, hint?: string) => ParseFailure): Omit<Head, 'loc'> {
		if (term.kind !== 'call') {
			if (term.kind !== 'ref') throw wrong(`${valueName(term)} cannot be used for rule name`, needsValue);
			if (term.terms.length === 1) throw wrong('refs cannot be used for rule head', needsValue);
			return { ...this.#named(term, wrong), value: undefined, contains: undefined, assign: false };
		}
		const assign = term.infix === ':=';
		if (assign || term.infix === '=') {
			const named = this.#named(term.args[0]!, wrong);
			return { ...named, value: term.args[1]!, contains: undefined, assign };
		}
		if (operators.has(termText(term.operator))) {
			throw wrong('rule name conflicts with built-in function', needsIf);
		}
		if (term.args.length === 0) throw wrong('rule argument list must take at least one argument');
		return { ...this.#named(term, wrong), value: undefined, contains: undefined, assign: false };
	}

	#named(term: Term, wrong: (message: string) => ParseFailure): Pick<Head, 'ref' | 'args'> {
		const ref = term.kind === 'call' ? term.operator.terms : term.kind === 'ref' ? term.terms : [term];
		if (term.kind !== 'call' && term.kind !== 'ref' && term.kind !== 'var') {
			throw wrong(`${valueName(term)} cannot be used for rule name`);
		}
		if (ref[0]!.kind !== 'var') throw wrong(`invalid rule head: ${refText(ref)}`);
		return { ref, args: term.kind === 'call' && term.args.length > 0 ? term.args : undefined };
	}
}

const importRoots: ReadonlySet<string> = new Set(['data', 'input', 'future', 'rego']);
const missingPackage = 'begin the file with `package <name>`';
const needsIf = 'conditions belong into a rule body: `allow if { … }`';
const needsValue = 'give the rule a value (`name := …`) or a body (`name if { … }`)';
