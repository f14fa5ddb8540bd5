import type { Diagnostic } from '@tappass/core';
import { type FileCoverage, printTests, RegoError, type TestReport as RunReport, runTests } from '@tappass/rego';
import { baseName, decodeText, type SourceFile } from '../author/input.ts';
import type { RegoSource } from '../author/library.ts';
import { policyLimits } from '../limits.ts';
import { unsteadyBuiltins } from '../rego/contract.ts';
import { fromRego } from '../rego/diagnostics.ts';

/** One `test_` rule and what came of it. */
export interface RegoTest {
	/** `data.tappass.policy_test.test_denies_mail`. */
	readonly name: string;
	readonly file: string;
	readonly row: number;
	/** `todo`: the rule is named `todo_test_…` and did not run. */
	readonly outcome: 'pass' | 'fail' | 'error' | 'todo';
	/** What failed with both sides of it, the cases, and what `print` printed; lines. */
	readonly message?: string;
}
export interface TestReport {
	readonly schema: 'tappass.policy.test/1';
	readonly passed: number;
	readonly failed: number;
	readonly tests: readonly RegoTest[];
	/** With `coverage: true`. */
	readonly coverage?: TestCoverage;
	/** Files that do not parse or compile; their tests did not run. */
	readonly diagnostics: readonly Diagnostic[];
}

/** Which expressions of the policies held in at least one test; in percent with two decimals, 100 when there are none. */
export interface TestCoverage {
	readonly percent: number;
	readonly expressions: { readonly total: number; readonly covered: number };
	readonly files: readonly {
		readonly file: string;
		readonly percent: number;
		/** Expressions that never held, by place. */
		readonly uncovered: readonly { readonly row: number; readonly col: number; readonly text: string }[];
	}[];
}

/**
 * Runs the `test_` rules of all `*_test.rego` files. Each test file runs with the policy beside it (`a_test.rego` with
 * `a.rego`), since two policies in one folder are two programs; in a Pack's `rules/`, and where no file of that name is, with
 * every policy of its folder. No tests at all is a failure to be told by the caller: `tests` is empty.
 */
export function testPolicies(files: readonly SourceFile[], options: { readonly coverage?: boolean } = {}): TestReport {
	const diagnostics: Diagnostic[] = [];
	const sources = files
		.filter(({ file }) => file.endsWith('.rego'))
		.flatMap((file): readonly RegoSource[] => {
			const decoded = decodeText(file);
			if ('text' in decoded) return [{ file: file.file, source: decoded.text }];
			diagnostics.push(decoded.diagnostic);
			return [];
		})
		.sort((a, b) => (a.file < b.file ? -1 : 1));
	const withCoverage = options.coverage === true;
	const runs = sources
		.filter(({ file }) => file.endsWith('_test.rego'))
		.flatMap((test) => runFile([...subjectsOf(test, sources), test], withCoverage, diagnostics));
	const tests = runs.flatMap((run) => run.tests.map((test) => told(run, test)));
	const sum = (pick: (run: RunReport) => number): number => runs.reduce((total, run) => total + pick(run), 0);
	return {
		schema: 'tappass.policy.test/1',
		passed: sum(({ passed }) => passed),
		failed: sum(({ failed, errors }) => failed + errors),
		tests,
		...(withCoverage ? { coverage: coverageOf(runs, sources) } : {}),
		diagnostics,
	};
}

/** The policies that a test file runs with. */
export function subjectsOf<T extends { readonly file: string }>(test: T, sources: readonly T[]): readonly T[] {
	const folder = folderOf(test.file);
	const policies = sources.filter(({ file }) => folderOf(file) === folder && !file.endsWith('_test.rego'));
	const inPack = folder === 'rules' || folder.endsWith('/rules');
	const beside = policies.filter(({ file }) => baseName(file) === baseName(test.file).replace(/_test\.rego$/, '.rego'));
	return inPack || beside.length === 0 ? policies : beside;
}

function folderOf(file: string): string {
	return file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : '';
}

function runFile(
	sources: readonly RegoSource[],
	withCoverage: boolean,
	diagnostics: Diagnostic[],
): readonly RunReport[] {
	try {
		return [
			runTests(
				sources.map(({ file, source }) => ({ file, source })),
				{
					compile: { unsafeBuiltins: unsteadyBuiltins },
					evaluate: { limits: { stepsMax: policyLimits.regoStepsMax }, nowNs: 0n },
					...(withCoverage ? { coverage: {} } : {}),
				},
			),
		];
	} catch (error) {
		if (!(error instanceof RegoError)) throw error;
		diagnostics.push(...error.diagnostics.map(fromRego));
		return [];
	}
}

function told(run: RunReport, test: RunReport['tests'][number]): RegoTest {
	const { path: name, file, row, outcome } = test;
	// The lines between the name of the test and the sums of the run.
	const { coverage: _, ...rest } = run;
	const lines = printTests({ ...rest, tests: [test] }).split('\n');
	const detail = outcome === 'pass' ? [] : lines.slice(1, -1).map((line) => line.replace(/^ {2}/, ''));
	return { name, file, row, outcome, ...(detail.length === 0 ? {} : { message: detail.join('\n') }) };
}

// An expression counts when it held in any run: the rules of a Pack run once with each of its test files.
function coverageOf(runs: readonly RunReport[], sources: readonly RegoSource[]): TestCoverage {
	const found = new Map<string, Map<string, { held: boolean; expression: FileCoverage['expressions'][number] }>>();
	for (const { file } of sources) if (!file.endsWith('_test.rego')) found.set(file, new Map());
	for (const { file, expressions } of runs.flatMap(({ coverage }) => coverage?.files ?? [])) {
		const known = found.get(file)!;
		for (const expression of expressions) {
			const key = `${expression.row}:${expression.col}:${expression.text}`;
			const held = expression.held > 0 || known.get(key)?.held === true;
			known.set(key, { held, expression });
		}
	}
	const files = [...found].map(([file, expressions]) => {
		const all = [...expressions.values()];
		return {
			file,
			total: all.length,
			uncovered: all.filter(({ held }) => !held).map(({ expression: { row, col, text } }) => ({ row, col, text })),
		};
	});
	const total = files.reduce((sum, file) => sum + file.total, 0);
	const missed = files.reduce((sum, { uncovered }) => sum + uncovered.length, 0);
	return {
		percent: percentOf(total - missed, total),
		expressions: { total, covered: total - missed },
		files: files.map(({ file, total: all, uncovered }) => ({
			file,
			percent: percentOf(all - uncovered.length, all),
			uncovered,
		})),
	};
}

function percentOf(part: number, whole: number): number {
	return whole === 0 ? 100 : Math.round((part / whole) * 10_000) / 100;
}
