import type { Location } from './ast/ast.ts';

/** Codes of diagnostics (OPA's, plus `rego_limit_error`) and of evaluation errors. */
export type RegoErrorCode =
	| 'rego_parse_error'
	| 'rego_compile_error'
	| 'rego_type_error'
	| 'rego_unsafe_var_error'
	| 'rego_recursion_error'
	| 'rego_limit_error'
	| 'eval_internal_error'
	| 'eval_cancel_error'
	| 'eval_conflict_error'
	| 'eval_type_error'
	| 'eval_builtin_error'
	| 'eval_with_merge_error';

/** One thing wrong, where it stands, and (when there is one) the next step. */
export interface Diagnostic {
	readonly code: RegoErrorCode;
	readonly message: string;
	readonly loc: Location | undefined;
	/** What to do, or the nearest valid name: shown after the message, never part of OPA's wording. */
	readonly hint?: string;
	/** Further lines of OPA's text (expected and found types, for instance). */
	readonly details?: readonly string[];
}

/** `file:row: code: message`, as OPA prints it; with the column when `columns` is set. */
export function printDiagnostic(diagnostic: Diagnostic, options: { readonly columns?: boolean } = {}): string {
	const { loc, code, message, details } = diagnostic;
	const at = loc === undefined ? '' : `${loc.file}:${loc.row}${options.columns ? `:${loc.col}` : ''}: `;
	return [`${at}${code}: ${message}`, ...(details ?? []).map((line) => `\t${line}`)].join('\n');
}

/** The only class this package throws: parsing and compiling carry every diagnostic, evaluation exactly one. */
export class RegoError extends Error {
	override readonly name = 'RegoError';
	readonly diagnostics: readonly Diagnostic[];

	constructor(diagnostics: readonly [Diagnostic, ...Diagnostic[]], options?: ErrorOptions) {
		super(diagnostics.map((diagnostic) => printDiagnostic(diagnostic)).join('\n'), options);
		this.diagnostics = diagnostics;
	}

	/** The first diagnostic's code. */
	get code(): RegoErrorCode {
		return this.diagnostics[0]!.code;
	}
}
