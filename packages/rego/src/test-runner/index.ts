/** The test runner: `test_` rules, their cases, and what they cover. */
export type { Coverage, ExpressionCoverage, FileCoverage, RuleCoverage } from './coverage.ts';
export { printTests } from './print-tests.ts';
export { type CaseResult, runTests, type TestOptions, type TestReport, type TestResult } from './run-tests.ts';
