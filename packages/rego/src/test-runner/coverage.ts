/** Coverage by expression and by the outcomes of rules. Runs without index and early exit, so neither changes it. */
import type { Location } from '../ast/ast.ts';
import type { LBody, LExpr, LProgram, LRule } from '../compile/lowered.ts';
import { closuresOf } from '../compile/safety.ts';
import type { Instrument } from '../eval/instrument.ts';
import { siteOf } from '../eval/provenance.ts';
import type { Value } from '../value/index.ts';

/** How often an expression (or a head without a body) was tried, held and failed. */
export interface ExpressionCoverage {
	readonly row: number;
	readonly col: number;
	readonly text: string;
	/** Solutions it had; a head counts the values it made. */
	readonly held: number;
	/** Tries without a solution. */
	readonly failed: number;
}

/** How the tries of a rule (or `else` branch) ended. */
export interface RuleCoverage {
	/** `data.agent.deny`. */
	readonly path: string;
	readonly row: number;
	readonly true: number;
	readonly false: number;
	readonly undefined: number;
	readonly error: number;
}

/** What the tests covered of one file. */
export interface FileCoverage {
	readonly file: string;
	/** Share of expressions that held at least once, in percent with two decimals; 100 when there are none. */
	readonly percent: number;
	readonly expressions: readonly ExpressionCoverage[];
	readonly rules: readonly RuleCoverage[];
}

/** What the tests covered. */
export interface Coverage {
	readonly percent: number;
	readonly expressions: { readonly total: number; readonly covered: number };
	/** Rules that both made a value and, at another time, did not, of the rules with a body. */
	readonly rules: { readonly total: number; readonly bothWays: number };
	readonly files: readonly FileCoverage[];
}

interface Counts {
	held: number;
	failed: number;
}
type Outcomes = { true: number; false: number; undefined: number; error: number };

/** Counts while programs run; `report` sums up. */
export class CoverageRecorder implements Instrument {
	readonly #expressions = new Map<LExpr, Counts>();
	readonly #rules = new Map<LRule, Outcomes>();
	readonly #stack: LRule[] = [];
	/** Looks at operands are no part of the evaluation: nothing counts while this says so. */
	readonly #paused: () => boolean;

	constructor(paused: () => boolean = () => false) {
		this.#paused = paused;
	}

	exitExpr(expr: LExpr): void {
		if (!this.#paused()) this.#countsOf(expr).held++;
	}

	failExpr(expr: LExpr, _rule: unknown, _look: unknown, found: number): void {
		if (found === 0 && !this.#paused()) this.#countsOf(expr).failed++;
	}

	enterRule(rule: LRule): void {
		if (!this.#paused()) this.#stack.push(rule);
	}

	exitRule(rule: LRule, value: Value): void {
		if (!this.#paused()) this.#outcomesOf(rule)[value === false ? 'false' : 'true']++;
	}

	failRule(rule: LRule, found: number): void {
		if (this.#paused()) return;
		this.#stack.pop();
		if (found === 0) this.#outcomesOf(rule).undefined++;
	}

	/** Call it when an evaluation ended in an error: the rules being tried did. */
	error(): void {
		for (const rule of this.#stack.splice(0)) this.#outcomesOf(rule).error++;
	}

	/** Adds everything up for the files that `isMeasured` chooses. */
	report(program: LProgram, isMeasured: (file: string) => boolean): Coverage {
		const files = program.modules
			.filter(({ file }) => isMeasured(file))
			.map(({ file, source }): FileCoverage => {
				const rules = program.rules.filter((rule) => rule.module.file === file);
				const expressions = rules.flatMap((rule) => this.#expressionsOf(rule, source));
				expressions.sort((a, b) => a.row - b.row || a.col - b.col);
				const covered = expressions.filter(({ held }) => held > 0).length;
				return {
					file,
					percent: percentOf(covered, expressions.length),
					expressions,
					rules: rules.map((rule) => ({
						path: siteOf(rule).path,
						row: rule.loc.row,
						...(this.#rules.get(rule) ?? { true: 0, false: 0, undefined: 0, error: 0 }),
					})),
				};
			});
		const expressions = files.flatMap((file) => file.expressions);
		const covered = expressions.filter(({ held }) => held > 0).length;
		const measured = program.rules.filter((rule) => isMeasured(rule.module.file) && rule.body.exprs.length > 0);
		const bothWays = measured.filter((rule) => {
			const outcomes = this.#rules.get(rule);
			return outcomes !== undefined && outcomes.true + outcomes.false > 0 && outcomes.undefined > 0;
		}).length;
		return {
			percent: percentOf(covered, expressions.length),
			expressions: { total: expressions.length, covered },
			rules: { total: measured.length, bothWays },
			files,
		};
	}

	#expressionsOf(rule: LRule, source: string): ExpressionCoverage[] {
		if (rule.rule.body.length === 0) {
			const { true: holds, false: not } = this.#outcomesOf(rule);
			return [{ ...place(rule.rule.head.loc, source), held: holds + not, failed: 0 }];
		}
		const groups = new Map<string, { loc: Location; main: LExpr | undefined; parts: LExpr[] }>();
		for (const expr of writtenIn(rule.body)) {
			const key = `${expr.loc.offset} ${expr.loc.end}`;
			const group = groups.get(key) ?? { loc: expr.loc, main: undefined, parts: [] };
			if (expr.generated) group.parts.push(expr);
			else group.main = expr;
			groups.set(key, group);
		}
		const all = [...groups.values()];
		return all.flatMap(({ loc, main }) => {
			if (main === undefined) return [];
			// A part that has no value keeps the whole from being tried: the expression failed then.
			const parts = all.filter((other) => other.loc.offset >= loc.offset && other.loc.end <= loc.end);
			const failedParts = parts.flatMap((group) => group.parts).map((part) => this.#expressions.get(part)?.failed ?? 0);
			const { held, failed } = this.#expressions.get(main) ?? { held: 0, failed: 0 };
			return [{ ...place(loc, source), held, failed: failed + failedParts.reduce((sum, n) => sum + n, 0) }];
		});
	}

	#countsOf(expr: LExpr): Counts {
		let counts = this.#expressions.get(expr);
		if (counts === undefined) {
			counts = { held: 0, failed: 0 };
			this.#expressions.set(expr, counts);
		}
		return counts;
	}

	#outcomesOf(rule: LRule): Outcomes {
		let outcomes = this.#rules.get(rule);
		if (outcomes === undefined) {
			outcomes = { true: 0, false: 0, undefined: 0, error: 0 };
			this.#rules.set(rule, outcomes);
		}
		return outcomes;
	}
}

/** Every expression of a body, those of comprehensions, `every` and `not` included. */
function* writtenIn(body: LBody): Generator<LExpr> {
	for (const expr of body.exprs) {
		yield expr;
		for (const closure of closuresOf(expr)) yield* writtenIn(closure.body);
	}
}

function place(loc: Location, source: string): { row: number; col: number; text: string } {
	const text = source.slice(loc.offset, loc.end).replace(/\s+/g, ' ').trim();
	return { row: loc.row, col: loc.col, text: text.length > 200 ? `${text.slice(0, 200)}…` : text };
}

function percentOf(part: number, whole: number): number {
	return whole === 0 ? 100 : Math.round((part / whole) * 10_000) / 100;
}
