/**
 * Tests with cases: `test_x[name] if { some name, tc in cases; … }`. A case that fails leaves no trace in the document,
 * so the names are noted while the body runs, as soon as the variables of the head are bound.
 */
import type { LExpr, Local, LRule } from '../compile/lowered.ts';
import { vars, varsOfExpr } from '../compile/safety.ts';
import type { Instrument, Look, ReadOperands } from '../eval/instrument.ts';
import { describeFailure, type FailedExpression } from '../explain/failed-expression.ts';
import type { Value } from '../value/index.ts';

/**
 * Moves what the compiler made to compute the keys of the head as far up the body as it can go: the author's
 * expressions keep their order, and the solutions stay the same.
 */
export function moveKeysUp(rule: LRule): void {
	const needed = keyLocals(rule);
	const bound = new Set<Local>();
	for (const arg of rule.args ?? []) vars(arg, bound);
	const movable = generatedFor(rule, needed);
	const waiting = rule.body.exprs.filter((expr) => movable.has(expr));
	const ordered: LExpr[] = [];
	const take = (): void => {
		for (let i = 0; i < waiting.length; ) {
			const expr = waiting[i]!;
			if (!isReady(expr, bound, movable)) {
				i++;
				continue;
			}
			waiting.splice(i, 1);
			ordered.push(expr);
			varsOfExpr(expr, bound);
			i = 0;
		}
	};
	take();
	for (const expr of rule.body.exprs) {
		if (movable.has(expr)) continue;
		ordered.push(expr);
		varsOfExpr(expr, bound);
		take();
	}
	rule.body = { ...rule.body, exprs: [...ordered, ...waiting] };
}

/** The variables in the head below the test's name. */
function keyLocals(rule: LRule): Set<Local> {
	const locals = new Set<Local>();
	for (const part of rule.path) if (part.kind === 'var') locals.add(part.local);
	return locals;
}

/** Generated expressions that end in one of `needed`, with those that they build on. */
function generatedFor(rule: LRule, needed: ReadonlySet<Local>): Set<LExpr> {
	const wanted = new Set(needed);
	const found = new Set<LExpr>();
	for (let grown = true; grown; ) {
		grown = false;
		for (const expr of rule.body.exprs) {
			const output = outputOf(expr);
			if (found.has(expr) || output === undefined || !wanted.has(output)) continue;
			found.add(expr);
			varsOfExpr(expr, wanted);
			grown = true;
		}
	}
	return found;
}

/** The variable that a generated expression computes. */
function outputOf(expr: LExpr): Local | undefined {
	if (!expr.generated || expr.with.length > 0) return undefined;
	if (expr.kind === 'unify' && expr.left.kind === 'var' && expr.left.local.generated) return expr.left.local;
	if (expr.kind === 'call' && expr.output?.kind === 'var' && expr.output.local.generated) return expr.output.local;
	return undefined;
}

/** Whether everything that a movable expression reads is bound. */
function isReady(expr: LExpr, bound: ReadonlySet<Local>, movable: ReadonlySet<LExpr>): boolean {
	const output = outputOf(expr);
	const readsOthers = [...movable].some((other) => other !== expr && outputOf(other) === output);
	if (readsOthers) return false;
	for (const local of varsOfExpr(expr, new Set())) if (local !== output && !bound.has(local)) return false;
	return true;
}

/** One case that was begun. */
export interface BegunCase {
	readonly keys: readonly Value[];
	/** The expression that it did not get past, as long as none of its tries has held. */
	failure: FailedExpression | undefined;
}

/** Notes the keys of every case of one rule, and where it failed. */
export class CaseRecorder implements Instrument {
	/** In order of appearance. */
	readonly begun: BegunCase[] = [];
	readonly #rule: LRule;
	readonly #depth: number;
	readonly #indices: ReadonlyMap<LExpr, number>;
	/** The expression after which all keys are known; -1 when they are constants. */
	readonly #after: number;
	#current: BegunCase | undefined;
	#furthest = -1;
	#paused = false;

	/** `depth`: how many parts of the rule's path come before the keys. */
	constructor(rule: LRule, depth: number) {
		this.#rule = rule;
		this.#depth = depth;
		const { exprs } = rule.body;
		this.#indices = new Map(exprs.map((expr, i) => [expr, i]));
		const open = keyLocals(rule);
		for (const arg of rule.args ?? []) for (const local of vars(arg, new Set())) open.delete(local);
		let after = -1;
		while (open.size > 0 && after + 1 < exprs.length) {
			after++;
			for (const local of varsOfExpr(exprs[after]!, new Set())) open.delete(local);
		}
		this.#after = after;
	}

	/** True while it evaluates operands for a description. */
	get paused(): boolean {
		return this.#paused;
	}

	enterRule(rule: LRule): void {
		if (rule === this.#rule && this.#after < 0 && !this.#paused) this.#begin(() => undefined);
	}

	enterExpr(expr: LExpr, rule: LRule | undefined): void {
		const index = this.#indexOf(expr, rule);
		if (index !== undefined && index > this.#furthest) this.#furthest = index;
	}

	exitExpr(expr: LExpr, rule: LRule | undefined, look: Look): void {
		if (this.#indexOf(expr, rule) === this.#after) this.#begin(look);
	}

	failExpr(expr: LExpr, rule: LRule | undefined, look: Look, found: number, operands: ReadOperands): void {
		const index = this.#indexOf(expr, rule);
		const current = this.#current;
		if (index === undefined || current === undefined || index <= this.#after) return;
		if (found > 0 || index < this.#furthest) return;
		this.#paused = true;
		try {
			const before = this.#rule.body.exprs.slice(0, index);
			current.failure = {
				...describeFailure(expr, this.#rule, before, undefined, look, operands()),
				attempts: 1,
			};
		} finally {
			this.#paused = false;
		}
	}

	#indexOf(expr: LExpr, rule: LRule | undefined): number | undefined {
		return rule === this.#rule && !this.#paused ? this.#indices.get(expr) : undefined;
	}

	#begin(look: Look): void {
		const keys: Value[] = [];
		for (const part of this.#rule.path.slice(this.#depth)) {
			const key = part.kind === 'const' ? part.value : look(part.local);
			if (key === undefined) return;
			keys.push(key);
		}
		this.#current = { keys, failure: undefined };
		this.#furthest = this.#after;
		this.begun.push(this.#current);
	}
}
