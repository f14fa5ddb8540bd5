import { printFailure } from '../explain/index.ts';
import type { TestReport, TestResult } from './run-tests.ts';

/** A report as text for people: what failed and why, then the sums. With `all`, passed tests are listed too. */
export function printTests(report: TestReport, options: { readonly all?: boolean } = {}): string {
	const { passed, failed, errors, todo, coverage } = report;
	const lines = report.tests
		.filter(({ outcome }) => options.all === true || outcome !== 'pass')
		.flatMap((test) => printTest(test));
	lines.push(`${passed} passed, ${failed} failed, ${errors} errors, ${todo} todo`);
	if (coverage !== undefined) {
		const { percent, expressions, rules, threshold } = coverage;
		const limit = threshold !== undefined && percent < threshold ? `, below the threshold of ${threshold} %` : '';
		lines.push(
			`coverage: ${percent} % of expressions (${expressions.covered} of ${expressions.total})${limit}; ` +
				`${rules.bothWays} of ${rules.total} rules seen both to hold and not to hold`,
		);
	}
	return lines.join('\n');
}

function printTest(test: TestResult): string[] {
	const { path, file, row, outcome, durationMs, error, value, output, cases = [], failures = [] } = test;
	const lines = [`${path} at ${file}:${row}: ${outcome.toUpperCase()} (${Math.round(durationMs * 1000) / 1000} ms)`];
	if (error !== undefined) lines.push(`  ${error}`);
	if (value !== undefined) lines.push(`  its value is ${value}, expected true`);
	for (const { name, outcome: result, value: held } of cases) {
		lines.push(`  ${name}: ${result.toUpperCase()}${held === undefined ? '' : ` (its value is ${held})`}`);
		for (const failure of failures) if (failure.case === name) lines.push(printFailure(failure, '    '));
	}
	if (outcome === 'fail' && cases.length === 0 && failures.length === 0 && value === undefined) {
		lines.push('  it has no value');
	}
	for (const failure of failures) if (failure.case === undefined) lines.push(printFailure(failure, '  '));
	return [...lines, ...output.map((line) => `  printed: ${line}`)];
}
