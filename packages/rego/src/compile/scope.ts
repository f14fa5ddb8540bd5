/** Which variable a name means: the scoping rules of `:=`, `some`, `every`, comprehensions and function arguments. */
import { type Body, type CallTerm, type Expr, isWildcard, type Term } from '../ast/ast.ts';
import type { Local } from './lowered.ts';

type Occurrence = 'arg' | 'seen' | 'assigned' | 'declared';

interface Entry {
	readonly local: Local;
	readonly occurrence: Occurrence;
	/** Set at the first use after the declaration. */
	used: boolean;
}

/** The scopes of one rule, branch or query, innermost last, and the frame they share. */
export class Scopes {
	readonly locals: Local[] = [];
	readonly #scopes: Map<string, Entry>[] = [];
	/** Names that bodies around declare somewhere: they never mean a rule or import, not even before the declaration. */
	readonly #declaring: ReadonlySet<string>[] = [];
	/** Undeclared variables: one per name, whatever the scope. */
	readonly #plain = new Map<string, Local>();
	#generated = 0;

	push(declaring: ReadonlySet<string>): void {
		this.#scopes.push(new Map());
		this.#declaring.push(declaring);
	}

	pop(): void {
		this.#scopes.pop();
		this.#declaring.pop();
	}

	/** A variable made by the compiler. */
	generate(): Local {
		return this.#add(`__local${this.#generated++}__`, true);
	}

	/** The declared local that `name` means here, if any. */
	declared(name: string): Local | undefined {
		const entry = this.#find(name);
		return entry === undefined || entry.occurrence === 'seen' ? undefined : entry.local;
	}

	/** True when `name` may not mean a rule or an import here. */
	shadows(name: string): boolean {
		return this.#find(name) !== undefined || this.#declaring.some((names) => names.has(name));
	}

	/** The local that a use of `name` means: the innermost declared one, else the rule's plain variable. */
	use(name: string): Local {
		const entry = this.#find(name);
		if (entry !== undefined) {
			entry.used = true;
			return entry.local;
		}
		const local = this.#plainVar(name);
		this.#top().set(name, { local, occurrence: 'seen', used: true });
		return local;
	}

	/** Declares `name` in the innermost scope, or says why it may not be. */
	declare(name: string, occurrence: 'arg' | 'assigned' | 'declared'): Local | string {
		if (isWildcard(name)) return this.#add('_', false);
		const scope = this.#top();
		switch (scope.get(name)?.occurrence) {
			case 'seen':
				return `var ${name} referenced above`;
			case 'assigned':
				return `var ${name} assigned above`;
			case 'declared':
				return `var ${name} declared above`;
			case 'arg':
				return `arg ${name} redeclared`;
			default: {
				const local = this.#add(name, false);
				scope.set(name, { local, occurrence, used: false });
				return local;
			}
		}
	}

	/** Names that the innermost scope declared (`some`, `every`) and nothing used, sorted. */
	unused(): readonly string[] {
		const names = [...this.#top()].filter(([, entry]) => entry.occurrence === 'declared' && !entry.used);
		return names.map(([name]) => name).sort();
	}

	#top(): Map<string, Entry> {
		return this.#scopes[this.#scopes.length - 1]!;
	}

	#find(name: string): Entry | undefined {
		for (let i = this.#scopes.length - 1; i >= 0; i--) {
			const entry = this.#scopes[i]!.get(name);
			if (entry !== undefined) return entry;
		}
		return undefined;
	}

	#plainVar(name: string): Local {
		let local = this.#plain.get(name);
		if (local === undefined) {
			local = this.#add(isWildcard(name) ? '_' : name, false);
			this.#plain.set(name, local);
		}
		return local;
	}

	#add(name: string, generated: boolean): Local {
		const local: Local = { name, slot: this.locals.length, generated };
		this.locals.push(local);
		return local;
	}
}

/** Names that a body declares by `:=` and `some`, also inside `every`, but not inside comprehensions. */
export function declaredNames(body: Body, into: Set<string> = new Set()): Set<string> {
	for (const expr of body) declaredInExpr(expr, into);
	return into;
}

function declaredInExpr(expr: Expr, into: Set<string>): void {
	switch (expr.kind) {
		case 'some':
			for (const variable of expr.vars) into.add(variable.name);
			return;
		case 'some-in':
			if (expr.key !== undefined) namesIn(expr.key, into);
			namesIn(expr.value, into);
			return;
		case 'every':
		case 'not':
			declaredNames(expr.body, into);
			return;
		case 'term': {
			const { term } = expr;
			if (isAssignment(term)) namesIn(term.args[0], into);
			return;
		}
		default:
			return;
	}
}

/** Whether a term is `x := y`. */
export function isAssignment(term: Term): term is CallTerm & { readonly args: readonly [Term, Term] } {
	if (term.kind !== 'call' || term.args.length !== 2) return false;
	const [name] = term.operator.terms;
	return term.operator.terms.length === 1 && name!.kind === 'var' && name.name === 'assign';
}

/** Names of all variables in a pattern. */
export function namesIn(term: Term, into: Set<string> = new Set()): Set<string> {
	switch (term.kind) {
		case 'var':
			into.add(term.name);
			break;
		case 'array':
		case 'set':
			for (const item of term.items) namesIn(item, into);
			break;
		case 'object':
			for (const [key, value] of term.entries) {
				namesIn(key, into);
				namesIn(value, into);
			}
			break;
		case 'ref':
			for (const item of term.terms) namesIn(item, into);
			break;
		case 'call':
			for (const item of term.args) namesIn(item, into);
			break;
		default:
			break;
	}
	return into;
}
