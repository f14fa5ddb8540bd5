/** Bodies and expressions as linked closures: tests in a row, and loops that run what follows for each solution. */
import type { LBody, LCall, LEvery, LExpr, LTerm } from '../compile/lowered.ts';
import { RegoError } from '../errors.ts';
import { equal, isObject, isSet, objectEntries, RegoObject, type Value } from '../value/index.ts';
import { callGet, comparisonTest, walkStep } from './calls.ts';
import type { Coder, Get, Match, Run, Step, Test } from './coder.ts';
import type { Operand } from './instrument.ts';
import type { Frame, Machine } from './machine.ts';
import { scanStep } from './scan-index.ts';
import { withSteps } from './with.ts';

/** Builds a body that runs `done()` for each solution; `done` is built where all of the body's variables are bound. */
export function bodyRun(coder: Coder, body: LBody, done: () => Run): Run {
	const steps = bodySteps(coder, body);
	return link(steps, done());
}

/** Builds the question whether a body has a solution. What it binds stays inside. */
export function bodyTest(coder: Coder, body: LBody): Test {
	return coder.scoped(() => {
		const steps = bodySteps(coder, body);
		const tests = allTests(steps);
		return tests === undefined ? link(steps, () => true) : everyTest(tests);
	});
}

function bodySteps(coder: Coder, body: LBody): Step[] {
	const steps: Step[] = [];
	for (const [i, expr] of body.exprs.entries()) {
		const scan = scanStep(coder, expr, body.exprs[i + 1]);
		if (scan !== undefined) steps.push(scan);
		else if (coder.exe.instrumented) {
			// Built first: an operand is what has a value before the expression binds anything.
			const operands = operandReader(coder, expr);
			steps.push(watched(coder, expr, expressionSteps(coder, expr), operands));
		} else steps.push(...expressionSteps(coder, expr));
		if (steps.at(-1)?.many !== undefined) coder.loops = true;
	}
	return steps;
}

/** Links steps: each runs the next for every solution it finds, the last runs `done`. */
export function link(steps: readonly Step[], done: Run): Run {
	let next = done;
	let i = steps.length - 1;
	while (i >= 0) {
		const step = steps[i]!;
		if (step.many !== undefined) {
			next = step.many(next);
			i--;
			continue;
		}
		const tests: Test[] = [];
		while (i >= 0 && steps[i]!.test !== undefined) tests.unshift(steps[i--]!.test!);
		next = guarded(tests, next);
	}
	return next;
}

function guarded(tests: readonly Test[], next: Run): Run {
	const [a, b, c] = tests;
	switch (tests.length) {
		case 1:
			return (m, f) => a!(m, f) && next(m, f);
		case 2:
			return (m, f) => a!(m, f) && b!(m, f) && next(m, f);
		case 3:
			return (m, f) => a!(m, f) && b!(m, f) && c!(m, f) && next(m, f);
		default: {
			const all = everyTest(tests);
			return (m, f) => all(m, f) && next(m, f);
		}
	}
}

function allTests(steps: readonly Step[]): Test[] | undefined {
	const tests: Test[] = [];
	for (const step of steps) {
		if (step.test === undefined) return undefined;
		tests.push(step.test);
	}
	return tests;
}

function everyTest(tests: readonly Test[]): Test {
	if (tests.length === 1) return tests[0]!;
	return (m, f) => {
		for (let i = 0; i < tests.length; i++) if (!tests[i]!(m, f)) return false;
		return true;
	};
}

/** Puts the hooks of an instrument around an expression. */
function watched(
	coder: Coder,
	expr: LExpr,
	steps: readonly Step[],
	operands: (m: Machine, f: Frame) => readonly Operand[],
): Step {
	const { rule } = coder;
	const slot = coder.temporary();
	return {
		many: (next) => {
			const inner = link(steps, (m, f) => {
				f[slot] = (f[slot] as number) + 1;
				m.instrument?.exitExpr?.(
					expr,
					rule,
					(local) => f[local.slot],
					() => operands(m, f),
				);
				return next(m, f);
			});
			return (m, f) => {
				const look = (local: { readonly slot: number }) => f[local.slot];
				m.instrument?.enterExpr?.(expr, rule, look);
				f[slot] = 0;
				const stopped = inner(m, f);
				if (!stopped) m.instrument?.failExpr?.(expr, rule, look, f[slot] as number, () => operands(m, f));
				return stopped;
			};
		},
	};
}

/** Builds a second look at the operands of an expression, for instruments. */
function operandReader(coder: Coder, expr: LExpr): (m: Machine, f: Frame) => readonly Operand[] {
	const terms = operandTerms(expr).filter((term) => coder.isGround(term));
	if (terms.length === 0) return () => [];
	const slot = coder.temporary();
	const run = coder.scoped(() => {
		const capture = (): Step[] => {
			const gets = terms.map((term) => coder.get(term));
			const test: Test = (m, f) => {
				f[slot] = gets.map((get) => get(m, f)) as unknown as Value;
				return true;
			};
			return [{ test }];
		};
		return link(expr.with.length > 0 ? withSteps(coder, expr, capture) : capture(), () => true);
	});
	return (m, f) => {
		const { trailLength, depth, input, data, cache, hidden, mocks } = m;
		f[slot] = undefined;
		try {
			run(m, f);
		} catch (error) {
			// What the expression itself did not get to may end the evaluation: then there is nothing to see here.
			if (!(error instanceof RegoError) || error.code === 'rego_limit_error') throw error;
			Object.assign(m, { depth, input, data, cache, hidden, mocks });
		}
		m.trailLength = trailLength;
		const values = (f[slot] ?? []) as readonly (Value | undefined)[];
		f[slot] = undefined;
		return terms.map((term, i) => ({ term, value: values[i] }));
	};
}

function operandTerms(expr: LExpr): readonly LTerm[] {
	switch (expr.kind) {
		case 'term':
			return [expr.term];
		case 'unify':
			return [expr.left, expr.right];
		case 'call':
			return expr.output === undefined || expr.generated ? expr.args : [...expr.args, expr.output];
		case 'every':
			return [expr.domain];
		case 'not':
			return !expr.closure && expr.body.exprs.length === 1 ? operandTerms(expr.body.exprs[0]!) : [];
	}
}

function expressionSteps(coder: Coder, expr: LExpr): Step[] {
	if (expr.with.length > 0) return withSteps(coder, expr, () => plainSteps(coder, expr));
	return plainSteps(coder, expr);
}

function plainSteps(coder: Coder, expr: LExpr): Step[] {
	switch (expr.kind) {
		case 'term':
			return termSteps(coder, expr.term);
		case 'unify':
			return unifySteps(coder, expr.left, expr.right);
		case 'call':
			return callSteps(coder, expr);
		case 'not': {
			const steps: Step[] = [];
			const body = expr.closure ? expr.body : withoutOperands(coder, expr.body, steps);
			const test = bodyTest(coder, body);
			return [
				...steps,
				{
					test: (m, f) => {
						m.tick();
						const mark = m.trailLength;
						const holds = test(m, f);
						m.trailLength = mark;
						return !holds;
					},
				},
			];
		}
		case 'every':
			return [{ test: everyLoop(coder, expr) }];
	}
}

/**
 * Moves what the operands of a negated expression read before the negation, as OPA does: where such an operand is
 * undefined the expression is undefined, not true. The sides of `=` and `==` and a lone reference stay inside.
 */
function withoutOperands(coder: Coder, body: LBody, steps: Step[]): LBody {
	const [expr] = body.exprs;
	if (expr === undefined || body.exprs.length > 1) return body;
	const side = (term: LTerm): LTerm =>
		term.kind === 'ref'
			? { ...term, path: term.path.map((operand) => moved(coder, operand, steps)) }
			: term.kind === 'comprehension'
				? term
				: moved(coder, term, steps);
	switch (expr.kind) {
		case 'term':
			return { ...body, exprs: [{ ...expr, term: side(expr.term) }] };
		case 'unify':
			return { ...body, exprs: [{ ...expr, left: side(expr.left), right: side(expr.right) }] };
		case 'call': {
			const isEqual = expr.callee.kind === 'builtin' && expr.callee.name === 'equal' && expr.output === undefined;
			const args = expr.args.map((arg) => (isEqual ? side(arg) : moved(coder, arg, steps)));
			return { ...body, exprs: [{ ...expr, args }] };
		}
		default:
			return body;
	}
}

/** The term with every reference in it replaced by a variable, bound by a step of its own. */
function moved(coder: Coder, term: LTerm, steps: Step[]): LTerm {
	switch (term.kind) {
		case 'ref': {
			const path = term.path.map((operand) => moved(coder, operand, steps));
			const local = { name: '', slot: coder.temporary(), generated: true };
			const variable: LTerm = { kind: 'var', local, loc: term.loc };
			steps.push({ test: matchTest(coder, variable, { ...term, path }) });
			return variable;
		}
		case 'array':
		case 'set':
			return { ...term, items: term.items.map((item) => moved(coder, item, steps)) };
		case 'object':
			return {
				...term,
				entries: term.entries.map(([key, value]) => [moved(coder, key, steps), moved(coder, value, steps)] as const),
			};
		default:
			return term;
	}
}

function termSteps(coder: Coder, term: LTerm): Step[] {
	const steps: Step[] = [];
	const settled = coder.settle(term, steps, true);
	if (settled.kind === 'ref' && !coder.isGround(settled)) {
		steps.push({
			many: coder.referenceMany(settled, (next) => (m, f, v) => v !== false && next(m, f)),
		});
		return steps;
	}
	const get = coder.get(settled);
	steps.push({ test: holds(get) });
	return steps;
}

function holds(get: Get): Test {
	return (m, f) => {
		m.tick();
		const value = get(m, f);
		return value !== undefined && value !== false;
	};
}

/** `left = right`: evaluates the side that is bound and matches the other, or goes through both element by element. */
function unifySteps(coder: Coder, left: LTerm, right: LTerm): Step[] {
	const steps: Step[] = [];
	// A reference with many values on the one side is run through, each value matched against the other side.
	const many = (side: LTerm) => side.kind === 'ref' && !coder.isGround(side);
	if (many(left) && !many(right)) return unifySteps(coder, right, left);
	const pattern = coder.settle(left, steps);
	const source = coder.settle(right, steps, true);
	if (source.kind === 'ref' && !coder.isGround(source)) {
		// The operands bind before the pattern is read, so the pattern is built after them.
		let match: Match | undefined;
		const run = coder.referenceMany(source, (next) => (m, f, v) => match!(m, f, v) && next(m, f));
		match = coder.match(pattern);
		steps.push({ many: run });
		return steps;
	}
	unifyTests(coder, pattern, source, steps);
	return steps;
}

function unifyTests(coder: Coder, left: LTerm, right: LTerm, steps: Step[]): void {
	if (coder.isGround(right)) steps.push({ test: matchTest(coder, left, right) });
	else if (coder.isGround(left)) steps.push({ test: matchTest(coder, right, left) });
	else unifyParts(coder, left, right, steps);
}

function matchTest(coder: Coder, pattern: LTerm, source: LTerm): Test {
	const get = coder.get(source);
	if (pattern.kind === 'var' && !coder.isBound(pattern.local)) {
		const { slot } = pattern.local;
		coder.bound.add(pattern.local);
		return (m, f) => {
			m.tick();
			const value = get(m, f);
			if (value === undefined) return false;
			f[slot] = value;
			return true;
		};
	}
	const match = coder.match(pattern);
	return (m, f) => {
		m.tick();
		const value = get(m, f);
		return value !== undefined && match(m, f, value);
	};
}

/** Two patterns with unbound variables on both sides: pairs of elements, in an order in which one side is bound. */
function unifyParts(coder: Coder, left: LTerm, right: LTerm, steps: Step[]): void {
	const never: Step = { test: () => false };
	const [a, b] = [expandConstant(left, right), expandConstant(right, left)];
	let pairs: (readonly [LTerm, LTerm])[] = [];
	if (a.kind === 'array' && b.kind === 'array') {
		if (a.items.length !== b.items.length) {
			steps.push(never);
			return;
		}
		pairs = a.items.map((item, i) => [item, b.items[i]!] as const);
	} else if (a.kind === 'object' && b.kind === 'object') {
		if (a.entries.length !== b.entries.length) {
			steps.push(never);
			return;
		}
		for (const [key, value] of a.entries) {
			const other = b.entries.find(([k]) => sameKey(k, key));
			if (other === undefined) {
				steps.push(never);
				return;
			}
			pairs.push([value, other[1]]);
		}
	} else {
		steps.push(never);
		return;
	}
	while (pairs.length > 0) {
		const ready = pairs.findIndex(([x, y]) => coder.isGround(x) || coder.isGround(y));
		const [pair] = pairs.splice(Math.max(ready, 0), 1);
		if (ready >= 0) unifyTests(coder, pair![0], pair![1], steps);
		else unifyParts(coder, pair![0], pair![1], steps);
	}
}

function sameKey(a: LTerm, b: LTerm): boolean {
	if (a.kind === 'const' && b.kind === 'const') return equal(a.value, b.value);
	return a.kind === 'var' && b.kind === 'var' && a.local === b.local;
}

/** A folded composite as a term with parts, when the other side has parts. */
function expandConstant(term: LTerm, other: LTerm): LTerm {
	if (term.kind !== 'const' || typeof term.value !== 'object' || term.value === null) return term;
	const { loc, value } = term;
	if (other.kind === 'array' && Array.isArray(value)) {
		return { kind: 'array', items: value.map((item) => ({ kind: 'const', value: item as Value, loc }) as const), loc };
	}
	if (other.kind === 'object' && isObject(value)) {
		const entries = objectEntries(value).map(
			([key, item]) =>
				[{ kind: 'const', value: key, loc } as const, { kind: 'const', value: item, loc } as const] as const,
		);
		return { kind: 'object', entries, loc };
	}
	return term;
}

function callSteps(coder: Coder, call: LCall): Step[] {
	const steps: Step[] = [];
	const args = call.args.map((arg) => coder.settle(arg, steps));
	const output = call.output === undefined ? undefined : coder.settle(call.output, steps);
	const { callee } = call;
	if (callee.kind === 'builtin' && callee.name === 'walk') {
		steps.push(walkStep(coder, args[0]!, output));
		return steps;
	}
	const comparison = output === undefined ? comparisonTest(coder, call, args) : undefined;
	if (comparison !== undefined) {
		steps.push({ test: comparison });
		return steps;
	}
	const get = callGet(coder, call, args);
	if (output === undefined) {
		steps.push({ test: holds(get) });
		return steps;
	}
	if (output.kind === 'var' && !coder.isBound(output.local)) {
		const { slot } = output.local;
		coder.bound.add(output.local);
		steps.push({
			test: (m, f) => {
				m.tick();
				const value = get(m, f);
				if (value === undefined) return false;
				f[slot] = value;
				return true;
			},
		});
		return steps;
	}
	const match = coder.match(output);
	steps.push({
		test: (m, f) => {
			m.tick();
			const value = get(m, f);
			return value !== undefined && match(m, f, value);
		},
	});
	return steps;
}

function everyLoop(coder: Coder, every: LEvery): Test {
	const domain = coder.get(every.domain);
	const test = coder.scoped(() => {
		coder.bound.add(every.value);
		if (every.key !== undefined) coder.bound.add(every.key);
		return bodyTest(coder, every.body);
	});
	const valueSlot = every.value.slot;
	const keySlot = every.key?.slot;
	const holdsFor = (m: Machine, f: Frame, key: Value, value: Value): boolean => {
		m.tick();
		f[valueSlot] = value;
		if (keySlot !== undefined) f[keySlot] = key;
		return test(m, f);
	};
	return (m, f) => {
		const items = domain(m, f);
		if (items === undefined) return false;
		if (Array.isArray(items)) {
			for (let i = 0; i < items.length; i++) if (!holdsFor(m, f, i, items[i] as Value)) return false;
			return true;
		}
		if (isSet(items)) {
			for (const member of items.values()) if (!holdsFor(m, f, member, member)) return false;
			return true;
		}
		if (!isObject(items)) return false;
		const entries = objectEntries(items);
		if (!(items instanceof RegoObject)) m.spend(entries.length >> 3);
		for (const [key, value] of entries) if (!holdsFor(m, f, key, value)) return false;
		return true;
	};
}
