import type { RegexSearch } from '@tappass/core';
import { compileParsed, parseModule } from '@tappass/rego';

const program = compileParsed([
	parseModule(
		'package regex_of_policies\n\nfound if regex.match(input.pattern, input.text)\n\nvalid if regex.is_valid(input.pattern)\n',
		'regex.rego',
	),
]);

/** RE2 search by the engine that policies use. @throws for a pattern that is not RE2: "not found" would let a text pass */
export const searchRe2: RegexSearch = (pattern, text) =>
	program.evaluate('data.regex_of_policies.found', { input: { pattern, text }, strict: true }).result === true;

/** Whether a pattern is RE2. */
export function isRe2(pattern: string): boolean {
	return program.evaluate('data.regex_of_policies.valid', { input: { pattern } }).result === true;
}
