/** Watches an evaluation and keeps, for each rule, how often it held and the first expression nothing got past. */
import type { LEvery, LExpr, LRule } from '../compile/lowered.ts';
import type { Instrument, Look, ReadOperands } from '../eval/instrument.ts';
import type { Value } from '../value/index.ts';
import { describeFailure, type FailedExpression } from './failed-expression.ts';

/** What was seen of one rule (or one `else` branch). */
export interface RuleRecord {
	/** How often its body was tried. */
	tried: number;
	/** How often it held, whatever the number of solutions. */
	held: number;
	/** The first values it made. */
	readonly values: Value[];
	/** The failure of the first try that had no solution. */
	failed: FailedExpression | undefined;
}

type MutableFailure = { -readonly [K in keyof FailedExpression]: FailedExpression[K] };

/** One try of a body. */
interface Activation {
	readonly record: RuleRecord;
	readonly indices: ReadonlyMap<LExpr, number>;
	/** The furthest expression tried. */
	furthest: number;
	failure: MutableFailure | undefined;
	/** The last failure inside an `every` that is being tried. */
	inside: FailedExpression | undefined;
	/** The `every` that is being tried. */
	every: LEvery | undefined;
}

/** Values of one rule that are kept. */
const valuesKeptMax = 10;

/** Hand it to an evaluation as `instrument`; afterwards `rules` says what happened. */
export class Recorder implements Instrument {
	readonly rules: Map<LRule, RuleRecord> = new Map();
	readonly #indices = new Map<LRule, ReadonlyMap<LExpr, number>>();
	readonly #stack: Activation[] = [];
	#paused = false;

	/** True while it evaluates operands for a description: what happens then is no part of the evaluation. */
	get paused(): boolean {
		return this.#paused;
	}

	/** Rules that were being tried when the evaluation ended in an error, outermost first. */
	get interrupted(): readonly LRule[] {
		const records = new Set(this.#stack.map(({ record }) => record));
		return [...this.rules].filter(([, record]) => records.has(record)).map(([rule]) => rule);
	}

	enterRule(rule: LRule): void {
		if (this.#paused) return;
		let record = this.rules.get(rule);
		if (record === undefined) {
			record = { tried: 0, held: 0, values: [], failed: undefined };
			this.rules.set(rule, record);
		}
		record.tried++;
		const indices = this.#indicesOf(rule);
		this.#stack.push({ record, indices, furthest: -1, failure: undefined, inside: undefined, every: undefined });
	}

	exitRule(_rule: LRule, value: Value): void {
		if (this.#paused) return;
		const { values } = this.#stack.at(-1)!.record;
		if (values.length < valuesKeptMax) values.push(value);
	}

	failRule(_rule: LRule, found: number): void {
		if (this.#paused) return;
		const { record, failure } = this.#stack.pop()!;
		if (found > 0) record.held++;
		else record.failed ??= failure;
	}

	enterExpr(expr: LExpr, rule: LRule | undefined): void {
		if (this.#paused || rule === undefined) return;
		const activation = this.#stack.at(-1)!;
		const index = activation.indices.get(expr);
		if (index === undefined) return;
		activation.every = expr.kind === 'every' ? expr : undefined;
		activation.inside = undefined;
		if (index <= activation.furthest) return;
		activation.furthest = index;
		activation.failure = undefined;
	}

	failExpr(expr: LExpr, rule: LRule | undefined, look: Look, found: number, operands: ReadOperands): void {
		if (this.#paused || rule === undefined || found > 0) return;
		const activation = this.#stack.at(-1)!;
		const index = activation.indices.get(expr);
		if (index === undefined) {
			const { every } = activation;
			if (every !== undefined)
				activation.inside = this.#describe(expr, rule, activation.furthest, every, look, operands);
			return;
		}
		if (index !== activation.furthest) return;
		if (activation.failure !== undefined) {
			activation.failure.attempts++;
			return;
		}
		const { inside } = activation;
		const failure = this.#describe(expr, rule, index, undefined, look, operands);
		activation.failure = inside === undefined ? failure : { ...failure, inside };
	}

	#describe(
		expr: LExpr,
		rule: LRule,
		index: number,
		around: LEvery | undefined,
		look: Look,
		operands: ReadOperands,
	): MutableFailure {
		this.#paused = true;
		try {
			const before = rule.body.exprs.slice(0, index);
			return { ...describeFailure(expr, rule, before, around, look, operands()), attempts: 1 };
		} finally {
			this.#paused = false;
		}
	}

	#indicesOf(rule: LRule): ReadonlyMap<LExpr, number> {
		let indices = this.#indices.get(rule);
		if (indices === undefined) {
			indices = new Map(rule.body.exprs.map((expr, i) => [expr, i]));
			this.#indices.set(rule, indices);
		}
		return indices;
	}
}
