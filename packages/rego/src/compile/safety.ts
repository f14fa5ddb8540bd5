/**
 * Safety: puts the expressions of a body in an order in which every variable is bound before it is read, and says which
 * variables cannot be. An order is found by going round the body until nothing more can be added; expressions that
 * become safe in the same round keep their order.
 */
import type { Diagnostic } from '../errors.ts';
import type { LBody, LExpr, Local, LTerm, LWith } from './lowered.ts';

/** Reads `body` with `bound` known and returns the reordered body; unsafe variables go to `errors`. */
export function orderBody(body: LBody, bound: ReadonlySet<Local>, errors: UnsafeVars): LBody {
	const mentioned = new Set<Local>();
	for (const expr of body.exprs) varsOfExpr(expr, mentioned);
	const safe = new Set<Local>(bound);
	const waiting = body.exprs.map((expr) => pending(expr, mentioned, bound));
	const ordered = rounds(waiting, safe);
	if (ordered.length < waiting.length) {
		report(
			waiting.filter((item) => !item.done),
			safe,
			errors,
		);
	}
	const known = new Set<Local>(bound);
	for (const expr of ordered) {
		orderClosures(expr, known, errors);
		varsOfExpr(expr, known);
	}
	return ordered.length < waiting.length ? body : { ...body, exprs: ordered };
}

interface Pending {
	readonly expr: LExpr;
	readonly reads: readonly Local[];
	/** Variables of the body around that closures in the expression use: they must be bound before it. */
	readonly closed: readonly Local[];
	done: boolean;
}

function pending(expr: LExpr, mentioned: ReadonlySet<Local>, bound: ReadonlySet<Local>): Pending {
	const inside = new Set<Local>();
	closureVars(closuresOf(expr), inside);
	const closed = [...inside].filter((local) => mentioned.has(local) && !bound.has(local));
	return { expr, reads: [...varsOfExpr(expr, new Set())], closed, done: false };
}

/**
 * Goes round until nothing more can be added; `safe` grows by what is bound. Within a round only expressions with a
 * variable that became safe since they were last looked at are looked at again, so long bodies in reverse order do not
 * take time squared.
 */
function rounds(waiting: readonly Pending[], safe: Set<Local>): LExpr[] {
	const users = new Map<Local, number[]>();
	for (const [i, { reads, closed }] of waiting.entries()) {
		for (const local of new Set([...reads, ...closed])) {
			const list = users.get(local);
			if (list === undefined) users.set(local, [i]);
			else list.push(i);
		}
	}
	const ordered: LExpr[] = [];
	let round = new IndexQueue(waiting.keys());
	while (round.size > 0) {
		const next = new IndexQueue([]);
		for (let i = round.take(); i !== undefined; i = round.take()) {
			const item = waiting[i]!;
			const outputs = outputsOf(item.expr, safe);
			if (!allIn(item.closed, safe)) continue;
			if (!item.reads.every((local) => safe.has(local) || outputs.has(local))) continue;
			ordered.push(item.expr);
			item.done = true;
			for (const local of outputs) {
				if (safe.has(local)) continue;
				safe.add(local);
				for (const user of users.get(local) ?? []) {
					if (!waiting[user]!.done) (user > i ? round : next).add(user);
				}
			}
		}
		round = next;
	}
	return ordered;
}

/** Indices, each once, taken smallest first. */
class IndexQueue {
	readonly #heap: number[] = [];
	readonly #held = new Set<number>();

	constructor(indices: Iterable<number>) {
		for (const index of indices) this.add(index);
	}

	get size(): number {
		return this.#heap.length;
	}

	add(index: number): void {
		if (this.#held.has(index)) return;
		this.#held.add(index);
		const heap = this.#heap;
		let at = heap.push(index) - 1;
		while (at > 0) {
			const parent = (at - 1) >> 1;
			if (heap[parent]! <= index) break;
			heap[at] = heap[parent]!;
			at = parent;
		}
		heap[at] = index;
	}

	take(): number | undefined {
		const heap = this.#heap;
		const first = heap[0];
		const last = heap.pop();
		if (first === undefined || last === undefined) return undefined;
		this.#held.delete(first);
		const { length } = heap;
		if (length === 0) return first;
		let at = 0;
		for (let child = 1; child < length; child = 2 * at + 1) {
			if (child + 1 < length && heap[child + 1]! < heap[child]!) child++;
			if (heap[child]! >= last) break;
			heap[at] = heap[child]!;
			at = child;
		}
		heap[at] = last;
		return first;
	}
}

/** Whether each is in one set or the other. */
function allIn(locals: Iterable<Local>, set: ReadonlySet<Local>, other?: ReadonlySet<Local>): boolean {
	for (const local of locals) if (!set.has(local) && other?.has(local) !== true) return false;
	return true;
}

/** Unsafe variables found so far, each with the first place that needs it. */
export class UnsafeVars {
	readonly #found = new Map<Local, LExpr>();

	add(local: Local, expr: LExpr): void {
		const before = this.#found.get(local);
		if (before === undefined || comesBefore(expr, before)) this.#found.set(local, expr);
	}

	get size(): number {
		return this.#found.size;
	}

	/** One diagnostic per variable, in the order of the text. */
	diagnostics(hintFor: (name: string) => string | undefined): Diagnostic[] {
		const found = [...this.#found].sort(([, a], [, b]) => (comesBefore(a, b) ? -1 : comesBefore(b, a) ? 1 : 0));
		const named = found.filter(([local]) => !local.generated);
		if (named.length === 0) {
			return found.slice(0, 1).map(([, expr]) => ({
				code: 'rego_unsafe_var_error',
				message: 'expression is unsafe',
				loc: expr.loc,
			}));
		}
		const seen = new Set<string>();
		const result: Diagnostic[] = [];
		for (const [local, expr] of named) {
			const key = `${local.name} ${expr.loc.row} ${expr.loc.col}`;
			if (seen.has(key)) continue;
			seen.add(key);
			const hint = hintFor(local.name);
			const { loc } = expr;
			const captured = expr.kind === 'unify' && expr.captured === true;
			const code = captured ? 'rego_compile_error' : 'rego_unsafe_var_error';
			const message = `var ${local.name} is ${captured ? 'undeclared' : 'unsafe'}`;
			result.push(hint === undefined ? { code, message, loc } : { code, message, loc, hint });
		}
		return result;
	}
}

function comesBefore(a: LExpr, b: LExpr): boolean {
	return a.loc.row < b.loc.row || (a.loc.row === b.loc.row && a.loc.col < b.loc.col);
}

/**
 * Reports the root causes only: a variable that another stuck expression would bind, if its own inputs were bound, is a
 * consequence of those.
 */
function report(stuck: readonly Pending[], safe: ReadonlySet<Local>, errors: UnsafeVars): void {
	const everything = new Set<Local>(safe);
	for (const { reads, closed } of stuck) {
		for (const local of reads) everything.add(local);
		for (const local of closed) everything.add(local);
	}
	const missing = stuck.map(({ expr, reads, closed }) => {
		const outputs = outputsOf(expr, safe);
		const names = new Set([...reads.filter((local) => !outputs.has(local)), ...closed]);
		return [...names].filter((local) => !safe.has(local));
	});
	const wanted = new Set(missing.flat());
	const consequences = new Set<Local>();
	for (const local of wanted) {
		const others = new Set(everything);
		others.delete(local);
		if (stuck.some(({ expr, closed }) => !closed.includes(local) && outputsOf(expr, others).has(local))) {
			consequences.add(local);
		}
	}
	const roots = consequences.size < wanted.size ? consequences : new Set<Local>();
	for (const [i, item] of stuck.entries()) {
		for (const local of missing[i]!) if (!roots.has(local)) errors.add(local, item.expr);
	}
}

/** Variables that an expression binds when `safe` are bound. Only inputs in `safe` make outputs. */
export function outputsOf(expr: LExpr, safe: ReadonlySet<Local>): Set<Local> {
	const outputs = new Set<Local>();
	if (expr.kind === 'not') return outputs;
	for (const item of expr.with) if (!allIn(varsOfWith(item, new Set()), safe)) return outputs;
	switch (expr.kind) {
		case 'term':
			refOutputs(expr.term, safe, outputs);
			return outputs;
		case 'unify': {
			refOutputs(expr.left, safe, outputs);
			refOutputs(expr.right, safe, outputs);
			if (expr.assign) {
				if (allIn(vars(expr.right, new Set()), safe, outputs)) patternOutputs(expr.left, outputs);
				return outputs;
			}
			unifyOutputs(expr.left, expr.right, safe, outputs);
			return outputs;
		}
		case 'call': {
			for (const arg of expr.args) refOutputs(arg, safe, outputs);
			if (expr.output === undefined) return outputs;
			refOutputs(expr.output, safe, outputs);
			const inputs = new Set<Local>();
			for (const arg of expr.args) inputVars(arg, inputs);
			if (!allIn(inputs, safe, outputs)) return new Set();
			patternOutputs(expr.output, outputs);
			return outputs;
		}
		default:
			refOutputs(expr.domain, safe, outputs);
			return outputs;
	}
}

/** Variables in the operands of references whose head is bound: iteration binds them. */
function refOutputs(term: LTerm, safe: ReadonlySet<Local>, outputs: Set<Local>): void {
	switch (term.kind) {
		case 'ref': {
			const { head, path } = term;
			if (typeof head !== 'string' && !safe.has(head.local) && !outputs.has(head.local)) return;
			for (const operand of path) {
				refOutputs(operand, safe, outputs);
				patternOutputs(operand, outputs, true);
			}
			return;
		}
		case 'array':
		case 'set':
			for (const item of term.items) refOutputs(item, safe, outputs);
			return;
		case 'object':
			for (const [key, value] of term.entries) {
				refOutputs(key, safe, outputs);
				refOutputs(value, safe, outputs);
			}
			return;
		default:
			return;
	}
}

/** Variables that matching a value against the pattern binds. `operand`: the pattern is a reference operand. */
function patternOutputs(term: LTerm, outputs: Set<Local>, operand = false): void {
	if (term.kind === 'var') outputs.add(term.local);
	else if (term.kind === 'array') for (const item of term.items) patternOutputs(item, outputs, operand);
	else if (term.kind === 'object') for (const [, value] of term.entries) patternOutputs(value, outputs, operand);
}

/** Variables bound by unifying two terms: each side binds the other's, element by element. */
function unifyOutputs(left: LTerm, right: LTerm, safe: ReadonlySet<Local>, outputs: Set<Local>): void {
	const known = (term: LTerm) => allIn(vars(term, new Set()), safe, outputs);
	// Binding on one side may let the other bind in turn: [x, y] = [y, 1].
	for (let size = -1; size !== outputs.size; ) {
		size = outputs.size;
		if (known(left)) patternOutputs(right, outputs);
		else if (known(right)) patternOutputs(left, outputs);
		else if (left.kind === 'array' && right.kind === 'array') {
			if (left.items.length !== right.items.length) return;
			for (const [i, item] of left.items.entries()) unifyOutputs(item, right.items[i]!, safe, outputs);
		} else if (left.kind === 'object' && right.kind === 'object') {
			for (const [key, value] of left.entries) {
				const other = right.entries.find(([k]) => sameKey(k, key));
				if (other !== undefined) unifyOutputs(value, other[1], safe, outputs);
			}
		} else if (left.kind === 'const' || right.kind === 'const') {
			const [pattern, fixed] = left.kind === 'const' ? [right, left] : [left, right];
			if (fixed.kind === 'const') patternOutputs(pattern, outputs);
		}
	}
}

/** Whether two object keys are the same constant or the same variable. */
export function sameKey(a: LTerm, b: LTerm): boolean {
	if (a.kind === 'const' && b.kind === 'const') return a.value === b.value;
	return a.kind === 'var' && b.kind === 'var' && a.local === b.local;
}

/** Variables that a call's argument needs bound. */
function inputVars(term: LTerm, into: Set<Local>): void {
	vars(term, into);
}

/** Variables of a term, without those inside comprehensions. */
export function vars(term: LTerm, into: Set<Local>): Set<Local> {
	switch (term.kind) {
		case 'var':
			into.add(term.local);
			break;
		case 'ref':
			if (typeof term.head !== 'string') into.add(term.head.local);
			for (const operand of term.path) vars(operand, into);
			break;
		case 'array':
		case 'set':
			for (const item of term.items) vars(item, into);
			break;
		case 'object':
			for (const [key, value] of term.entries) {
				vars(key, into);
				vars(value, into);
			}
			break;
		default:
			break;
	}
	return into;
}

function varsOfWith(item: LWith, into: Set<Local>): Set<Local> {
	const { target, value } = item;
	if (target.kind !== 'function') for (const operand of target.path) vars(operand, into);
	if (value.kind !== 'builtin' && value.kind !== 'function') vars(value, into);
	return into;
}

/** Variables of an expression, without those inside its closures. */
export function varsOfExpr(expr: LExpr, into: Set<Local>): Set<Local> {
	for (const item of expr.with) varsOfWith(item, into);
	switch (expr.kind) {
		case 'term':
			vars(expr.term, into);
			break;
		case 'unify':
			vars(expr.left, into);
			vars(expr.right, into);
			break;
		case 'call':
			for (const arg of expr.args) vars(arg, into);
			if (expr.output !== undefined) vars(expr.output, into);
			break;
		case 'not':
			if (!expr.closure) for (const inner of expr.body.exprs) varsOfExpr(inner, into);
			break;
		case 'every':
			vars(expr.domain, into);
			break;
	}
	return into;
}

/** Variables inside closures, however deep. */
export function closureVars(closures: readonly Closure[], into: Set<Local>): void {
	for (const closure of closures) {
		if (closure.kind === 'comprehension') {
			vars(closure.term, into);
			if (closure.key !== undefined) vars(closure.key, into);
		}
		for (const inner of closure.body.exprs) {
			varsOfExpr(inner, into);
			closureVars(closuresOf(inner), into);
		}
	}
}

/** A part of an expression with a body of its own. */
export type Closure = Extract<LTerm, { kind: 'comprehension' }> | Extract<LExpr, { kind: 'not' | 'every' }>;

/** The closures directly in an expression. */
export function closuresOf(expr: LExpr): Closure[] {
	const found: Closure[] = [];
	const visit = (term: LTerm): void => {
		switch (term.kind) {
			case 'comprehension':
				found.push(term);
				break;
			case 'ref':
				for (const operand of term.path) visit(operand);
				break;
			case 'array':
			case 'set':
				for (const item of term.items) visit(item);
				break;
			case 'object':
				for (const [key, value] of term.entries) {
					visit(key);
					visit(value);
				}
				break;
			default:
				break;
		}
	};
	for (const { target, value } of expr.with) {
		if (target.kind !== 'function') for (const operand of target.path) visit(operand);
		if (value.kind !== 'builtin' && value.kind !== 'function') visit(value);
	}
	switch (expr.kind) {
		case 'term':
			visit(expr.term);
			break;
		case 'unify':
			visit(expr.left);
			visit(expr.right);
			break;
		case 'call':
			for (const arg of expr.args) visit(arg);
			if (expr.output !== undefined) visit(expr.output);
			break;
		case 'not':
			if (expr.closure) found.push(expr);
			else for (const inner of expr.body.exprs) found.push(...closuresOf(inner));
			break;
		case 'every':
			visit(expr.domain);
			found.push(expr);
			break;
	}
	return found;
}

function orderClosures(expr: LExpr, known: ReadonlySet<Local>, errors: UnsafeVars): void {
	for (const closure of closuresOf(expr)) {
		const bound = new Set(known);
		if (closure.kind === 'every') {
			bound.add(closure.value);
			if (closure.key !== undefined) bound.add(closure.key);
		}
		closure.body = orderBody(closure.body, bound, errors);
		if (closure.kind === 'comprehension') {
			const inside = new Set(bound);
			for (const inner of closure.body.exprs) varsOfExpr(inner, inside);
			const needed = vars(closure.term, new Set());
			if (closure.key !== undefined) vars(closure.key, needed);
			for (const local of needed) if (!inside.has(local)) errors.add(local, expr);
		}
	}
}
