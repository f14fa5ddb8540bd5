/**
 * Lowers syntax trees: resolves names, gives variables their locals, and hoists calls out of terms, in the order in which
 * OPA's compiler does so (that order decides what is undefined when a part is).
 */
import {
	type Body,
	type CallTerm,
	type Expr,
	isWildcard,
	type Location,
	type RefTerm,
	type SomeInExpr,
	type TemplateString,
	type Term,
	type With,
} from '../ast/ast.ts';
import type { Builtin } from '../builtins/builtin.ts';
import type { Diagnostic, RegoErrorCode } from '../errors.ts';
import { ObjectBuilder, parseNumber, RegoSet, type Value } from '../value/index.ts';
import type { Callee, LBody, LComprehension, LConst, LExpr, LTerm, LVar, LWith } from './lowered.ts';
import { isRefused, refusalOf } from './refused.ts';
import { declaredNames, isAssignment, namesIn, Scopes } from './scope.ts';

/** What an undeclared name stands for in a module: a rule of its package, or an import. */
export type Globals = ReadonlyMap<string, { readonly root: 'data' | 'input'; readonly path: readonly string[] }>;

/** What lowering a rule or query needs to know of its surroundings. */
export interface LoweringContext {
	readonly globals: Globals;
	readonly builtins: ReadonlyMap<string, Builtin>;
	/** Number of parameters of the function at a path below `data`, or undefined when there is none. */
	readonly arityOf: (path: readonly string[]) => number | undefined;
	/** Keep `print` calls; otherwise they are dropped. */
	readonly print: boolean;
	/** Constants that `rego.metadata.chain()` and `rego.metadata.rule()` stand for. */
	readonly metadata?: { readonly chain: () => Value; readonly rule: () => Value };
}

/** Operators and names that mean something to the compiler itself. */
const unifyNames = new Set(['eq', 'assign']);

/** Lowers the parts of one rule, branch or query; errors collect in `errors`. */
export class Lowering {
	readonly scopes: Scopes = new Scopes();
	readonly errors: Diagnostic[] = [];
	readonly #context: LoweringContext;

	constructor(context: LoweringContext) {
		this.#context = context;
	}

	error(loc: Location, message: string, code: RegoErrorCode = 'rego_compile_error', hint?: string): void {
		this.errors.push(hint === undefined ? { code, message, loc } : { code, message, loc, hint });
	}

	/** Lowers a function parameter: its variables are declared in the innermost scope. */
	parameter(term: Term, sink: LExpr[]): LTerm {
		switch (term.kind) {
			case 'var': {
				if (term.name === 'input' || term.name === 'data') return this.#rootParameter(term, term.name);
				const held = this.scopes.declared(term.name);
				if (held !== undefined) return { kind: 'var', local: this.scopes.use(term.name), loc: term.loc };
				return this.#declare(term.name, 'arg', term.loc);
			}
			case 'array':
				return fold({ kind: 'array', items: term.items.map((item) => this.parameter(item, sink)), loc: term.loc });
			case 'object': {
				const entries = term.entries.map(
					([key, value]) => [this.term(key, sink), this.parameter(value, sink)] as const,
				);
				return fold({ kind: 'object', entries, loc: term.loc });
			}
			case 'call':
				this.error(term.loc, 'rule arguments cannot contain calls');
				return { kind: 'const', value: null, loc: term.loc };
			case 'ref': {
				const [head] = term.terms;
				if (term.terms.length === 1 && head!.kind === 'var') return this.parameter(head!, sink);
				return this.evaluated(this.term(term, sink), sink);
			}
			default:
				return this.evaluated(this.term(term, sink), sink);
		}
	}

	#rootParameter(term: Term, name: string): LTerm {
		this.error(term.loc, `args must not shadow ${name} (use a different variable name)`);
		return { kind: 'const', value: null, loc: term.loc };
	}

	/** Lowers a body in the innermost scope. */
	body(body: Body): LExpr[] {
		const exprs: LExpr[] = [];
		for (const expr of body) this.#expr(expr, exprs);
		return exprs;
	}

	/** Reports what the innermost scope declares in `body` and never uses. */
	checkUnused(body: Body, loc: Location): void {
		if (this.errors.length > 0) return;
		for (const name of this.scopes.unused()) {
			const expr = body.find((candidate) => declaredNames([candidate]).has(name));
			this.error(expr?.loc ?? body[0]?.loc ?? loc, `declared var ${name} unused`);
		}
	}

	/** Moves a term that needs evaluation (a reference or comprehension in it) behind a generated variable. */
	evaluated(term: LTerm, sink: LExpr[]): LTerm {
		return needsEvaluation(term) ? this.#generate(term, sink) : term;
	}

	#generate(term: LTerm, sink: LExpr[], captured = false): LVar {
		const output: LVar = { kind: 'var', local: this.scopes.generate(), loc: term.loc };
		sink.push({
			kind: 'unify',
			left: output,
			right: term,
			assign: false,
			generated: true,
			with: [],
			loc: term.loc,
			...(captured ? { captured } : {}),
		});
		return output;
	}

	#declare(name: string, occurrence: 'arg' | 'assigned' | 'declared', loc: Location): LVar {
		const local = this.scopes.declare(name, occurrence);
		if (typeof local !== 'string') return { kind: 'var', local, loc };
		this.error(loc, local);
		return { kind: 'var', local: this.scopes.use(name), loc };
	}

	// Expressions

	#expr(expr: Expr, sink: LExpr[]): void {
		// Values of `with` are read outside of it, and before `:=` declares anything.
		const withs = expr.with.length > 0 ? this.#withs(expr.with, sink) : [];
		const parts: LExpr[] = [];
		const main: LExpr[] = [];
		this.#plainExpr(expr, parts, main);
		if (withs.length > 0) {
			for (const part of parts) part.with = withs;
			for (const part of main) part.with = withs;
		}
		sink.push(...parts, ...main);
	}

	/** Lowers an expression without its `with`: what it needs first goes to `parts`, itself to `main`. */
	#plainExpr(expr: Expr, parts: LExpr[], main: LExpr[]): void {
		const { loc } = expr;
		switch (expr.kind) {
			case 'some':
				for (const variable of expr.vars) {
					const local = this.scopes.declare(variable.name, 'declared');
					if (typeof local === 'string') this.error(loc, local);
				}
				return;
			case 'some-in':
				this.#someIn(expr, parts, main);
				return;
			case 'every': {
				const domain = this.#generate(this.term(expr.domain, parts), parts);
				this.scopes.push(new Set(expr.key === undefined ? [expr.value.name] : [expr.key.name, expr.value.name]));
				const key = expr.key === undefined ? undefined : this.#declare(expr.key.name, 'declared', loc).local;
				const value = this.#declare(expr.value.name, 'declared', loc).local;
				const exprs = this.body(expr.body);
				this.checkUnused(expr.body, loc);
				this.scopes.pop();
				const body: LBody = { exprs, loc: expr.body[0]?.loc ?? loc };
				const every: LExpr = { kind: 'every', key, value, domain, body, generated: false, with: [], loc };
				main.push(
					expr.negated
						? {
								kind: 'not',
								body: { exprs: [every], loc },
								closure: false,
								generated: false,
								with: [],
								loc,
							}
						: every,
				);
				return;
			}
			case 'not': {
				this.scopes.push(declaredNames(expr.body));
				const exprs = this.body(expr.body);
				this.checkUnused(expr.body, loc);
				this.scopes.pop();
				const body: LBody = { exprs, loc: expr.body[0]?.loc ?? loc };
				main.push({ kind: 'not', body, closure: true, generated: false, with: [], loc });
				return;
			}
			case 'term': {
				const inner: LExpr[] = [];
				this.#termExpr(expr.term, expr.negated, loc, parts, inner);
				if (!expr.negated) main.push(...inner);
				else if (inner.length > 0) {
					const body: LBody = { exprs: inner, loc };
					main.push({ kind: 'not', body, closure: false, generated: false, with: [], loc });
				}
				return;
			}
			default:
				this.error(loc, `the experimental keyword ${expr.kind} is not offered`);
		}
	}

	#termExpr(term: Term, negated: boolean, loc: Location, parts: LExpr[], main: LExpr[]): void {
		const base = { generated: false, with: [], loc } as const;
		if (term.kind !== 'call') {
			main.push({ ...base, kind: 'term', term: this.term(term, parts) });
			return;
		}
		if (isAssignment(term)) {
			if (negated) {
				this.error(loc, 'cannot assign vars inside negated expression');
				return;
			}
			const right = this.term(term.args[1]!, parts);
			const left = this.#assignee(term.args[0]!, parts);
			main.push({ ...base, kind: 'unify', left, right, assign: true });
			return;
		}
		const name = operatorName(term);
		if (name === 'eq' && term.args.length === 2 && this.#isBuiltinName(name)) {
			const left = this.term(term.args[0]!, parts);
			const right = this.term(term.args[1]!, parts);
			main.push({ ...base, kind: 'unify', left, right, assign: false });
			return;
		}
		if (name === 'print' && this.#isBuiltinName(name)) {
			if (this.#context.print) this.#print(term, loc, main);
			else main.push({ ...base, kind: 'term', term: { kind: 'const', value: true, loc } });
			return;
		}
		const metadata = this.#metadata(name, term);
		if (metadata !== undefined) {
			if (term.args.length === 0) main.push({ ...base, kind: 'term', term: metadata });
			else {
				const left = this.term(term.args[0]!, parts);
				main.push({ ...base, kind: 'unify', left, right: metadata, assign: false });
			}
			return;
		}
		const callee = this.#callee(term);
		const args = term.args.map((arg) => this.term(arg, parts));
		const arity = callee.kind === 'builtin' ? callee.builtin?.decl.args.length : this.#context.arityOf(callee.path);
		main.push(this.#call(term, callee, args, arity, loc));
	}

	/** A call as the author wrote it: an argument too many is the output. */
	#call(term: CallTerm, callee: Callee, args: readonly LTerm[], arity: number | undefined, loc: Location): LExpr {
		const output = arity !== undefined && args.length === arity + 1 ? args[arity] : undefined;
		return {
			kind: 'call',
			callee,
			args: output === undefined ? args : args.slice(0, -1),
			output,
			infix: term.infix,
			operatorLoc: term.operator.loc,
			operands: args.length,
			generated: false,
			with: [],
			loc,
		};
	}

	#print(term: CallTerm, loc: Location, main: LExpr[]): void {
		const items = term.args.map((arg) => this.#captured(arg));
		const callee: Callee = {
			kind: 'builtin',
			name: 'internal.print',
			builtin: this.#context.builtins.get('internal.print'),
		};
		const args: LTerm[] = [{ kind: 'array', items, loc }];
		main.push(this.#call(term, callee, args, undefined, loc));
	}

	/** `{x | x = term}`: a set that is empty where the term is undefined. */
	#captured(term: Term, withs: readonly With[] = []): LComprehension {
		this.scopes.push(new Set());
		const sink: LExpr[] = [];
		const parts: LExpr[] = [];
		const lowered = this.term(term, parts);
		const value = this.#generate(lowered, parts, true);
		if (withs.length > 0) {
			const replaced = this.#withs(withs, sink);
			for (const part of parts) part.with = replaced;
		}
		this.scopes.pop();
		const body: LBody = { exprs: [...sink, ...parts], loc: term.loc };
		return { kind: 'comprehension', of: 'set', key: undefined, term: value, body, loc: term.loc };
	}

	/** `some k, v in xs` is `v = xs[k]`, with the variables of `k` and `v` declared here. */
	#someIn(expr: SomeInExpr, parts: LExpr[], main: LExpr[]): void {
		const { loc } = expr;
		const inDomain = namesIn(expr.domain);
		const container = this.term(expr.domain, parts);
		const declared = new Set<string>();
		if (expr.key !== undefined) boundNames(expr.key, declared);
		boundNames(expr.value, declared);
		for (const name of [...declared].sort()) {
			if (inDomain.has(name) || isWildcard(name)) continue;
			const local = this.scopes.declare(name, 'declared');
			if (typeof local === 'string') {
				this.error(loc, local);
				return;
			}
		}
		const left = this.term(expr.value, parts);
		const key: LTerm =
			expr.key === undefined ? { kind: 'var', local: this.scopes.generate(), loc } : this.term(expr.key, parts);
		const right = this.#index(container, [key], expr.domain.loc, parts);
		main.push({ kind: 'unify', left, right, assign: false, generated: false, with: [], loc });
		if (expr.negated) this.error(loc, 'some cannot be negated');
	}

	/** `container[…]`, the container moved behind a variable unless references can start with it. */
	#index(container: LTerm, path: readonly LTerm[], loc: Location, sink: LExpr[]): LTerm {
		if (container.kind === 'ref') return { ...container, path: [...container.path, ...path], loc };
		const head = container.kind === 'var' ? container : this.#generate(container, sink);
		return { kind: 'ref', head, path, loc };
	}

	/** The left side of `:=`: declares its variables. */
	#assignee(term: Term, sink: LExpr[]): LTerm {
		const { loc } = term;
		switch (term.kind) {
			case 'var':
				return this.#declare(term.name, 'assigned', loc);
			case 'array':
				return fold({ kind: 'array', items: term.items.map((item) => this.#assignee(item, sink)), loc });
			case 'object': {
				const entries = term.entries.map(
					([key, value]) => [this.term(key, sink), this.#assignee(value, sink)] as const,
				);
				return fold({ kind: 'object', entries, loc });
			}
			case 'ref': {
				const [head] = term.terms;
				if (term.terms.length === 1 && head!.kind === 'var') return this.#assignee(head!, sink);
				break;
			}
			case 'null':
			case 'boolean':
			case 'number':
			case 'string':
				break;
			default:
		}
		this.error(loc, `cannot assign to ${valueName(term)}`);
		return { kind: 'const', value: null, loc };
	}

	#withs(withs: readonly With[], sink: LExpr[]): readonly LWith[] {
		return withs.map((item) => this.#with(item, sink));
	}

	#with(item: With, sink: LExpr[]): LWith {
		const { loc } = item;
		const target = this.#withTarget(item.target, sink);
		const callee = this.#functionNamed(item.value);
		const isFunction = callee?.kind === 'function' && this.#context.arityOf(callee.path) !== undefined;
		if (callee !== undefined && (isFunction || (callee.kind === 'builtin' && target.kind === 'function'))) {
			return { target, value: callee, loc };
		}
		const value = this.evaluated(this.term(item.value, sink), sink);
		return { target, value, loc };
	}

	#withTarget(term: Term, sink: LExpr[]): LWith['target'] {
		const terms = term.kind === 'ref' ? term.terms : [term];
		const [head] = terms;
		if (head!.kind === 'var') {
			const { name } = head!;
			const callee = this.#functionNamed(term);
			if (callee?.kind === 'builtin') return { kind: 'function', callee };
			if (callee?.kind === 'function' && this.#context.arityOf(callee.path) !== undefined) {
				return { kind: 'function', callee };
			}
			const path = terms.slice(1).map((part) => this.term(part, sink));
			// A local named `input` never hides the document from a `with`.
			if (name === 'input' || (name === 'data' && this.scopes.declared(name) === undefined))
				return { kind: name, path };
			const global = this.scopes.shadows(name) ? undefined : this.#context.globals.get(name);
			if (global !== undefined) {
				return { kind: global.root, path: [...global.path.map((part) => constant(part, head!.loc)), ...path] };
			}
		}
		const name = terms
			.map((part) => (part.kind === 'var' ? part.name : part.kind === 'string' ? part.value : ''))
			.join('.');
		const problem = 'with keyword target must reference existing input, data, or a function';
		this.error(term.loc, problem, 'rego_type_error', isRefused(name) ? refusalOf(name) : undefined);
		return { kind: 'input', path: [] };
	}

	/** The function that a plain reference names: a builtin, or any document path (which may turn out to be no function). */
	#functionNamed(term: Term): Callee | undefined {
		const terms = term.kind === 'ref' ? term.terms : [term];
		const [head] = terms;
		if (head!.kind !== 'var' || this.scopes.declared(head!.name) !== undefined) return undefined;
		const rest: string[] = [];
		for (const part of terms.slice(1)) {
			if (part.kind !== 'string') return undefined;
			rest.push(part.value);
		}
		if (head!.name === 'data') return { kind: 'function', path: rest, group: undefined };
		const global = this.scopes.shadows(head!.name) ? undefined : this.#context.globals.get(head!.name);
		if (global !== undefined) {
			return global.root === 'data'
				? { kind: 'function', path: [...global.path, ...rest], group: undefined }
				: undefined;
		}
		const name = [head!.name, ...rest].join('.');
		const builtin = this.#context.builtins.get(name);
		return builtin === undefined ? undefined : { kind: 'builtin', name, builtin };
	}

	// Terms

	/** Lowers a term; calls in it become expressions in `sink`. */
	term(term: Term, sink: LExpr[]): LTerm {
		const { loc } = term;
		switch (term.kind) {
			case 'null':
				return { kind: 'const', value: null, loc };
			case 'boolean':
			case 'string':
				return { kind: 'const', value: term.value, loc };
			case 'number':
				return { kind: 'const', value: parseNumber(term.text)!, loc };
			case 'var':
				return this.#variable(term.name, loc);
			case 'ref':
				return this.#ref(term, sink);
			case 'array':
				return fold({ kind: 'array', items: term.items.map((item) => this.term(item, sink)), loc });
			case 'set':
				return fold({ kind: 'set', items: term.items.map((item) => this.term(item, sink)), loc });
			case 'object': {
				const entries = term.entries.map(([key, value]) => [this.term(key, sink), this.term(value, sink)] as const);
				return fold({ kind: 'object', entries, loc });
			}
			case 'call':
				return this.#callTerm(term, sink);
			case 'template-string':
				return this.#template(term, sink);
			default: {
				this.scopes.push(declaredNames(term.body));
				const exprs = this.body(term.body);
				const object = term.kind === 'object-comprehension';
				// The calls of key and value come before what either needs evaluated, as OPA's stages have it.
				const rawKey = object ? this.term(term.key, exprs) : undefined;
				const rawValue = this.term(object ? term.value : term.term, exprs);
				const key = rawKey === undefined ? undefined : this.evaluated(rawKey, exprs);
				const value = this.evaluated(rawValue, exprs);
				this.checkUnused(term.body, loc);
				this.scopes.pop();
				const of = object ? 'object' : term.kind === 'set-comprehension' ? 'set' : 'array';
				return {
					kind: 'comprehension',
					of,
					key,
					term: value,
					body: { exprs, loc: term.body[0]?.loc ?? loc },
					loc,
				};
			}
		}
	}

	#variable(name: string, loc: Location): LTerm {
		const local = this.scopes.declared(name);
		if (local !== undefined) return { kind: 'var', local: this.scopes.use(name), loc };
		if (name === 'input' || name === 'data') return { kind: 'ref', head: name, path: [], loc };
		const global = this.scopes.shadows(name) ? undefined : this.#context.globals.get(name);
		if (global === undefined) return { kind: 'var', local: this.scopes.use(name), loc };
		return { kind: 'ref', head: global.root, path: global.path.map((part) => constant(part, loc)), loc };
	}

	#ref(term: RefTerm, sink: LExpr[]): LTerm {
		const [head, ...rest] = term.terms;
		const base = this.term(head!, sink);
		const path = rest.map((part) => this.term(part, sink));
		if (path.length === 0) return base.kind === 'ref' ? { ...base, loc: term.loc } : base;
		return this.#index(base, path, term.loc, sink);
	}

	#callTerm(term: CallTerm, sink: LExpr[]): LTerm {
		const name = operatorName(term);
		const metadata = this.#metadata(name, term);
		if (metadata !== undefined) return metadata;
		const callee = this.#callee(term);
		const args = term.args.map((arg) => this.term(arg, sink));
		const output: LVar = { kind: 'var', local: this.scopes.generate(), loc: term.loc };
		const base = { generated: true, with: [], loc: term.loc } as const;
		if (unifyNames.has(name) && this.#isBuiltinName(name)) {
			// `x = y` and `x := y` have no value to stand for.
			this.error(term.loc, `${term.infix ?? name} used as value`, 'rego_type_error');
			return output;
		}
		if (callee.kind === 'builtin' && callee.builtin !== undefined && callee.builtin.decl.result === undefined) {
			this.error(term.loc, `${name}(…) used as value`, 'rego_type_error');
			return output;
		}
		sink.push({
			...base,
			kind: 'call',
			callee,
			args,
			output,
			infix: term.infix,
			operatorLoc: term.operator.loc,
			operands: args.length,
		});
		return output;
	}

	#template(term: TemplateString, sink: LExpr[]): LTerm {
		const { loc } = term;
		const items: LTerm[] = term.parts.map((part) => {
			if (part.kind === 'string') return constant(part.value, part.loc);
			if (part.kind !== 'term' || part.negated) {
				this.error(part.loc, `unexpected template-string expression`);
				return constant('', part.loc);
			}
			if (part.term.kind === 'call' && operatorName(part.term) === 'walk') {
				this.error(part.loc, "illegal call to relation built-in 'walk' that may cause multiple outputs");
				return constant('', part.loc);
			}
			return this.#captured(part.term, part.with);
		});
		const name = 'internal.template_string';
		const output: LVar = { kind: 'var', local: this.scopes.generate(), loc };
		sink.push({
			kind: 'call',
			callee: { kind: 'builtin', name, builtin: this.#context.builtins.get(name) },
			args: [{ kind: 'array', items, loc }],
			output,
			infix: undefined,
			operatorLoc: loc,
			operands: 1,
			generated: true,
			with: [],
			loc,
		});
		return output;
	}

	#metadata(name: string, term: CallTerm): LConst | undefined {
		if (name !== 'rego.metadata.chain' && name !== 'rego.metadata.rule') return undefined;
		const { metadata, builtins } = this.#context;
		if (metadata === undefined || !builtins.has(name) || this.scopes.declared('rego') !== undefined) return undefined;
		const value = name === 'rego.metadata.chain' ? metadata.chain() : metadata.rule();
		return { kind: 'const', value, loc: term.loc };
	}

	#isBuiltinName(name: string): boolean {
		return !this.scopes.shadows(name) && !this.#context.globals.has(name);
	}

	#callee(term: CallTerm): Callee {
		const [head, ...rest] = term.operator.terms;
		const names = rest.map((part) => (part.kind === 'string' ? part.value : ''));
		if (head!.kind !== 'var') return { kind: 'builtin', name: '', builtin: undefined };
		const name = [head!.name, ...names].join('.');
		if (term.infix === undefined) {
			if (this.scopes.declared(head!.name) !== undefined) {
				this.error(term.loc, `called function ${name} shadowed`);
				return { kind: 'builtin', name, builtin: undefined };
			}
			if (head!.name === 'data') return { kind: 'function', path: names, group: undefined };
			const global = this.scopes.shadows(head!.name) ? undefined : this.#context.globals.get(head!.name);
			if (global?.root === 'data') return { kind: 'function', path: [...global.path, ...names], group: undefined };
			if (global !== undefined)
				return { kind: 'builtin', name: ['input', ...global.path, ...names].join('.'), builtin: undefined };
		}
		return { kind: 'builtin', name, builtin: this.#context.builtins.get(name) };
	}
}

/** Dotted name of a call's operator, as written. */
export function operatorName(term: CallTerm): string {
	return term.operator.terms
		.map((part) => (part.kind === 'var' ? part.name : part.kind === 'string' ? part.value : ''))
		.join('.');
}

/** Names that a pattern binds: everywhere but in object keys, sets and references. */
function boundNames(term: Term, into: Set<string>): void {
	if (term.kind === 'var') into.add(term.name);
	else if (term.kind === 'array') for (const item of term.items) boundNames(item, into);
	else if (term.kind === 'object') for (const [, value] of term.entries) boundNames(value, into);
}

function constant(value: Value, loc: Location): LConst {
	return { kind: 'const', value, loc };
}

/** Turns a composite of constants into a constant. */
function fold(term: Extract<LTerm, { kind: 'array' | 'set' | 'object' }>): LTerm {
	const { loc } = term;
	if (term.kind === 'object') {
		const builder = new ObjectBuilder();
		for (const [key, value] of term.entries) {
			if (key.kind !== 'const' || value.kind !== 'const') return term;
			builder.set(key.value, value.value);
		}
		return { kind: 'const', value: builder.build(), loc };
	}
	const values: Value[] = [];
	for (const item of term.items) {
		if (item.kind !== 'const') return term;
		values.push(item.value);
	}
	// Frozen, as it serves every evaluation: what is made from a constant may then be kept.
	return { kind: 'const', value: term.kind === 'set' ? RegoSet.of(values) : Object.freeze(values), loc };
}

/** Whether a term holds a reference or a comprehension. */
export function needsEvaluation(term: LTerm): boolean {
	switch (term.kind) {
		case 'ref':
		case 'comprehension':
			return true;
		case 'array':
		case 'set':
			return term.items.some(needsEvaluation);
		case 'object':
			return term.entries.some(([key, value]) => needsEvaluation(key) || needsEvaluation(value));
		default:
			return false;
	}
}

function valueName(term: Term): string {
	switch (term.kind) {
		case 'array-comprehension':
			return 'arraycomprehension';
		case 'set-comprehension':
			return 'setcomprehension';
		case 'object-comprehension':
			return 'objectcomprehension';
		case 'template-string':
			return 'templatestring';
		default:
			return term.kind;
	}
}
