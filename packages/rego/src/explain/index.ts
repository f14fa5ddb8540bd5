/** Explanations: which rules held, and where the others failed. */
export { type Explanation, explain, type RuleExplanation } from './explain.ts';
export type { FailedExpression, SeenValue } from './failed-expression.ts';
export { printExplanation, printFailure } from './print-explanation.ts';
