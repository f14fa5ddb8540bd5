/**
 * Bounds on a source text. Past any of them parsing ends with `rego_limit_error`; they keep the parser, and whatever
 * walks its trees by recursion, within the stack and within time linear in the text.
 */
export const limits = {
	/** UTF-16 units of one module or query. A policy of 100,000 lines is about 4 MiB. */
	sourceLength: 8_388_608,
	/** Terms inside terms and operators in one chain; a comprehension counts twice. Hand-written policy stays under 30. */
	depth: 200,
	/** Terms of one reference, package paths included: evaluation and the rule tree nest once for each. */
	refLength: 500,
	/** `else` branches of one rule. */
	elseBranches: 1000,
	/** Characters of one number literal. */
	numberLength: 4096,
	/** Token visits for each token of the text: far above what any text needs, so that re-reading can never explode. */
	visitsPerToken: 200,
	/** Characters of one METADATA block. */
	annotationLength: 65_536,
	/** Opening brackets in one METADATA block, so that its YAML cannot nest too deeply. */
	annotationBrackets: 1000,
	/** Diagnostics reported for one text. */
	diagnostics: 10,
	/** Characters of the source line shown under a diagnostic. */
	shownLine: 200,
} as const;
