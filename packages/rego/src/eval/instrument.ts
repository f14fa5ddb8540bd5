/** Hooks into evaluation, for coverage, traces and explanations. Code is built without them unless they are asked for. */
import type { LExpr, Local, LRule, LTerm } from '../compile/lowered.ts';
import type { Value } from '../value/index.ts';

/** Reads a local at the moment a hook is called; undefined while unbound. */
export type Look = (local: Local) => Value | undefined;

/** A part of an expression that had a value, or might have had one, before the expression was tried. */
export interface Operand {
	readonly term: LTerm;
	/** Undefined where the term is. */
	readonly value: Value | undefined;
}

/** Evaluates the operands of an expression once more, under its `with`; call it during the hook or never. */
export type ReadOperands = () => readonly Operand[];

/**
 * Called while an instrumented program runs: no rule index and no early exit then, so every rule that applies is seen.
 * `rule` is undefined inside a query.
 */
export interface Instrument {
	/** An expression is tried. */
	enterExpr?(expr: LExpr, rule: LRule | undefined, look: Look): void;
	/** It held; once for each solution. */
	exitExpr?(expr: LExpr, rule: LRule | undefined, look: Look, operands: ReadOperands): void;
	/** It has no (further) solution. `found` counts the solutions it had. */
	failExpr?(expr: LExpr, rule: LRule | undefined, look: Look, found: number, operands: ReadOperands): void;
	enterRule?(rule: LRule): void;
	/** The rule made a value: its value, member, or object entry's value. */
	exitRule?(rule: LRule, value: Value): void;
	/** The body has no (further) solution. */
	failRule?(rule: LRule, found: number): void;
}
