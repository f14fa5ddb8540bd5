import type { Builtin } from '../builtins/builtin.ts';
import { stringOperand } from '../builtins/operands.ts';
import { parseDuration } from '../builtins/time/duration.ts';
import { type Diagnostic, RegoError } from '../errors.ts';
import { compile, type EvaluateOptions } from '../program.ts';
import { fn, named, nullType, string } from '../types/type.ts';
import type { Value } from '../value/index.ts';
import type { Case, CaseFile } from './cases.ts';
import { judge, type Outcome } from './judge.ts';

/** What a run came to. `failures` are in the order of the files. */
export interface Report {
	readonly total: number;
	readonly passed: number;
	readonly failed: number;
	/** Cases that need what this engine says it does not offer. */
	readonly unsupported: number;
	readonly failures: readonly Failure[];
	readonly categories: readonly CategoryCount[];
}

export interface Failure {
	readonly category: string;
	/** Position in the file, from 0. */
	readonly index: number;
	readonly note: string;
	readonly reason: string;
}

export interface CategoryCount {
	readonly category: string;
	readonly total: number;
	readonly passed: number;
	readonly failed: number;
	readonly unsupported: number;
	/** What the unsupported cases need, each once. */
	readonly needs: readonly string[];
}

/** What an evaluation may have from outside. */
export interface Surroundings {
	/** Builtins besides the main entry's. */
	readonly builtins: readonly Builtin[];
	readonly nowNs: () => bigint;
	readonly randomBytes: (size: number) => Uint8Array;
	/** Blocks for some milliseconds: the suite sleeps to see that time stands still within an evaluation. */
	readonly sleepMs: (milliseconds: number) => void;
}

/** Runs every case and counts. */
export function runCases(files: readonly CaseFile[], surroundings: Surroundings): Report {
	const failures: Failure[] = [];
	const categories = files.map(({ category, cases }): CategoryCount => {
		const needs = new Set<string>();
		let passed = 0;
		let unsupported = 0;
		for (const [index, item] of cases.entries()) {
			const verdict = runCase(item, surroundings);
			if (verdict.kind === 'passed') passed += 1;
			else if (verdict.kind === 'failed') failures.push({ category, index, note: item.note, reason: verdict.reason });
			else {
				unsupported += 1;
				needs.add(verdict.need);
			}
		}
		const total = cases.length;
		return { category, total, passed, failed: total - passed - unsupported, unsupported, needs: [...needs].sort() };
	});
	const sum = (count: (category: CategoryCount) => number): number =>
		categories.reduce((all, one) => all + count(one), 0);
	return {
		total: sum(({ total }) => total),
		passed: sum(({ passed }) => passed),
		failed: sum(({ failed }) => failed),
		unsupported: sum(({ unsupported }) => unsupported),
		failures,
		categories,
	};
}

/** What became of one case. */
export type Verdict =
	| { readonly kind: 'passed' }
	| { readonly kind: 'failed'; readonly reason: string }
	| { readonly kind: 'unsupported'; readonly need: string };

/** Runs one case and judges what comes out. */
export function runCase(item: Case, surroundings: Surroundings): Verdict {
	let outcome: Outcome;
	try {
		outcome = { kind: 'solutions', solutions: solve(item, surroundings) };
	} catch (error) {
		if (!(error instanceof RegoError)) {
			return { kind: 'failed', reason: `not a Rego error: ${error instanceof Error ? error.stack : String(error)}` };
		}
		const need = neededOf(error);
		if (need !== undefined) return { kind: 'unsupported', need };
		outcome = { kind: 'error', code: error.code, text: error.message };
	}
	const reason = judge(item, outcome);
	return reason === undefined ? { kind: 'passed' } : { kind: 'failed', reason };
}

function solve(item: Case, surroundings: Surroundings): readonly ReadonlyMap<string, Value>[] {
	const { builtins, nowNs, randomBytes } = surroundings;
	const sources = item.modules.map((source, index) => ({ file: `test-${index}.rego`, source }));
	const program = compile(sources, {
		builtins: [...builtins, sleep(surroundings)],
		experimental: item.experimental,
	});
	const input = item.inputTerm === undefined ? item.input : termValue(item.inputTerm);
	const options: EvaluateOptions = { data: item.data, strict: item.strictErrors, nowNs: nowNs(), randomBytes };
	return program.queryValues(item.query, input === undefined ? options : { ...options, input });
}

/** The value of a Rego term without variables. */
function termValue(text: string): Value {
	const [solution] = compile([]).queryValues(`term = ${text}`);
	const value = solution?.get('term');
	if (value === undefined) throw new Error(`input_term has no value: ${text}`);
	return value;
}

/** Upstream's runner brings this one builtin of its own. */
function sleep({ sleepMs }: Surroundings): Builtin {
	return {
		name: 'test.sleep',
		decl: fn([named('duration', string)], named('result', nullType)),
		run: (args) => {
			sleepMs(Number(parseDuration(stringOperand(args, 1)) / 1_000_000n));
			return null;
		},
	};
}

/**
 * What a program needs that the engine says it does not offer. It is read off the compiler's diagnostics, which give
 * the reason; only when nothing else is wrong with the program.
 */
function neededOf(error: RegoError): string | undefined {
	const needs = error.diagnostics.map(notOffered);
	return needs.every((need) => need !== undefined) ? needs[0] : undefined;
}

function notOffered({ message, hint }: Diagnostic): string | undefined {
	const keyword = /^the experimental keyword (and|or) is not offered$/.exec(message);
	if (keyword !== null) return `keyword ${keyword[1]}`;
	return hint?.includes(' is not offered: ') ? hint.slice(0, hint.indexOf(' is not offered: ')) : undefined;
}
