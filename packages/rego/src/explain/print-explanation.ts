import type { Explanation, RuleExplanation } from './explain.ts';
import type { FailedExpression, SeenValue } from './failed-expression.ts';

/** An explanation as text for people: the answer, then each rule with its place, outcome and first failure. */
export function printExplanation(explanation: Explanation): string {
	const { query, defined, value, error, rules } = explanation;
	const answer = error ?? (defined ? (value ?? 'has a solution') : 'undefined');
	return [`${query}: ${answer}`, ...rules.map(printRule)].join('\n');
}

function printRule(rule: RuleExplanation): string {
	const { site, outcome, values, failed, tried } = rule;
	const times = tried > 1 ? ` (tried ${tried} times)` : '';
	const made = values.length > 0 ? `: ${values.join(', ')}` : '';
	const kind = rule.default ? 'default ' : '';
	const line = `${kind}${site.path} at ${site.file}:${site.startRow}: ${outcome}${times}${made}`;
	return failed === undefined || outcome === 'held' ? line : `${line}\n${printFailure(failed, '  ')}`;
}

/** A failed expression with its values, one to a line, each line beginning with `indent`. */
export function printFailure(failed: FailedExpression, indent = ''): string {
	const { file, row, col, text, part, comparison, operands, locals, attempts, inside } = failed;
	const lines = [`${file}:${row}:${col}: ${text}${attempts > 1 ? ` (failed ${attempts} times; the first:)` : ''}`];
	if (part !== undefined) lines.push(`  no value for ${part}`);
	if (comparison !== undefined) {
		const { left, right } = comparison;
		lines.push(`  left:  ${printSeen(left)}`, `  right: ${printSeen(right)}`);
	}
	lines.push(...operands.map((operand) => `  ${printSeen(operand)}`));
	lines.push(...locals.map((local) => `  where ${printSeen(local)}`));
	if (inside !== undefined) lines.push(printFailure(inside, '  '));
	return lines.map((line) => line.replace(/^/gm, indent)).join('\n');
}

function printSeen({ text, value }: SeenValue): string {
	if (value === undefined) return `${text} is undefined`;
	return text === value ? value : `${text} = ${value}`;
}
