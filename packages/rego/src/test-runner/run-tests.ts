/** Runs the `test_` rules of policies. */
import type { Module } from '../ast/ast.ts';
import type { LRule } from '../compile/lowered.ts';
import { RegoError } from '../errors.ts';
import type { Instrument } from '../eval/instrument.ts';
import type { FailedExpression } from '../explain/index.ts';
import { Recorder } from '../explain/recorder.ts';
import { parseModule } from '../parse/index.ts';
import { type CompileOptions, compileParsed, type EvaluateOptions, type Program, type Sources } from '../program.ts';
import { isObject, keyOf, lookup, objectEntries, print, stringify, type Value } from '../value/index.ts';
import { combined } from './combine.ts';
import { type Coverage, CoverageRecorder } from './coverage.ts';
import { CaseRecorder, moveKeysUp } from './table-cases.ts';
import { findTests, type TestRule } from './test-rules.ts';

/** How tests are run. */
export interface TestOptions {
	/** As for `compile`; `print` is kept in any case. */
	readonly compile?: Omit<CompileOptions, 'print'>;
	/** As for `evaluate`: `data`, `nowNs`, `randomBytes`, `limits`, `strict` … for every test alike. */
	readonly evaluate?: Omit<EvaluateOptions, 'instrument' | 'provenance' | 'print' | 'trace'>;
	/** Only tests whose path this says yes to. */
	readonly filter?: (path: string) => boolean;
	/** Measure coverage. `threshold` is the lowest percentage that passes; `files` chooses what counts (default: all files not ending in `_test.rego`). */
	readonly coverage?: { readonly threshold?: number; readonly files?: (file: string) => boolean };
	/** Milliseconds of any clock, for `durationMs`. Without it all durations are 0. */
	readonly clockMs?: () => number;
}

/** One case of a test with cases. */
export interface CaseResult {
	/** Keys of the case: the one key as it is if it is a string, else their JSON, joined by `/`. */
	readonly name: string;
	readonly outcome: 'pass' | 'fail';
	/** Value of the case, as Rego text, if it has one. */
	readonly value?: string;
}

/** One test rule and what came of it. */
export interface TestResult {
	/** `data.agent_test.test_denies_mail`. */
	readonly path: string;
	readonly name: string;
	readonly file: string;
	readonly row: number;
	/** `todo`: named `todo_test_…`, not run. */
	readonly outcome: 'pass' | 'fail' | 'error' | 'todo';
	readonly durationMs: number;
	/** What `print` printed, by line. */
	readonly output: readonly string[];
	/** The cases of `test_x[case]`, in the order in which they began. */
	readonly cases?: readonly CaseResult[];
	/** The error that ended it. */
	readonly error?: string;
	/** Its value as Rego text, if it has one that is not `true`. */
	readonly value?: string;
	/** Where it failed; for a test with cases, one entry for each that did, where that is known. */
	readonly failures?: readonly (FailedExpression & { readonly case?: string })[];
}

/** All results. `ok`: nothing failed, there was at least one test, and coverage reached its threshold. */
export interface TestReport {
	readonly ok: boolean;
	readonly passed: number;
	readonly failed: number;
	readonly errors: number;
	readonly todo: number;
	readonly tests: readonly TestResult[];
	readonly coverage?: Coverage & { readonly threshold?: number };
}

/**
 * Compiles policies with their tests and runs every rule whose name begins with `test_`. A rule passes when its value is
 * `true`; one with keys below its name (`test_x[name]`) passes when there is a case and all are `true`. Two rules of one
 * name are two tests.
 *
 * @throws {RegoError} when the sources do not compile; what a test throws is its result
 */
export function runTests(sources: Sources | readonly Module[], options: TestOptions = {}): TestReport {
	const { modules, tests } = findTests(parsedModules(sources, options));
	const program = compileParsed(modules, { ...options.compile, print: true });
	const chosen = tests.filter(({ path }) => options.filter?.(path) ?? true);
	const covered = options.coverage === undefined ? undefined : new CoveredRun();
	const results = chosen.map((found) => runTest(found, program, options, covered));
	const count = (outcome: TestResult['outcome']): number =>
		results.filter((result) => result.outcome === outcome).length;
	const coverage = covered?.report(program, options);
	const { threshold } = options.coverage ?? {};
	const [passed, failed, errors, todo] = [count('pass'), count('fail'), count('error'), count('todo')];
	const isCovered = coverage === undefined || threshold === undefined || coverage.percent >= threshold;
	const ok = failed + errors === 0 && passed > 0 && isCovered;
	const report = { ok, passed, failed, errors, todo, tests: results };
	if (coverage === undefined) return report;
	return { ...report, coverage: threshold === undefined ? coverage : { ...coverage, threshold } };
}

function parsedModules(sources: Sources | readonly Module[], options: TestOptions): readonly Module[] {
	if (Array.isArray(sources) && sources.every((item) => 'rules' in item)) return sources as readonly Module[];
	const { experimental = false } = options.compile ?? {};
	const list = Array.isArray(sources)
		? (sources as readonly { readonly file: string; readonly source: string }[])
		: Object.entries(sources as Readonly<Record<string, string>>).map(([file, source]) => ({ file, source }));
	return list.map(({ file, source }) => parseModule(source, file, { experimental }));
}

/** Counts coverage over all tests, but not while a failure is being described. */
class CoveredRun {
	/** What watches the test that runs. */
	watching: { readonly paused: boolean } | undefined;
	readonly recorder: CoverageRecorder = new CoverageRecorder(() => this.watching?.paused ?? false);

	report(program: Program, options: TestOptions): Coverage {
		const isMeasured = options.coverage?.files ?? ((file: string) => !file.endsWith('_test.rego'));
		return this.recorder.report(program.lowered, isMeasured);
	}
}

type Judgement = Pick<TestResult, 'outcome' | 'cases' | 'value' | 'failures'>;

function runTest(found: TestRule, program: Program, options: TestOptions, covered: CoveredRun | undefined): TestResult {
	const { path, name, file, row, todo, depth } = found;
	const base = { path, name, file, row };
	if (todo) return { ...base, outcome: 'todo', durationMs: 0, output: [] };
	const rule = program.lowered.rules.find((candidate) => candidate.rule === found.rule)!;
	const hasCases = rule.path.length > depth;
	if (hasCases) moveKeysUp(rule);
	const cases = hasCases ? new CaseRecorder(rule, depth) : undefined;
	const recorder = cases ?? new Recorder();
	const output: string[] = [];
	const evaluate = (instrument: Instrument | undefined, isReplay = false): Value | undefined => {
		const print = (text: string): void => {
			if (!isReplay && !recorder.paused) output.push(text);
		};
		const watched = instrument === undefined ? {} : { instrument };
		return program.evaluate(path, { ...options.evaluate, ...watched, print }).value;
	};
	const clock = options.clockMs ?? (() => 0);
	const start = clock();
	const watches = hasCases || covered !== undefined;
	if (covered !== undefined) covered.watching = recorder;
	const instruments: Instrument[] = covered === undefined ? [recorder] : [recorder, covered.recorder];
	let value: Value | undefined;
	try {
		value = evaluate(watches ? combined(instruments) : undefined);
	} catch (error) {
		if (!(error instanceof RegoError)) throw error;
		covered?.recorder.error();
		return { ...base, outcome: 'error', durationMs: clock() - start, output, error: error.message };
	}
	const durationMs = clock() - start;
	if (cases !== undefined) return { ...base, durationMs, output, ...judgeCases(rule, depth, value, cases) };
	// Failures are looked into by running the test once more, so that passing tests do not pay for it.
	if (value !== true && !watches) evaluate(recorder, true);
	return { ...base, durationMs, output, ...judge(rule, value, recorder as Recorder) };
}

function judge(rule: LRule, value: Value | undefined, recorder: Recorder): Judgement {
	if (value === true) return { outcome: 'pass' };
	let failed: FailedExpression | undefined;
	for (let at: LRule | undefined = rule; at !== undefined; at = at.else)
		failed = recorder.rules.get(at)?.failed ?? failed;
	const failures = failed === undefined || value !== undefined ? {} : { failures: [failed] };
	return { outcome: 'fail', ...(value === undefined ? {} : { value: print(value) }), ...failures };
}

function judgeCases(rule: LRule, depth: number, value: Value | undefined, recorder: CaseRecorder): Judgement {
	const keysMax = rule.path.length - depth;
	const found = new Map<unknown, { keys: readonly Value[]; failure: FailedExpression | undefined }>();
	for (const { keys, failure } of recorder.begun) {
		const before = found.get(keyOf(keys));
		found.set(keyOf(keys), { keys, failure: before?.failure ?? failure });
	}
	for (const keys of leavesOf(value, [], keysMax)) {
		if (!found.has(keyOf(keys))) found.set(keyOf(keys), { keys, failure: undefined });
	}
	const results: CaseResult[] = [];
	const failures: (FailedExpression & { readonly case: string })[] = [];
	for (const { keys, failure } of found.values()) {
		const held = keys.reduce<Value | undefined>((at, key) => (at === undefined ? undefined : lookup(at, key)), value);
		const name = keys.map((key) => (typeof key === 'string' ? key : stringify(key))).join('/');
		if (held === true) results.push({ name, outcome: 'pass' });
		else results.push({ name, outcome: 'fail', ...(held === undefined ? {} : { value: print(held) }) });
		if (held === undefined && failure !== undefined) failures.push({ ...failure, case: name });
	}
	const isPassed = results.length > 0 && results.every(({ outcome }) => outcome === 'pass');
	return { outcome: isPassed ? 'pass' : 'fail', cases: results, ...(failures.length > 0 ? { failures } : {}) };
}

/** Keys of the entries of an object document, as deep as heads have keys. */
function leavesOf(value: Value | undefined, keys: readonly Value[], keysMax: number): (readonly Value[])[] {
	if (value === undefined) return [];
	if (keys.length === keysMax || !isObject(value)) return keys.length === 0 ? [] : [keys];
	return objectEntries(value).flatMap(([key, below]) => leavesOf(below, [...keys, key], keysMax));
}
