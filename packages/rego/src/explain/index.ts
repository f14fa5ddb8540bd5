/** Explanations: which rules held, where the others failed, and what a decision can read. */
export { type Dependencies, dependencies } from './dependencies.ts';
export { type Explanation, explain, type RuleExplanation } from './explain.ts';
export type { FailedExpression, SeenValue } from './failed-expression.ts';
export { printExplanation, printFailure } from './print-explanation.ts';
