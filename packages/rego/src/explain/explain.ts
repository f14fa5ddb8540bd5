/** Why a decision is what it is: the query is run again with every rule watched. */
import type { LRule, RuleGroup } from '../compile/lowered.ts';
import { RegoError } from '../errors.ts';
import { type Site, siteOf } from '../eval/provenance.ts';
import type { EvaluateOptions, Program } from '../program.ts';
import { print, type Value } from '../value/index.ts';
import type { FailedExpression } from './failed-expression.ts';
import { Recorder, type RuleRecord } from './recorder.ts';

/** What a rule did while a query ran. */
export interface RuleExplanation {
	readonly site: Site;
	/** The rule is a `default`, or an `else` branch. */
	readonly default: boolean;
	/**
	 * `held`: it made a value at least once. `failed`: it was tried and never did. `interrupted`: the evaluation ended in
	 * an error inside it. `skipped`: it was not tried, for its parameters or keys do not fit, or an earlier branch held.
	 */
	readonly outcome: 'held' | 'failed' | 'interrupted' | 'skipped';
	/** How often it was tried: more than once for functions, and for rules read under `with`. */
	readonly tried: number;
	/** The first values it made, as Rego text. */
	readonly values: readonly string[];
	/** Of the first try without a solution: the first expression that nothing got past. */
	readonly failed?: FailedExpression;
}

/** A replayed query. */
export interface Explanation {
	readonly query: string;
	readonly defined: boolean;
	/** The document's value as Rego text; solutions of a query are not listed. */
	readonly value?: string;
	/** The error that ended the evaluation. */
	readonly error?: string;
	/** Every rule of each document that was read, in the order of the sources. */
	readonly rules: readonly RuleExplanation[];
}

/**
 * Replays a query with the options it ran with and reports per rule whether it held, and if not, the first expression
 * that failed, with its values. `query` is the path of a document (`data.a.allow`) or the text of any query. The same
 * options give the same explanation: what is nondeterministic comes in through `nowNs`, `randomBytes` and `mocks`, so
 * hand in what the first run saw. No rule index and no early exit are used, so it may take more steps.
 *
 * @throws {RegoError} when the query itself does not compile; errors of the evaluation are part of the explanation
 */
export function explain(
	program: Program,
	query: string,
	options: Omit<EvaluateOptions, 'instrument' | 'provenance'> = {},
): Explanation {
	const recorder = new Recorder();
	const watched = { ...options, instrument: recorder };
	try {
		const value = isPath(query) ? program.evaluate(query, watched).value : undefined;
		const defined = isPath(query) ? value !== undefined : program.queryValues(query, watched).length > 0;
		const rules = explanations(program, recorder, undefined);
		return { query, defined, ...(value === undefined ? {} : { value: print(value) }), rules };
	} catch (error) {
		if (!(error instanceof RegoError) || !isEvaluationError(error)) throw error;
		return { query, defined: false, error: error.message, rules: explanations(program, recorder, error) };
	}
}

function isPath(query: string): boolean {
	return /^\s*data(?:\s*$|\.\w|\[)/.test(query) && !/[\s=;]/.test(query.trim().replace(/"(?:[^"\\]|\\.)*"/g, ''));
}

function isEvaluationError(error: RegoError): boolean {
	return error.code.startsWith('eval_') || error.code === 'rego_limit_error';
}

function explanations(program: Program, recorder: Recorder, error: RegoError | undefined): RuleExplanation[] {
	const interrupted = new Set(error === undefined ? [] : recorder.interrupted);
	const { groups } = program.lowered;
	return groups
		.filter((group) => branchesOf(group).some((rule) => recorder.rules.has(rule)))
		.flatMap(branchesOf)
		.sort((a, b) => a.id - b.id)
		.map((rule) => explanation(rule, recorder.rules.get(rule), interrupted.has(rule)));
}

/** Every rule of a document, with `else` branches and defaults. */
function branchesOf(group: RuleGroup): LRule[] {
	const branches: LRule[] = [];
	for (const rule of [...group.rules, ...group.defaults]) {
		for (let at: LRule | undefined = rule; at !== undefined; at = at.else) branches.push(at);
	}
	return branches;
}

function explanation(rule: LRule, record: RuleRecord | undefined, interrupted: boolean): RuleExplanation {
	const base = { site: siteOf(rule), default: rule.default };
	if (record === undefined) return { ...base, outcome: 'skipped', tried: 0, values: [] };
	const { tried, held, failed } = record;
	const outcome = interrupted ? 'interrupted' : held > 0 ? 'held' : 'failed';
	const values = record.values.map((value: Value) => print(value));
	return { ...base, outcome, tried, values, ...(failed === undefined ? {} : { failed }) };
}
